import Model
import Testing
import Wire

@Suite("Telemetry without SenML")
struct TelemetryTests {
    @Test(
        "plain text is a number, a truth or a text",
        arguments: [
            ("23.5", .number(23.5)), ("-4", .integer(-4)), (" 7\r\n", .integer(7)),
            ("1e3", .number(1000)), ("true", .boolean(true)), ("false", .boolean(false)),
            ("on", .text("on")), ("12 °C", .text("12 °C")), ("007", .text("007")),
            ("-", .text("-")), ("nan", .text("nan")),
        ] as [(String, Value)])
    func text(_ payload: String, _ expected: Value) throws {
        #expect(try TelemetryPack(payload, .text).resolved == [Resolved("", nil, expected)])
    }

    @Test(
        "bad plain text is refused",
        arguments: [
            ([], .missingValue(at: 0)), (Array(" \n".utf8), .missingValue(at: 0)),
            ([0x61, 0xff], .invalidText(at: 0)), (Array("1e999".utf8), .numberOutOfRange(at: 0)),
            ([UInt8](repeating: 0x61, count: 4097), .tooLong(at: 0)),
        ] as [([UInt8], WireError)])
    func badText(_ payload: [UInt8], _ expected: WireError) {
        #expect(throws: expected) { try TelemetryPack(payload, .text) }
    }

    static let noon = TelemetryPack.Time.absolute(Instant(milliseconds: 1_783_944_000_000))

