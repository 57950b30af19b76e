import Language
import Model
import Testing

/// One row per error: the text with «marks» around what is underlined, the code, and a part of the
/// help where there is some.
@Suite struct ErrorTests {
    struct Case: CustomTestStringConvertible {
        var marked: String
        var fault: Fault
        var help: String?
        var testDescription: String { marked }

        init(_ marked: String, _ fault: Fault, help: String? = nil) {
            self.marked = marked
            self.fault = fault
            self.help = help
        }

        var text: String { marked.filter { $0 != "«" && $0 != "»" } }
        /// The byte offset of the mark, and the bytes between the marks.
        var offset: Int { marked.prefix { $0 != "«" }.utf8.count }
        var length: Int {
            max(1, marked.drop { $0 != "«" }.dropFirst().prefix { $0 != "»" }.utf8.count)
        }
    }

    static let place = Place(file: "rules.yaml", line: 14, column: 12)

    private func check(_ example: Case, schema: Schema = climate) {
        var diagnostics: [Diagnostic] = []
        let rule = Rule.compile(
            Located(example.text, at: ErrorTests.place), schema: schema, diagnostics: &diagnostics)
        #expect(rule == nil)
        #expect(diagnostics.map(\.code) == [example.fault.rawValue], "\(diagnostics)")
        guard let diagnostic = diagnostics.first else { return }
        #expect(diagnostic.place.line == 14)
        #expect(diagnostic.place.column == 12 + example.offset, "\(diagnostic)")
        #expect(diagnostic.length == example.length, "\(diagnostic)")
        if let help = example.help {
            #expect(diagnostic.help.contains { $0.contains(help) }, "\(diagnostic)")
        }
    }

    @Test(arguments: [
        Case("x > «$»", .unexpectedCharacter), Case("x > 1 and «;»x > 2", .unexpectedCharacter),
        Case("label = «\"open»", .unterminatedString, help: "add \""),
        Case("x > «1e999»", .badNumber), Case("x > «»", .expected),
        Case("x > «and» door", .expected, help: "backquotes"), Case("«(»x > 1", .expected),
        Case("abs«(»x > 1", .expected), Case("x > 1«)»", .trailingText),
        Case("door «adn» door", .trailingText, help: "`and`"),
        Case("x > 1 «adn» door", .unknownUnit, help: "`and`"), Case("x > 1 «y»", .unknownUnit),
        Case("x in [1, «y»]", .expected),
        Case("mode in [«cool»]", .expected, help: "\"cool\""),
        Case("x not in «1»", .expected), Case("x is «nothing»", .expected),
        Case("x between 1 «or» 2", .expected), Case("« »", .empty),
        Case("x > 1 «&&» door", .foreignSpelling, help: "`and`"),
        Case("x > 1 «AND» door", .foreignSpelling, help: "`and`"),
        Case("«!»door", .foreignSpelling, help: "`not`"),
        Case("«NOT» door", .foreignSpelling, help: "`not`"),
        Case("x «<>» 1", .foreignSpelling, help: "`!=`"),
        Case("«0 < x < 50»", .chainedComparison, help: "write 0 < x and x < 50"),
        Case("x «≥» 1", .foreignSpelling, help: "`>=`"),
        Case("x > 1 and «“»", .unexpectedCharacter, help: "straight"),
        Case("x in «(»1, 2)", .expected, help: "[1, 2]"), Case("x in [«]»", .expected),
        Case("x between 1«,» 3", .expected), Case("x in [1, 2«»", .expected),
        Case("x «above» 3", .trailingText), Case("abs(x «y») > 1", .expected),
        Case("x > 1 for «0» consecutive events", .badCount),
        Case("x > 1 for «1.5» consecutive events", .badCount),
        Case("x > 1 for 3 «events»", .expected, help: "for 3 consecutive events"),
        Case("x > 1 for 3 consecutive «evnts»", .expected, help: "`events`"),
        Case("x > 1 for «5»", .badDuration, help: "`5s`"),
        Case("x > 1 for «5 min»", .badDuration, help: "`5m`"),
        Case("x > 1 for «5m1h»", .badDuration), Case("x > 1 for «0s»", .badDuration),
        Case("x > 1 for «a» while", .badDuration), Case("x > 1 within «»", .badDuration),
        Case("x > 1 for 5m «for» 6m", .duplicateClause),
    ])
    func `syntax`(example: Case) { check(example) }

