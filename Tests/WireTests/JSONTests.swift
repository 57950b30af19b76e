import Model
import Testing
import Wire

@Suite("JSON documents (RFC 8259)")
struct JSONTests {
    private func read(_ text: String) throws(WireError) -> Document {
        try Document(json: Array(text.utf8).span)
    }

    @Test(
        "a text is read for what it says",
        arguments: [
            ("null", .null), (" true ", .boolean(true)), ("false\n", .boolean(false)),
            ("0", .integer(0)), ("-0", .number(-0.0)), ("-1", .integer(-1)), ("1.0", .number(1)),
            ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(0x1p63)),
            ("-9223372036854775809", .number(-0x1p63)),
            ("18446744073709551616", .number(0x1p64)),
            ("1e3", .number(1000)), ("1E+3", .number(1000)), ("25e-1", .number(2.5)),
            ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
            ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-999", .number(0)),
            ("0.1", .number(0.1)),
            ("123456789012345678901234567890", .number(1.2345678901234568e29)),
            ("9007199254740993.0", .number(9007199254740992)),
            ("0.000001", .number(0.000001)), ("1.276020076001e+09", .number(1276020076.001)),
            (#""""#, .text("")), (#""a\"\\\/\b\f\n\r\t""#, .text("a\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u00e9\u20AC""#, .text("é€")), (#""\ud83d\ude00""#, .text("😀")),
            (#""😀é""#, .text("😀é")), ("[]", .array([])), ("{}", .map([])),
            (
                "[1,[2,{}],\"a\"]",
                .array([.integer(1), .array([.integer(2), .map([])]), .text("a")])
            ),
            (
                #"{ "b" : 1 , "a" : [ null ] }"#,
                .map([.init("b", .integer(1)), .init("a", .array([.null]))])
            ),
        ] as [(String, Document)])
    func reads(_ text: String, _ expected: Document) throws {
        let document = try read(text)
        #expect(document == expected)
        if case .number(let number) = document, case .number(let wanted) = expected {
            #expect(number.bitPattern == wanted.bitPattern)
        }
    }

    @Test(
        "what the grammar forbids is refused where it stands",
        arguments: [
            ("", .truncated(at: 0)), (" ", .truncated(at: 1)), ("nul", .truncated(at: 3)),
            ("nulL", .unexpected(at: 3)), ("True", .unexpected(at: 0)), ("NaN", .unexpected(at: 0)),
            ("Infinity", .unexpected(at: 0)), ("-Infinity", .unexpected(at: 1)),
            ("01", .unexpected(at: 1)), ("-", .truncated(at: 1)), ("1.", .truncated(at: 2)),
            ("+1", .unexpected(at: 0)), (".5", .unexpected(at: 0)), ("1e", .truncated(at: 2)),
            ("1e+", .truncated(at: 3)), ("1.e5", .unexpected(at: 2)), ("0x1", .trailing(at: 1)),
            ("1e999", .numberOutOfRange(at: 0)), ("[-1e999]", .numberOutOfRange(at: 1)),
            ("1 2", .trailing(at: 2)), ("[1,]", .unexpected(at: 3)), ("[1", .truncated(at: 2)),
            ("{\"a\"}", .unexpected(at: 4)), ("{a:1}", .unexpected(at: 1)),
            ("{\"a\":1,}", .unexpected(at: 7)), ("[1}", .unexpected(at: 2)),
            ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateKey(at: 14)),
            ("{\"a\":1,\"\\u0061\":3}", .duplicateKey(at: 8)),
            ("\"a", .truncated(at: 2)), ("\"\u{1}\"", .unexpected(at: 1)),
            ("\"\\x\"", .unexpected(at: 2)), ("\"\\u12g4\"", .unexpected(at: 5)),
            ("\"\\", .truncated(at: 2)), ("\"\\u12", .truncated(at: 5)),
            ("\"\\ud800\"", .invalidText(at: 1)), ("\"\\udc00\"", .invalidText(at: 1)),
            ("\"\\ud800\\u0061\"", .invalidText(at: 1)), ("\u{feff}1", .unexpected(at: 0)),
            ("\u{b}1", .unexpected(at: 0)), ("'a'", .unexpected(at: 0)),
        ] as [(String, WireError)])
    func refuses(_ text: String, _ expected: WireError) {
        #expect(throws: expected) { try read(text) }
    }