    static let objects: [(String, [Resolved])] = [
        ("21.5", [Resolved("", nil, .number(21.5))]), ("null", [Resolved("", nil, nil)]),
        ("\"on\"", [Resolved("", nil, .text("on"))]), ("true", [Resolved("", nil, .boolean(true))]),
        (#"{"value": 21.5}"#, [Resolved("", nil, .number(21.5))]),
        (#"{"value":70,"unit":"degF"}"#, [Resolved("", "degF", .integer(70))]),
        (#"{"unit":"Cel","value":1}"#, [Resolved("", "Cel", .integer(1))]),
        (
            #"{"value":1,"timestamp":"2026-07-13T12:00:00Z"}"#,
            [Resolved("", nil, .integer(1), at: noon)]
        ),
        (#"{"time":1783944000000,"value":1}"#, [Resolved("", nil, .integer(1), at: noon)]),
        (#"{"time":1783944000000.0,"value":1}"#, [Resolved("", nil, .integer(1), at: noon)]),
        (
            #"{"temperature":20.5,"mode":"cool","timestamp":1783944000000,"on":true,"x":null}"#,
            [
                Resolved("temperature", nil, .number(20.5), at: noon),
                Resolved("mode", nil, .text("cool"), at: noon),
                Resolved("on", nil, .boolean(true), at: noon), Resolved("x", nil, nil, at: noon),
            ]
        ),
        (
            #"{"value":1,"battery":90}"#,
            [Resolved("", nil, .integer(1)), Resolved("battery", nil, .integer(90))]
        ),
        (#"{"unit":"A1"}"#, [Resolved("unit", nil, .text("A1"))]),
    ]

    @Test("JSON is a value, or an object of them", arguments: objects)
    func json(_ payload: String, _ expected: [Resolved]) throws {
        #expect(try TelemetryPack(payload, .json).resolved == expected)
    }

    @Test("CBOR says the same", arguments: objects)
    func cbor(_ payload: String, _ expected: [Resolved]) throws {
        let document = try Document(json: Array(payload.utf8).span)
        #expect(try TelemetryPack(document.cbor, .cbor).resolved == expected)
    }

    @Test("CBOR's own types: epoch times, decimal fractions, NaN, bytes")
    func cborTypes() throws {
        let object = Document.map([
            .init("value", .bytes([1, 2, 3])), .init("x", .number(.nan)),
            .init("time", .timestamp(Instant(milliseconds: 1_783_944_000_000))),
        ])
        let pack = try TelemetryPack(object.cbor, .cbor)
        #expect(
            pack.resolved == [
                Resolved("", nil, .text("AQID"), at: TelemetryTests.noon),
                Resolved("x", nil, nil, at: TelemetryTests.noon),
            ])
        #expect(pack.nonFiniteCount == 1)
        #expect(
            try TelemetryPack(hex("c48221196ab3"), .cbor).resolved
                == [Resolved("", nil, .number(273.15))])
        #expect(
            try TelemetryPack(hex("c11a514b67b0"), .cbor).resolved
                == [Resolved("", nil, .timestamp(Instant(milliseconds: 1_363_896_240_000)))])
    }

    @Test(
        "what is no flat object of values is refused",
        arguments: [
            ("", .missingValue(at: 0)), ("{}", .missingValue(at: 0)), ("[1]", .wrongType(at: 0)),
            (#"{"a":{"b":1}}"#, .wrongType(at: 5)), (#"{"a":1,"a":2}"#, .duplicateKey(at: 8)),
            (#"{"value":1,"value":2}"#, .duplicateKey(at: 12)), (#"{"":1}"#, .invalidName(at: 2)),
            (#"{"value":1,"unit":5}"#, .wrongType(at: 0)),
            (#"{"value":1,"time":"soon"}"#, .timeOutOfRange(at: 18)),
            (#"{"value":1,"time":9223372036854775807}"#, .timeOutOfRange(at: 18)),
            (#"{"value":1,"time":true}"#, .wrongType(at: 18)),
            (#"{"time":1,"timestamp":1,"value":1}"#, .duplicateKey(at: 11)),
            (#"{"time":1}"#, .missingValue(at: 0)), (#"{"value":1e999}"#, .numberOutOfRange(at: 9)),
            (#"{"value":1}}"#, .trailing(at: 11)),
        ] as [(String, WireError)])
    func refuses(_ payload: String, _ expected: WireError) {
        #expect(throws: expected) { try TelemetryPack(payload, .json) }
    }

    @Test("formats that carry no telemetry are refused by number")
    func unsupported() {
        #expect(throws: WireError.unsupportedFormat(.octets)) {
            try TelemetryPack([1], .octets)
        }
        #expect(
            WireError.unsupportedFormat(.octets).description == "content format 42 not supported")
    }

    @Test(
        "64 KiB of one thing neither traps nor passes for telemetry",
        arguments: [
            (ContentFormat.json, "["), (.json, "{\"a\":"), (.json, "1"), (.json, "\"a"),
            (.senmlJSON, "[{"), (.senmlJSON, "[{\"n\":\"a\",\"x\":"), (.senmlCBOR, "\u{1}"),
            (.cbor, "a"),
        ])
    func long(_ format: ContentFormat, _ text: String) {
        let payload = Array(
            Array(repeatElement(text.utf8, count: 65_536 / text.utf8.count)).joined())
        #expect(throws: WireError.self) { try TelemetryPack(payload, format) }
    }
}

@Suite("Damaged payloads")
struct DamageTests {
    @Test("every truncated or altered telemetry payload is read or refused, never worse")
    func telemetry() throws {
        var pack = TelemetryPack()
        var payloads: [([UInt8], ContentFormat)] = [(SenMLTests.timedCBOR, .senmlCBOR)]
        for (text, _) in SenMLTests.examples {
            let document = try Document(json: Array(text.utf8).span)
            payloads.append((Array(text.utf8), .senmlJSON))
            payloads.append((SenMLTests.cbor(document), .senmlCBOR))
        }
        for (text, _) in TelemetryTests.objects {
            payloads.append((Array(text.utf8), .json))
            payloads.append((try Document(json: Array(text.utf8).span).cbor, .cbor))
        }
        var refused = 0
        for (payload, format) in payloads {
            for variant in damaged(payload) {
                do throws(WireError) {
                    try pack.decode(variant.span, format: format)
                    for record in pack.records {
                        #expect(record.name.upperBound <= pack.names.bytes.count)
                        if case .number(let number)? = record.value { #expect(number.isFinite) }
                    }
                } catch {
                    #expect(pack.records.isEmpty)
                    refused += 1
                }
            }
        }
        #expect(refused > 1000)
    }

    @Test("every truncated or altered document is read or refused, never worse")
    func documents() throws {
        var refused = 0
        for (bytes, document, _) in CBORTests.vectors {
            for variant in damaged(hex(bytes)) {
                do throws(WireError) { _ = try Document(cbor: variant.span).json } catch {
                    refused += 1
                }
            }
            for variant in damaged(document.json) {
                do throws(WireError) { _ = try Document(json: variant.span).cbor } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 1000)
    }

    @Test("random bytes are read or refused in every format")
    func random() throws {
        withSeed("random payloads") { generator in
            var pack = TelemetryPack()
            var refused = 0
            for _ in 0..<20_000 {
                let count = Int.random(in: 0...40, using: &generator)
                let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                for format in [ContentFormat.text, .json, .cbor, .senmlJSON, .senmlCBOR, .link] {
                    do throws(WireError) { try pack.decode(bytes.span, format: format) } catch {
                        refused += 1
                    }
                }
                _ = try? LinkFormat.parse(bytes.span)
                _ = try? TurnCodec.decode(bytes) { _, _ in }
            }
            #expect(refused > 20_000)
        }
    }
}
