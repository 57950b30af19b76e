import Model
import Testing
import Wire

@Suite("CBOR documents (RFC 8949)")
struct CBORTests {
    /// RFC 8949 appendix A, as far as a `Document` can hold it; the flag says whether we write it
    /// so.
    static let vectors: [(String, Document, Bool)] = [
        ("00", .integer(0), true), ("01", .integer(1), true), ("0a", .integer(10), true),
        ("17", .integer(23), true), ("1818", .integer(24), true), ("1819", .integer(25), true),
        ("1864", .integer(100), true), ("1903e8", .integer(1000), true),
        ("1a000f4240", .integer(1_000_000), true),
        ("1b000000e8d4a51000", .integer(1_000_000_000_000), true),
        ("1bffffffffffffffff", .number(0x1p64), false),
        ("3bffffffffffffffff", .number(-0x1p64), false),
        ("1b7fffffffffffffff", .integer(.max), true), ("3b7fffffffffffffff", .integer(.min), true),
        ("20", .integer(-1), true), ("29", .integer(-10), true), ("3863", .integer(-100), true),
        ("3903e7", .integer(-1000), true), ("f90000", .number(0), true),
        ("f98000", .number(-0.0), true), ("f93c00", .number(1), true),
        ("fb3ff199999999999a", .number(1.1), true), ("f93e00", .number(1.5), true),
        ("f97bff", .number(65504), true), ("fa47c35000", .number(100_000), true),
        ("fa7f7fffff", .number(3.4028234663852886e+38), true),
        ("fb7e37e43c8800759c", .number(1.0e+300), true),
        ("f90001", .number(5.960464477539063e-8), true),
        ("f90400", .number(0.00006103515625), true), ("f9c400", .number(-4), true),
        ("fbc010666666666666", .number(-4.1), true), ("f97c00", .number(.infinity), true),
        ("f9fc00", .number(-.infinity), true), ("fa7f800000", .number(.infinity), false),
        ("faff800000", .number(-.infinity), false),
        ("fb7ff0000000000000", .number(.infinity), false),
        ("f4", .boolean(false), true), ("f5", .boolean(true), true), ("f6", .null, true),
        ("f7", .null, false),
        (
            "c074323031332d30332d32315432303a30343a30305a",
            .text("2013-03-21T20:04:00Z"), false
        ),
        ("c11a514b67b0", .timestamp(Instant(milliseconds: 1_363_896_240_000)), true),
        (
            "c1fb41d452d9ec200000",
            .timestamp(Instant(milliseconds: 1_363_896_240_500)), true
        ),
        ("d74401020304", .bytes([1, 2, 3, 4]), false),
        ("d818456449455446", .bytes([0x64, 0x49, 0x45, 0x54, 0x46]), false),
        (
            "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
            .text("http://www.example.com"), false
        ),
        ("40", .bytes([]), true), ("4401020304", .bytes([1, 2, 3, 4]), true),
        ("60", .text(""), true),
        ("6161", .text("a"), true), ("6449455446", .text("IETF"), true),
        ("62225c", .text("\"\\"), true), ("62c3bc", .text("ü"), true),
        ("63e6b0b4", .text("水"), true),
        ("64f0908591", .text("\u{10151}"), true), ("80", .array([]), true),
        ("83010203", .array([.integer(1), .integer(2), .integer(3)]), true),
        (
            "8301820203820405",
            .array([
                .integer(1), .array([.integer(2), .integer(3)]),
                .array([.integer(4), .integer(5)]),
            ]), true
        ),
        (
            "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
            .array((1...25).map { .integer($0) }), true
        ),
        ("a0", .map([]), true),
        (
            "a201020304",
            .map([
                .init(.integer(1), .integer(2)), .init(.integer(3), .integer(4)),
            ]), true
        ),
        (
            "a26161016162820203",
            .map([
                .init("a", .integer(1)), .init("b", .array([.integer(2), .integer(3)])),
            ]), true
        ),
        ("826161a161626163", .array([.text("a"), .map([.init("b", .text("c"))])]), true),
        (
            "a56161614161626142616361436164614461656145",
            .map(["a", "b", "c", "d", "e"].map { .init($0, .text($0.uppercased())) }), true
        ),
        ("5f42010243030405ff", .bytes([1, 2, 3, 4, 5]), false),
        ("7f657374726561646d696e67ff", .text("streaming"), false), ("9fff", .array([]), false),
        (
            "9f018202039f0405ffff",
            .array([
                .integer(1), .array([.integer(2), .integer(3)]),
                .array([.integer(4), .integer(5)]),
            ]), false
        ),
        (
            "83018202039f0405ff",
            .array([
                .integer(1), .array([.integer(2), .integer(3)]),
                .array([.integer(4), .integer(5)]),
            ]), false
        ),
        (
            "bf61610161629f0203ffff",
            .map([
                .init("a", .integer(1)), .init("b", .array([.integer(2), .integer(3)])),
            ]), false
        ),
        (
            "bf6346756ef563416d7421ff",
            .map([
                .init("Fun", .boolean(true)), .init("Amt", .integer(-2)),
            ]), false
        ),
        ("c48221196ab3", .number(273.15), false), ("c4820003", .number(3), false),
    ]