    @Test(arguments: [
        Case("«temprature» > 5", .unknownName, help: "`temperature`"),
        Case("«max_temprature» > 5 within 5m", .unknownName, help: "`max_temperature`"),
        Case("«payload.power» > 5", .unknownName, help: "`power`"),
        Case("«payload.value» > 5", .unknownName, help: "known here: temperature"),
        Case("«MODE» = \"cool\"", .unknownName),
        Case("mode = «cool»", .unknownName, help: "\"cool\""),
        Case("«max_z» > 5 within 5m", .ambiguousName, help: "max_zeta"),
        Case("«abss»(x) > 1", .unknownFunction, help: "`abs`"),
        Case("«abs(x, y)» > 1", .wrongArgumentCount),
        Case("«max(x, y)» > 1 within 5m", .wrongArgumentCount, help: "`max2`"),
        Case("«x» and door", .typeMismatch, help: "x > 0"), Case("not «x»", .typeMismatch),
        Case("«x = \"a\"»", .typeMismatch), Case("«mode < \"cool\"»", .typeMismatch),
        Case("«door < true»", .typeMismatch), Case("«label» + 1 > 2", .typeMismatch),
        Case("«door in [true]»", .typeMismatch), Case("«label» * 2 > 2", .typeMismatch),
        Case("«abs(x) over 5m» > 1", .typeMismatch), Case("-«door» > 1", .typeMismatch),
        Case("power * «2 degC» > 1", .unitMismatch), Case("«clamp(x, 1)» > 2", .wrongArgumentCount),
        Case("«coalesce(x)» > 2", .wrongArgumentCount),
        Case("avg(x) over «soon» > 2", .badDuration),
        Case("abs(«label») > 1", .typeMismatch), Case("avg(«label») > 1 within 5m", .typeMismatch),
        Case("coalesce(x, «label») = 1", .typeMismatch),
        Case("last_reading > «\"yesterday\"»", .typeMismatch, help: "2026-"),
        Case("last_reading + «5» > last_reading", .typeMismatch, help: "5m"),
        Case("temperature > 30 «degc»", .unknownUnit, help: "`degC`"),
        Case("«temperature > humidity»", .unitMismatch), Case("«temperature > 30%»", .unitMismatch),
        Case("«temperature + power» > 1", .unitMismatch),
        Case("«temperature - 20 degC > temperature»", .unitMismatch),
        Case("«distance > 5m»", .unitMismatch, help: "`5 m`"),
        Case("x > «30 degC»", .noUnit, help: "unit of `x`"),
        Case("mode = «\"cold\"»", .unknownChoice, help: "\"cool\""),
        Case("mode in [\"cool\", «\"dry\"»]", .unknownChoice, help: "\"off\", \"cool\", \"heat\""),
        Case("«max_temp» > 30", .aggregateWithoutSpan, help: "within"),
        Case("«avg(x)» > 30 for 5m", .aggregateWithoutSpan),
        Case("avg(«max(x)») > 30 within 5m", .notOnOneRow),
        Case("x > 1 «for 3 consecutive windows»", .needsWindow, help: "events"),
        Case("«temperature»", .wrongResult, help: "temperature > 0"),
        Case("«temperature > 5» within 5m", .withinSpansNothing),
        Case("avg(x) over 5m > 1 «within» 6m", .withinSpansNothing, help: "over"),
    ])
    func `names, types and units`(example: Case) { check(example) }