    @Test(
        "strings that are not UTF-8 are refused", arguments: ["80", "c080", "eda080", "f5808080"])
    func invalidUTF8(_ bytes: String) {
        let text = [0x22] + hex(bytes) + [0x22]
        #expect(throws: WireError.invalidText(at: 1)) { try Document(json: text.span) }
    }

    @Test("sixteen levels are read and seventeen refused, also where they are objects")
    func depth() throws {
        let arrays = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        _ = try read(arrays)
        #expect(throws: WireError.tooDeep(at: 16)) { try read("[" + arrays + "]") }
        #expect(throws: WireError.tooDeep(at: 80)) {
            try read(String(repeating: "{\"a\":", count: 17) + "1")
        }
        #expect(throws: WireError.tooDeep(at: 16)) {
            try read(String(repeating: "[", count: 65_536))
        }
    }

    @Test("a number of 1,024 digits is read, a longer one refused")
    func longNumber() throws {
        let digits = "0." + String(repeating: "3", count: 1022)
        #expect(try read(digits) == .number(1.0 / 3))
        #expect(throws: WireError.tooLong(at: 0)) { try read(digits + "3") }
        #expect(throws: WireError.tooLong(at: 0)) {
            try read(String(repeating: "1", count: 65_536))
        }
        #expect(throws: WireError.numberOutOfRange(at: 0)) { try read("1e99999999999999999999") }
    }

    @Test(
        "a document is written in the one way we write it",
        arguments: [
            (.null, "null"), (.number(0.1), "0.1"), (.number(25), "25.0"), (.number(-0.0), "-0.0"),
            (.number(1e300), "1e+300"), (.number(.nan), "null"), (.number(-.infinity), "null"),
            (.integer(.min), "-9223372036854775808"),
            (.text("a\"\\\n\r\t\u{0}\u{1f}é/"), "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001fé/\""),
            (.bytes([0x68, 0x69, 0x20, 0x0a]), "\"aGkgCg\""), (.bytes([0xff, 0xfe]), "\"__4\""),
            (.timestamp(Instant(milliseconds: 1_500)), "\"1970-01-01T00:00:01.500Z\""),
            (
                .map([.init(.integer(1), .null), .init("b", .array([.boolean(true)]))]),
                "{\"1\":null,\"b\":[true]}"
            ),
        ] as [(Document, String)])
    func writes(_ document: Document, _ expected: String) {
        #expect(String(decoding: document.json, as: UTF8.self) == expected)
    }

    @Test("doubles of any bits come back to the bit")
    func doublesRoundTrip() throws {
        try withSeed("JSON doubles") { (generator) throws in
            for _ in 0..<2000 {
                let number = Double(bitPattern: generator.next())
                guard number.isFinite else { continue }
                let text = Document.number(number).json
                guard case .number(let again) = try Document(json: text.span) else {
                    Issue.record("\(number) is no number any more")
                    return
                }
                #expect(again.bitPattern == number.bitPattern)
            }
        }
    }

    @Test("short decimals are read as the standard library reads them")
    func decimalsAgree() throws {
        try withSeed("JSON decimals") { (generator) throws in
            for _ in 0..<5000 {
                let digits = String(
                    generator.next() >> UInt64.random(in: 0...63, using: &generator))
                let fraction = String(
                    generator.next() >> UInt64.random(in: 0...63, using: &generator))
                let exponent = Int.random(in: -40...40, using: &generator)
                let text = "\(digits).\(fraction)e\(exponent)"
                let wanted = try #require(Double(text))
                #expect(try read(text) == .number(wanted), "\(text)")
            }
        }
    }
}
