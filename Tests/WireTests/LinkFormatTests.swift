import Testing
import Wire

@Suite("Link format (RFC 6690)")
struct LinkFormatTests {
    private func parse(_ text: String) throws(WireError) -> [Link] {
        try LinkFormat.parse(Array(text.utf8).span)
    }

    private func text(_ links: [Link], _ query: String...) -> String {
        String(
            decoding: LinkFormat.write(links, matching: query.compactMap { LinkFilter($0) }),
            as: UTF8.self)
    }

    @Test(
        "links are read",
        arguments: [
            ("", []), ("</sensors>", [Link("/sensors")]),
            (
                #"</sensors/temp>;rt="temperature-c";if="sensor",</s/light>;ct="40 41";sz=60;obs"#,
                [
                    Link("/sensors/temp", [.init("rt", "temperature-c"), .init("if", "sensor")]),
                    Link("/s/light", [.init("ct", "40 41"), .init("sz", "60"), .init("obs")]),
                ]
            ),
            (
                #"</>;rt="oma.lwm2m";ct=110,</1>;ver=1.1,</1/0>"#,
                [
                    Link("/", [.init("rt", "oma.lwm2m"), .init("ct", "110")]),
                    Link("/1", [.init("ver", "1.1")]), Link("/1/0"),
                ]
            ),
            (
                #"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby""#,
                [
                    Link(
                        "http://www.example.com/sensors/t123",
                        [.init("anchor", "/sensors/temp"), .init("rel", "describedby")])
                ]
            ),
            (
                "</a> ; title=\"a \\\"b\\\" \\\\ , ; >\" ,\r\n </b>",
                [Link("/a", [.init("title", "a \"b\" \\ , ; >")]), Link("/b")]
            ),
            ("<>;x=é", [Link("", [.init("x", "é")])]),
        ] as [(String, [Link])])
    func reads(_ text: String, _ expected: [Link]) throws {
        #expect(try parse(text) == expected)
    }

    @Test(
        "what is no link is refused",
        arguments: [
            ("/a", .unexpected(at: 0)), ("</a", .truncated(at: 3)), ("</a b>", .unexpected(at: 3)),
            ("</a>,", .truncated(at: 5)), ("</a>;", .truncated(at: 5)),
            ("</a>;;", .unexpected(at: 5)),
            ("</a>;rt=", .truncated(at: 8)), ("</a>;rt=\"x", .truncated(at: 10)),
            ("</a>;rt=\"x\\", .truncated(at: 11)), ("</a></b>", .unexpected(at: 4)),
            ("</a>;rt=;", .unexpected(at: 8)), ("</a>x", .unexpected(at: 4)),
        ] as [(String, WireError)])
    func refuses(_ text: String, _ expected: WireError) {
        #expect(throws: expected) { try parse(text) }
    }

    @Test(
        "targets and values that are not UTF-8 are refused", arguments: ["3cff3e", "3c3e3b783dff"])
    func invalidText(_ bytes: String) {
        #expect(throws: WireError.self) { try LinkFormat.parse(hex(bytes).span) }
    }

    @Test("512 links of 32 attributes are read, and not one more of either")
    func limits() throws {
        let many = Array(repeating: "</a>", count: 512).joined(separator: ",")
        #expect(try parse(many).count == 512)
        #expect(throws: WireError.tooLong(at: 512 * 5)) { try parse(many + ",</a>") }
        let wide = "</a>" + String(repeating: ";x", count: 32)
        #expect(try parse(wide).first?.attributes.count == 32)
        #expect(throws: WireError.tooLong(at: 68)) { try parse(wide + ";x") }
    }

    static let core = [
        Link("/sensors/temp", [.init("rt", "temperature-c core.s"), .init("if", "sensor")]),
        Link("/sensors/light", [.init("rt", "light-lux"), .init("ct", "60 112"), .init("obs")]),
        Link("/rd", [.init("rt", "core.rd"), .init("ct", "40"), .init("title", "a \"b\\")]),
    ]

    @Test("what is written is read back, quoted where it must be")
    func writes() throws {
        let written = text(LinkFormatTests.core)
        #expect(
            written == #"</sensors/temp>;rt="temperature-c core.s";if="sensor","#
                + #"</sensors/light>;rt="light-lux";ct="60 112";obs,"#
                + #"</rd>;rt="core.rd";ct=40;title="a \"b\\""#)
        #expect(try parse(written) == LinkFormatTests.core)
    }

    @Test(
        "a query chooses by attribute, list member, prefix or target",
        arguments: [
            ("rt=light-lux", ["/sensors/light"]), ("rt=core.s", ["/sensors/temp"]),
            ("rt=core.*", ["/sensors/temp", "/rd"]), ("rt=core", []),
            ("rt=temperature-c core.s", ["/sensors/temp"]), ("if=sensor", ["/sensors/temp"]),
            ("if=*", ["/sensors/temp"]), ("href=/rd", ["/rd"]),
            ("href=/sensors*", ["/sensors/temp", "/sensors/light"]), ("href=/sensors", []),
            ("ct=40", ["/rd"]), ("ct=112", ["/sensors/light"]), ("ct=4", []),
            ("obs=", ["/sensors/light"]),
            ("foo=bar", []),
        ])
    func filters(_ query: String, _ expected: [String]) throws {
        #expect(try parse(text(LinkFormatTests.core, query)).map(\.target) == expected)
    }

    @Test("an attribute is found by its name, a flag as the empty text")
    func attributes() {
        #expect(LinkFormatTests.core[1]["ct"] == "60 112")
        #expect(LinkFormatTests.core[1]["obs"] == "")
        #expect(LinkFormatTests.core[1]["sz"] == nil)
    }

    @Test("several queries must all match, and what is no query is told apart")
    func severalFilters() throws {
        let written = text(LinkFormatTests.core, "rt=core.*", "ct=40")
        #expect(try parse(written).map(\.target) == ["/rd"])
        #expect(LinkFilter("rt") == nil)
        #expect(LinkFilter("=x") == nil)
    }

    @Test("truncated and altered links are read or refused")
    func damage() {
        var refused = 0
        for variant in damaged(LinkFormat.write(LinkFormatTests.core)) {
            do throws(WireError) { _ = try LinkFormat.parse(variant.span) } catch { refused += 1 }
        }
        #expect(refused > 100)
    }
}