    @Test func `within on one reading is answered with the three things that may be meant`() {
        #expect(
            advice("temperature > 5 within 5m") == [
                "to require it to stay true        temperature > 5 for 5m",
                "to require it 3 times             count(temperature > 5) >= 3 within 5m",
                "to compare the spread             range(temperature) > 5 within 5m",
            ])
        #expect(
            advice("door within 1h").map { $0.dropFirst(34) } == [
                "door for 1h", "count(door) >= 3 within 1h",
            ])
    }

    @Test(arguments: [
        "temperature > 5", "not (2 < x)", "x between 1 and y", "1 not between x and 2",
        "abs(1 - power) > 1 kW", "n in [1, 2]", "x is missing or door", "`window` = 1",
    ])
    func `the advice compiles`(condition: String) {
        let advice = advice("\(condition) within 90s")
        #expect(advice.count == 3)
        for help in advice {
            var errors: [Diagnostic] = []
            let text = Located(String(help.dropFirst(34)))
            let rule = Rule.compile(text, schema: climate, diagnostics: &errors)
            #expect(rule != nil, "\(text.value): \(errors)")
        }
    }

    private func advice(_ text: String) -> [String] {
        var diagnostics: [Diagnostic] = []
        _ = Rule.compile(Located(text), schema: climate, diagnostics: &diagnostics)
        #expect(diagnostics.map(\.code) == ["E0312"])
        return diagnostics.first?.help ?? []
    }

    /// What to do instead is said of each, unless the message says it all.
    @Test func `ten mistakes and more are found at once`() {
        let text = """
            open: temprature > 30 && mode = "cold" then humidity > 3 degC and 0 < x < 5
            then abs(x, y) > 1 and zscore(x, windw: 3) > 1 then x is stale or foo(x) = 1
            then label + 1 > 2 and power > 5 wat per zoone within 5 min
            """
        var diagnostics: [Diagnostic] = []
        let located = Located(text, at: ErrorTests.place)
        let rule = Rule.compile(located, schema: climate, diagnostics: &diagnostics)
        #expect(rule == nil)
        #expect(
            diagnostics.map(\.code) == [
                "E0313", "E0310", "E0321", "E0319", "E0311", "E0316", "E0334", "E0336", "E0315",
                "E0317", "E0318", "E0313", "E0309",
            ])
        let lines = text.split(separator: "\n").map(String.init)
        for diagnostic in diagnostics {
            let shown = diagnostic.render(sourceLine: lines[diagnostic.place.line - 14])
            #expect(shown.contains("[\(diagnostic.code)]") && shown.contains("^"), "\(shown)")
            #expect(
                !diagnostic.help.isEmpty || ["E0316", "E0317", "E0319"].contains(diagnostic.code),
                "\(shown)")
        }
    }

    @Test func `all errors are found at once`() {
        var diagnostics: [Diagnostic] = []
        let text = "temprature > 30 and mode = \"cold\" or (humidity > 3 degC) and x < for 5 min"
        _ = Rule.compile(Located(text), schema: climate, diagnostics: &diagnostics)
        #expect(Set(diagnostics.map(\.code)) == ["E0313", "E0321", "E0319", "E0304", "E0309"])
    }

    @Test func `errors come in the order of their places, and not without end`() {
        var diagnostics: [Diagnostic] = []
        let text = Located("a > 1 and ; b > 2 and c > 3 or d(1)", at: ErrorTests.place)
        _ = Rule.compile(text, schema: climate, diagnostics: &diagnostics)
        let columns = diagnostics.map(\.place.column)
        #expect(columns == columns.sorted())
        #expect(columns.count == 5)
        diagnostics = []
        let many = Located(String(repeating: "a or ", count: 100) + "a")
        _ = Rule.compile(many, schema: climate, diagnostics: &diagnostics)
        #expect(diagnostics.count == 20)
    }

    @Test func `spans and aggregates do not belong into a filter`() {
        let texts = [
            "x > 1 within 5m", "x > 1 for 5m", "avg(x) > 1", "max_x > 1", "x > 1 then door",
            "x > 1 at least 3 times", "x > 1 exactly 3 times", "x > 1 overlapping",
            "no data for 5m", "any devices: x > 1", "a: x > 1", "x changed", "x crosses above 3",
            "x changed by > 3", "x is stale after 5m", "delta(x) > 1", "hour() > 3",
            "zscore(x) > 1",
        ]
        for text in texts {
            #expect(evaluate(text, []) == .errors(["E0327"]), "\(text)")
        }
        var diagnostics: [Diagnostic] = []
        let program = Program.compile(
            Located("mode"), schema: climate, expecting: .number, diagnostics: &diagnostics)
        #expect(program == nil)
        #expect(diagnostics.map(\.code) == ["E0326"])
    }

    @Test func `depth and length have limits`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
        }
        #expect(evaluate(nested(63), row(["x": .number(1)])) == .value(.number(1)))
        #expect(evaluate(nested(64), []) == .errors(["E0306"]))
        #expect(evaluate(String(repeating: "(", count: 4000), []) == .errors(["E0306"]))
        let chain = String(repeating: "x + ", count: 256) + "x"
        #expect(evaluate(chain, row(["x": .number(1)])) == .value(.number(257)))
        #expect(evaluate("1 + " + chain, []) == .errors(["E0306"]))
        #expect(evaluate(String(repeating: "not ", count: 65) + "door", []) == .errors(["E0306"]))
        #expect(evaluate(String(repeating: "-", count: 65) + "x", []) == .errors(["E0306"]))
        #expect(evaluate("x" + String(repeating: " ", count: 4096), []) == .errors(["E0307"]))
    }

    @Test func `a later line of a block scalar has its own place`() {
        var diagnostics: [Diagnostic] = []
        let text = Located("x > 1\nand yy > 2", at: ErrorTests.place)
        _ = Program.compile(text, schema: climate, expecting: .boolean, diagnostics: &diagnostics)
        #expect(diagnostics.first?.place == Place(file: "rules.yaml", line: 15, column: 12 + 4))
    }

    @Test func `codes are unique and documented in one place`() {
        let codes = Fault.allCases.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
        #expect(codes == codes.sorted())
    }
}