    @Test(
        "the examples of appendix A are read, and written back where they are shortest",
        arguments: vectors)
    func appendixA(_ bytes: String, _ expected: Document, _ isShortest: Bool) throws {
        let document = try Document(cbor: hex(bytes).span)
        #expect(document == expected)
        if isShortest { #expect(hexadecimal(document.cbor) == bytes) }
        #expect(try Document(cbor: document.cbor.span) == expected)
    }

    @Test(
        "every NaN is read, and written as 7e00",
        arguments: [
            "f97e00", "fa7fc00000", "fb7ff8000000000000", "f97c01",
        ])
    func notANumber(_ bytes: String) throws {
        let document = try Document(cbor: hex(bytes).span)
        guard case .number(let number) = document else {
            Issue.record("no number: \(document)")
            return
        }
        #expect(number.isNaN)
        #expect(hexadecimal(document.cbor) == "f97e00")
    }

    @Test(
        "what is not well-formed is refused",
        arguments: [
            ("", .truncated(at: 0)), ("18", .truncated(at: 1)), ("1901", .truncated(at: 2)),
            ("1c", .unexpected(at: 0)), ("1f", .unexpected(at: 0)), ("3f", .unexpected(at: 0)),
            ("df00", .unexpected(at: 0)), ("ff", .unexpected(at: 0)), ("f818", .unexpected(at: 0)),
            ("f0", .unexpected(at: 0)), ("f8ff", .unexpected(at: 0)), ("61", .truncated(at: 1)),
            ("61ff", .invalidText(at: 1)), ("5f6161ff", .unexpected(at: 1)),
            ("5f5f4100ffff", .unexpected(at: 1)), ("5f4100", .truncated(at: 3)),
            ("82", .truncated(at: 1)), ("8201", .truncated(at: 2)), ("9f01", .truncated(at: 2)),
            ("a101", .truncated(at: 2)), ("bf01ff", .unexpected(at: 2)), ("0000", .trailing(at: 1)),
            ("81ff", .unexpected(at: 1)), ("c0", .truncated(at: 1)),
            ("a201020103", .duplicateKey(at: 3)), ("a2616101616102", .duplicateKey(at: 4)),
            ("1bff", .truncated(at: 2)), ("5b1000000000000000", .truncated(at: 9)),
            ("7b1000000000000000", .truncated(at: 9)), ("9b1000000000000000", .truncated(at: 9)),
            ("bb1000000000000000", .truncated(at: 9)), ("9bffffffffffffffff", .truncated(at: 9)),
            ("bb7fffffffffffffff00", .truncated(at: 10)), ("c401", .wrongType(at: 1)),
            ("c4820101ff", .trailing(at: 4)), ("c483010101", .wrongType(at: 1)),
            ("c4821b7fffffffffffffff01", .numberOutOfRange(at: 1)),
            ("c1fb7ff0000000000000", .timeOutOfRange(at: 1)),
            ("c11b7fffffffffffffff", .timeOutOfRange(at: 1)), ("c16161", .wrongType(at: 1)),
        ] as [(String, WireError)])
    func refuses(_ bytes: String, _ expected: WireError) {
        #expect(throws: expected) { try Document(cbor: hex(bytes).span) }
    }

    @Test("a decimal fraction with the smallest exponent is zero")
    func tinyDecimal() throws {
        #expect(try Document(cbor: hex("c4823b7fffffffffffffff01").span) == .number(0))
    }

    @Test(
        "nesting bombs of arrays, maps, tags and keys are refused",
        arguments: [
            "81", "9f", "a1", "a100", "bf00", "c6", "d818", "a180",
        ])
    func nestingBomb(_ level: String) {
        let bomb = Array(repeatElement(hex(level), count: 30_000).joined())
        #expect(throws: WireError.self) { try Document(cbor: bomb.span) }
    }

    @Test("deterministic maps are in the order of their encoded keys")
    func deterministic() throws {
        // RFC 8949 section 4.2.1.
        let keys: [Document] = [
            .boolean(false), .array([.integer(-1)]), .array([.integer(100)]), .text("aa"),
            .text("z"), .integer(-1), .integer(100), .integer(10),
        ]
        let document = Document.map(keys.map { .init($0, .null) })
        #expect(
            hexadecimal(document.deterministicCBOR)
                == "a80af61864f620f6617af6626161f6811864f68120f6f4f6")
    }

    @Test("random documents come back from CBOR and from JSON")
    func roundTrip() throws {
        try withSeed("documents") { (generator) throws in
            for _ in 0..<500 {
                let document = random(&generator, depth: 0)
                #expect(try Document(cbor: document.cbor.span) == document)
                #expect(try Document(json: document.json.span) == document)
                #expect(document.json == document.json)
                let sorted = document.deterministicCBOR
                #expect(try Document(cbor: sorted.span).deterministicCBOR == sorted)
            }
        }
    }

    private func random(_ generator: inout SplitMix64, depth: Int) -> Document {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .boolean(generator.next() & 1 == 0)
        case 2: return .integer(Int64(bitPattern: generator.next() >> (generator.next() & 63)))
        case 3:
            let number = Double(bitPattern: generator.next())
            return .number(number.isFinite ? number : 0.5)
        case 4: return .number(Double(Int.random(in: -1000...1000, using: &generator)) / 8)
        case 5: return .text(text(&generator))
        case 6:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in random(&generator, depth: depth + 1) })
        default:
            let count = Int.random(in: 0...5, using: &generator)
            return .map(
                (0..<count).map {
                    .init("\($0)" + text(&generator), random(&generator, depth: depth + 1))
                })
        }
    }

    private func text(_ generator: inout SplitMix64) -> String {
        let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "\u{0}", "\n", "é", "水", "😀", "\u{7f}"]
        let count = Int.random(in: 0...12, using: &generator)
        var text = ""
        for _ in 0..<count {
            text.unicodeScalars.append(scalars[Int.random(in: 0..<9, using: &generator)])
        }
        return text
    }
}
