import Model
import Testing
import Wire

@Suite("SenML (RFC 8428)")
struct SenMLTests {
    @Test("the JSON examples resolve as the RFC says", arguments: examples)
    func jsonExamples(_ text: String, _ expected: [Resolved]) throws {
        #expect(try TelemetryPack(text).resolved == expected)
    }

    @Test("the same examples in CBOR give the same records", arguments: examples)
    func cborExamples(_ text: String, _ expected: [Resolved]) throws {
        let document = try Document(json: Array(text.utf8).span)
        #expect(try TelemetryPack(SenMLTests.cbor(document), .senmlCBOR).resolved == expected)
    }

    @Test("the CBOR example of section 6 resolves like its JSON")
    func cborExample() throws {
        #expect(
            try TelemetryPack(SenMLTests.timedCBOR, .senmlCBOR).resolved
                == SenMLTests.timedRecords)
    }

    @Test("base value and base sum are added, and hold until they change")
    func baseValues() throws {
        let pack = try TelemetryPack(
            """
            [{"bn":"a","bv":10,"bs":100,"v":1,"s":2},{"v":0.5},{"bv":-1,"n":"b","v":3},{"s":1}]
            """)
        #expect(
            pack.resolved == [
                Resolved("a", nil, .integer(11), sum: 102),
                Resolved("a", nil, .number(10.5), sum: 100),
                Resolved("ab", nil, .integer(2), sum: 100), Resolved("a", nil, nil, sum: 101),
            ])
    }

    @Test("base fields apply to their own record wherever they stand in it")
    func baseOrder() throws {
        let pack = try TelemetryPack(#"[{"v":1,"n":"x","t":1,"bt":2,"bu":"W","bn":"dev/","bv":4}]"#)
        #expect(
            pack.resolved == [
                Resolved("dev/x", "W", .integer(5), at: .relative(Milliseconds(3000)))
            ])
    }

    @Test("integers that overflow with the base value become doubles")
    func baseOverflow() throws {
        let pack = try TelemetryPack(#"[{"n":"a","bv":9223372036854775807,"v":1}]"#)
        #expect(pack.resolved == [Resolved("a", nil, .number(0x1p63))])
    }

    @Test(
        "times below 2^28 are relative, others absolute, both to the millisecond",
        arguments: [
            ("\"v\":1", .none), ("\"v\":1,\"t\":0", .relative(.zero)),
            ("\"v\":1,\"t\":-0.25", .relative(Milliseconds(-250))),
            ("\"v\":1,\"t\":5", .relative(Milliseconds(5000))),
            ("\"v\":1,\"t\":268435455.999", .relative(Milliseconds(268_435_455_999))),
            ("\"v\":1,\"t\":268435456", seconds(268_435_456)),
            ("\"v\":1,\"t\":1320067464.5", seconds(1_320_067_464.5)),
            ("\"v\":1,\"t\":253402300799.999", seconds(253_402_300_799.999)),
            ("\"v\":1,\"bt\":1320067464,\"t\":0.001", seconds(1_320_067_464.001)),
            ("\"v\":1,\"bt\":1700000000", seconds(1_700_000_000)),
        ] as [(String, TelemetryPack.Time)])
    func times(_ fields: String, _ expected: TelemetryPack.Time) throws {
        #expect(try TelemetryPack("[{\"n\":\"a\",\(fields)}]").records.map(\.time) == [expected])
    }

    @Test("one version may stand in every record")
    func versions() throws {
        let pack = try TelemetryPack(#"[{"bver":5,"n":"a","v":1},{"bver":5,"n":"b","v":1}]"#)
        #expect(pack.records.count == 2)
        #expect(
            try TelemetryPack(#"[{"n":"a","v":1},{"bver":10,"n":"b","v":1}]"#).records.count == 2)
    }

    @Test("a truth is true or false")
    func truths() throws {
        let pack = try TelemetryPack(#"[{"n":"a","vb":true},{"n":"b","vb":false}]"#)
        #expect(pack.records.map(\.value) == [.boolean(true), .boolean(false)])
        #expect(try TelemetryPack(" false", .json).resolved == [Resolved("", nil, .boolean(false))])
    }

    @Test("texts and data past 4,096 bytes are refused")
    func longTexts() throws {
        let text = String(repeating: "x", count: 4096)
        #expect(try TelemetryPack("[{\"n\":\"a\",\"vs\":\"\(text)\"}]").records.count == 1)
        #expect(throws: WireError.tooLong(at: 16)) {
            try TelemetryPack("[{\"n\":\"a\",\"vs\":\"\(text)x\"}]")
        }
        #expect(throws: WireError.tooLong(at: 10)) {
            try TelemetryPack("{\"value\":\"\(text)x\"}", .json)
        }
        for (label, major) in [(3, 0x79), (8, 0x59)] as [(UInt8, UInt8)] {
            let payload = hex("81a2006161") + [label, major, 0x10, 0x01] + Array((text + "x").utf8)
            #expect(throws: WireError.self) { try TelemetryPack(payload, .senmlCBOR) }
        }
    }

    @Test("many long names fit")
    func manyNames() throws {
        let name = String(repeating: "n", count: 250)
        let records = (100..<356).map { "{\"n\":\"\(name)\($0)\",\"v\":1}" }
        let pack = try TelemetryPack("[" + records.joined(separator: ",") + "]")
        #expect(pack.resolved.last == Resolved(name + "355", nil, .integer(1)))
    }

    @Test("the update time is kept")
    func updateTime() throws {
        let pack = try TelemetryPack(#"[{"n":"a","v":1,"ut":1.5}]"#)
        #expect(pack.records.first?.updateWithin == Milliseconds(1500))
    }

    @Test("unknown fields are ignored, whatever they hold")
    func unknownFields() throws {
        let pack = try TelemetryPack(
            #"[{"n":"a","x":{"y":[1,{"_":null}]},"v":1,"ext":"b_","nn":true}]"#)
        #expect(pack.resolved == [Resolved("a", nil, .integer(1))])
        let cbor = hex("81 a4 00 61 61 63 657874 82 01 a0 18 63 f6 02 01")
        #expect(try TelemetryPack(cbor, .senmlCBOR).resolved == [Resolved("a", nil, .integer(1))])
    }

    @Test(
        "what the RFC forbids is refused",
        arguments: [
            (#"[{"n":"a","v":1,"x_":1}]"#, .mustUnderstand(at: 17)),
            (#"[{"n":"a","v":1,"x\u005f":1}]"#, .mustUnderstand(at: 17)),
            (#"[{"bver":11,"n":"a","v":1}]"#, .unsupportedVersion(at: 9)),
            (#"[{"bver":0,"n":"a","v":1}]"#, .unsupportedVersion(at: 9)),
            (#"[{"bver":9.5,"n":"a","v":1}]"#, .unsupportedVersion(at: 9)),
            (#"[{"n":"a","v":1},{"bver":9,"v":1}]"#, .unsupportedVersion(at: 25)),
            (#"[{"bver":5,"n":"a","v":1},{"bver":6,"v":1}]"#, .unsupportedVersion(at: 34)),
            (#"[{"n":"a"}]"#, .missingValue(at: 1)), (#"[{"t":1}]"#, .missingValue(at: 1)),
            (#"[{"bn":"a","u":"W"}]"#, .missingValue(at: 1)), ("[{}]", .missingValue(at: 1)),
            ("[]", .missingValue(at: 0)), (#"[{"n":"a","v":1,"vs":"b"}]"#, .unexpected(at: 1)),
            (#"[{"n":"a","v":1,"v":2}]"#, .duplicateKey(at: 17)),
            (#"[{"n":"a b","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"/a","v":1}]"#, .invalidName(at: 1)),
            (#"[{"bn":"-a","n":"b","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"_a","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":":a","v":1}]"#, .invalidName(at: 1)),
            (#"[{"bn":"a b"},{"n":"c","v":1}]"#, .invalidName(at: 1)),
            (#"[{"bn":"a","n":"[","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"a\u007f","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"é","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"a@","v":1}]"#, .invalidName(at: 1)),
            (#"[{"n":"a","v":"1"}]"#, .wrongType(at: 14)),
            (#"[{"n":"a","v":null}]"#, .wrongType(at: 14)),
            (#"[{"n":"a","vb":1}]"#, .wrongType(at: 15)), (#"[{"n":1}]"#, .wrongType(at: 6)),
            (#"[{"n":"a","v":1e999}]"#, .numberOutOfRange(at: 14)),
            (#"[{"n":"a","v":1,"t":1e300}]"#, .timeOutOfRange(at: 1)),
            (#"[{"n":"a","v":1,"t":9223372036854775807}]"#, .timeOutOfRange(at: 1)),
            (#"[{"n":"a","v":1,"bt":253402300799,"t":2}]"#, .timeOutOfRange(at: 1)),
            (#"[{"n":"a","v":1,"ut":-1e300}]"#, .timeOutOfRange(at: 1)),
            (#"{"n":"a","v":1}"#, .unexpected(at: 0)), ("[1]", .unexpected(at: 1)),
            (#"[{"n":"a","v":1}]x"#, .trailing(at: 17)), (#"[{"n":"a","v":1}"#, .truncated(at: 16)),
        ] as [(String, WireError)])
    func refuses(_ text: String, _ expected: WireError) {
        #expect(throws: expected) { try TelemetryPack(text) }
    }

    @Test("a name of 255 bytes is taken, base included, and one of 256 refused")
    func nameLimit() throws {
        let base = String(repeating: "b", count: 200)
        let name = String(repeating: "n", count: 55)
        let pack = try TelemetryPack("[{\"bn\":\"\(base)\",\"n\":\"\(name)\",\"v\":1}]")
        #expect(pack.resolved.first?.name == base + name)
        #expect(throws: WireError.tooLong(at: 1)) {
            try TelemetryPack("[{\"bn\":\"\(base)\",\"n\":\"\(name)n\",\"v\":1}]")
        }
    }

    @Test("256 records are taken and 257 refused")
    func recordLimit() throws {
        func text(_ count: Int) -> String {
            "[" + Array(repeating: #"{"n":"a","v":1}"#, count: count).joined(separator: ",") + "]"
        }
        #expect(try TelemetryPack(text(256)).records.count == 256)
        #expect(throws: WireError.self) { try TelemetryPack(text(257)) }
    }

    @Test("exactly the characters of section 4.5.1 make a name")
    func nameCharacters() {
        let allowed = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-:./_".utf8)
        for byte in UInt8(0x20)..<0x80 where byte != 0x22 && byte != 0x5c {
            let payload = Array("[{\"n\":\"a".utf8) + [byte] + Array("\",\"v\":1}]".utf8)
            let isTaken = (try? TelemetryPack(payload, .senmlJSON)) != nil
            #expect(isTaken == allowed.contains(byte), "\(byte)")
        }
    }

    @Test("a record without any name is left to the topic")
    func noName() throws {
        #expect(
            try TelemetryPack(#"[{"u":"Cel","v":21.5}]"#).resolved
                == [Resolved("", "Cel", .number(21.5))])
    }

    @Test("escapes in names, units and labels say the same as the plain text")
    func escapes() throws {
        let pack = try TelemetryPack(
            #"[{"\u0062n":"d\u0065v/","\u006e":"\u0061\/b","u":"C\u0065l","v":1}]"#)
        #expect(pack.resolved == [Resolved("dev/a/b", "Cel", .integer(1))])
    }

    @Test("an unknown unit is told apart from none")
    func unknownUnit() throws {
        let pack = try TelemetryPack(#"[{"n":"a","u":"furlong","v":1},{"n":"b","u":"x","v":1}]"#)
        #expect(pack.records.map(\.unit) == [.unknown, .unknown])
        #expect(pack.unknownUnit == "furlong")
    }

    @Test(
        "CBOR's own forms: decimal fractions, half floats, chunks, text labels, indefinite lengths",
        arguments: [
            ("81a200616102c48221196ab3", Resolved("a", nil, .number(273.15))),
            ("81a200616102f93e00", Resolved("a", nil, .number(1.5))),
            ("81a2616e61616176182a", Resolved("a", nil, .integer(42))),
            ("9fbf007f61616162ff02fa3fc00000ffff", Resolved("ab", nil, .number(1.5))),
            ("81a2006161037f6168616aff", Resolved("a", nil, .text("hj"))),
            ("81a20061610843010203", Resolved("a", nil, .text("AQID"))),
            ("81a200616108414d", Resolved("a", nil, .text("TQ"))),
            ("9fbf217f6161ff237f6157ff02fb4004000000000000ffff", Resolved("a", "W", .number(2.5))),
            ("81a3006161017f6156ff0201", Resolved("a", "V", .integer(1))),
            ("81a30061610201095f4101ff", Resolved("a", nil, .integer(1))),
            ("81a37f616eff616102017f6178ff00", Resolved("a", nil, .integer(1))),
            ("d9d9f781a200616104f5", Resolved("a", nil, .boolean(true))),
        ])
    func cborForms(_ bytes: String, _ expected: Resolved) throws {
        #expect(try TelemetryPack(hex(bytes), .senmlCBOR).resolved == [expected])
    }

    @Test(
        "numbers that are not finite are counted and missing",
        arguments: [
            "f97e00", "f97c00", "f9fc00", "fb7ff8000000000000",
        ])
    func notFinite(_ number: String) throws {
        let pack = try TelemetryPack(
            hex("82 a2 00 61 61 02 \(number) a2 00 61 62 02 01"), .senmlCBOR)
        #expect(pack.resolved == [Resolved("a", nil, nil), Resolved("b", nil, .integer(1))])
        #expect(pack.nonFiniteCount == 1)
        #expect(throws: WireError.timeOutOfRange(at: 1)) {
            try TelemetryPack(hex("81 a3 00 61 61 02 01 06 \(number)"), .senmlCBOR)
        }
    }

    @Test(
        "a claimed length of 2^60 is refused at once",
        arguments: [
            "9b1000000000000000", "81bb1000000000000000", "81a1007b1000000000000000",
            "81a200616103 7b1000000000000000", "81a200616108 5b1000000000000000",
        ])
    func claimedLength(_ bytes: String) {
        let payload = hex(bytes)
        #expect(throws: WireError.truncated(at: payload.count)) {
            try TelemetryPack(payload, .senmlCBOR)
        }
    }

    @Test("the buffer is as good as new after any payload, also a bad one")
    func reuse() throws {
        var pack = TelemetryPack()
        for (text, expected) in SenMLTests.examples {
            try pack.decode(Array(text.utf8).span, format: .senmlJSON)
            #expect(pack.resolved == expected)
            #expect(throws: WireError.self) {
                try pack.decode(
                    Array(#"[{"bn":"x","bv":5,"bt":3,"bu":"W","v":1},{"#.utf8).span,
                    format: .senmlJSON)
            }
            #expect(pack.records.isEmpty)
        }
    }
}
