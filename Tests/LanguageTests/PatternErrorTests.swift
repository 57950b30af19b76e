import Language
import Model
import Testing

/// One row per error in steps, links, clauses and what remembers rows, marked as in `ErrorTests`.
@Suite struct PatternErrorTests {
    typealias Case = ErrorTests.Case

    private func check(_ example: Case) {
        var diagnostics: [Diagnostic] = []
        let rule = Rule.compile(
            Located(example.text, at: ErrorTests.place), schema: climate, diagnostics: &diagnostics)
        #expect(rule == nil)
        #expect(diagnostics.map(\.code) == [example.fault.rawValue], "\(diagnostics)")
        guard let diagnostic = diagnostics.first else { return }
        #expect(diagnostic.place.column == 12 + example.offset, "\(diagnostic)")
        #expect(diagnostic.length == example.length, "\(diagnostic)")
        if let help = example.help {
            #expect(diagnostic.help.contains { $0.contains(help) }, "\(diagnostic)")
        }
    }

    @Test(arguments: [
        Case("x > 1 and «no» data for 5m", .misplacedStep, help: "`then`"),
        Case("x > 1 or «any» devices: x > 1", .misplacedStep),
        Case("x > 1 or «at» least 3 devices: x > 1", .misplacedStep),
        Case("not «open»: x > 1", .misplacedStep),
        Case("x > 1 and «20%» devices: x > 1", .misplacedStep),
        Case("no door«»", .expected, help: "no door for 5m"),
        Case("no data«»", .expected, help: "no data for 5m"),
        Case("no data for «soon»", .badDuration), Case("no x > «for» 5m", .expected),
        Case("any devices «x» > 1", .expected), Case("all devices in «:» x > 1", .expected),
        Case("at least 2 «dogs»: x > 1", .expected),
        Case("at least 3 «times» x > 1", .expected, help: "behind the condition"),
        Case("«120%» devices: x > 1", .badCount), Case("«0%» devices: x > 1", .badCount),
        Case("at least «0» devices: x > 1", .badCount),
        Case("at least «1.5» devices: x > 1", .badCount),
        Case("a: door then «a»: x > 1", .duplicateLabel),
        Case("«x»: door then door", .duplicateLabel, help: "of its own"),
        Case(
            String(repeating: "door then ", count: 15) + "door «then» door", .tooManySteps,
            help: "second pattern"),
    ])
    func `steps`(example: Case) { check(example) }

    @Test(arguments: [
        Case("x > 1 then«»", .expected), Case("x > 1 immediately «y» > 1", .expected),
        Case("x > 1 without door«»", .expected), Case("x > 1 without «then» door", .expected),
        Case("x > 1 «THEN» door", .foreignSpelling, help: "`then`"),
        Case("x > 1 «immediately then» no data for 5m", .senselessLink, help: "write then"),
        Case(
            "x > 1 «without y > 1 then» no door for 5m", .senselessLink,
            help: "then no (door or y > 1) for"),
        Case("x > 1 «without y > 1 then» no data for 5m", .senselessLink),
        Case("x > 1 «within» 5m then door", .misplacedClause, help: "last step"),
        Case("x > 1 then door within 5m «for 3m»", .misplacedClause, help: "its step"),
        Case("no data for 5m «for 3m»", .misplacedClause, help: "remove"),
        Case("any devices: x > 1 «for 3m»", .misplacedClause),
        Case("x > 1 for 5m «at» least 3 times", .duplicateClause),
        Case("x > 1 for «5 of 3» events", .badCount, help: "for 3 of 5"),
        Case("x > 1 for 3 of «x» events", .expected),
        Case("x > 1 for 3 of 5 «evnts»", .expected, help: "`events`"),
        Case("x > 1 «for 3 of 5 windows»", .needsWindow),
        Case("x > 1 at least «x» times", .expected),
        Case("x > 1 at least 3 «devices»", .expected, help: "at least 3 devices: …"),
        Case("x > 1 at least 3 «apples»", .expected),
        Case("x > 1 exactly «0» times", .badCount), Case("x > 1 per «zne»", .unknownName),
        Case("x > 1 per «5»", .expected), Case("x > 1 per x, «x»", .duplicateClause),
        Case("door then door overlapping «overlapping»", .duplicateClause),
        Case("door 2 times until door «until» door", .duplicateClause),
        Case("door per x «per» y", .duplicateClause),
        Case("avg(x) > 1 within 1m «within» 1m", .duplicateClause),
        Case("door cooldown 1m «cooldown» 1m", .duplicateClause),
        Case("x > 1 «overlapping»", .clauseWithoutEffect),
        Case("x > 1 for 5m «overlapping»", .clauseWithoutEffect),
        Case("x > 1 «until» door", .clauseWithoutEffect, help: "and not (door)"),
        Case(
            "x > 1 for 1m «within» 5m", .withinSpansNothing,
            help: "x > 1 at least 3 times within 5m"),
        Case("avg(x) over 1m > 1 3 times «within» 5m", .withinSpansNothing),
        Case("no data for 5m «within» 5m", .withinSpansNothing, help: "remove"),
        Case("«delta(x) > 1» within 5m", .withinSpansNothing, help: "at least 3 times"),
        Case(
            "«avg(x)» > 1 then door within 5m", .aggregateWithoutSpan, help: "avg(x) over 5m"),
        Case(
            "«max_x» > 1 then door within 5m", .aggregateWithoutSpan, help: "max(x) over 5m"),
    ])
    func `links and clauses`(example: Case) { check(example) }

    @Test(arguments: [
        Case("a: «b.x» > 1 then b: door", .badReference, help: "later step"),
        Case("a: x > 1 and «count(a)» > 1 then door", .badReference, help: "later step"),
        Case("a: x > «a.x» 3 times", .badReference, help: "later step"),
        Case("a: x > previous(«max(a.x)») 3 times", .badReference, help: "outside"),
        Case("a: no door for 5m then «a.x» > 1", .badReference),
        Case("a: door then «a» and x > 1", .badReference, help: "count(a)"),
        Case("opn: door then «open.x» > 1", .unknownName, help: "`opn.x`"),
        Case("open: door then «open.temprature» > 1", .unknownName, help: "`open.temperature`"),
        Case("open: door then «open.nothing» > 1", .unknownName, help: "known here"),
        Case("a: door then previous(«a.x») > 1", .badReference, help: "outside"),
        Case("a: door then b: door then avg(a.x - «b.x») > 1", .badReference),
        Case("a: door then avg(a.x - «y») > 1", .badReference, help: "a.y"),
        Case("a: door then avg(a.x - «ab») > 1", .badReference),
        Case("a: door then «avg(a.x) over 5m» > 1", .typeMismatch),
        Case("a: door then «correlation(a.x, a.y)» > 1", .badReference),
        Case("a: door then avg(«a») > 1", .badReference),
        Case("a: door then max(«avg(a.x)» - a.x) > 1", .notOnOneRow),
        Case("a: door then avg(«delta(a.x)») > 1", .notOnOneRow),
        Case("a: door then b: door until «a.x» > 1", .badReference),
        Case("a: door then «count(b)» > 1 then b: door", .badReference),
    ])
    func `earlier steps`(example: Case) { check(example) }

    @Test(arguments: [
        Case("forecast(x, «5») > 1", .badParameter), Case("forecast(x, «0s») > 1", .badParameter),
        Case("«forecast(x)» > 1", .wrongArgumentCount),
        Case("«forecast(x, 1h) over 5m» > 1", .typeMismatch, help: "256 steps"),
        Case("forecast(«label», 1h) > 1", .typeMismatch),
        Case("forecast(x, «1h», step: 1m) > 1", .badParameter, help: "longer"),
        Case("forecast(x, 1h, step: «y») > 1", .badParameter),
        Case("forecast(x, 1h, season: «2») > 1", .badParameter),
        Case("forecast(x, 1h, 7m, «1d») > 1", .badParameter),
        Case("forecast(x, 1h, 5m, «1d») > 1", .badParameter),
        Case("forecast(x, 1h, «steps»: 5m) > 1", .unknownParameter, help: "`step`"),
        Case("time_to(«temperature») < 1h", .badParameter, help: "time_to(temperature > 80)"),
        Case("time_to(«temperature = 80») < 1h", .badParameter),
        Case("time_to(«x > y») < 1h", .badParameter, help: "time_to(x - y > 0)"),
        Case("time_to(«3 > 2») < 1h", .badParameter),
        Case("time_to(x > «1 / 0») < 1h", .badParameter),
        Case("time_to(«temperature > 80 %») < 1h", .unitMismatch),
        Case("time_to(«label» > 80) < 1h", .typeMismatch),
        Case("time_to(temperature > 80, step: «3») < 1h", .badParameter),
        Case("«time_to(temperature > 80) < 50 degC»", .unitMismatch),
        Case("avg(forecast(«avg(x)», 1h)) > 1 within 1m", .notOnOneRow),
        Case("zscore(x, «windw»: 30) > 1", .unknownParameter, help: "`window`"),
        Case("zscore(x, «size»: 30) > 1", .unknownParameter, help: "x, window"),
        Case("zscore(x, 30, «window»: 30) > 1", .unknownParameter),
        Case("zscore(x, «1») > 1", .badParameter), Case("zscore(x, «2.5») > 1", .badParameter),
        Case("zscore(x, «y») > 1", .badParameter, help: "write it as a number"),
        Case("zscore(x, «5000s») > 1", .badParameter), Case("zscore(x, «3 m») > 1", .badParameter),
        Case("zscore(x, «1e9%») > 1", .badParameter),
        Case("«zscore()» > 1", .wrongArgumentCount),
        Case("«zscore(x) over 5m» > 1", .typeMismatch), Case("zscore(«label») > 1", .typeMismatch),
        Case("previous(x, «0») = 1", .badParameter),
        Case("previous(x, «1001») = 1", .badParameter),
        Case("«previous(x, 1, 2)» = 1", .wrongArgumentCount),
        Case("abs(x «per 1s») > 1", .trailingText), Case("rate(x per «x») > 1", .badDuration),
        Case("«elapsed(x)» > 1s", .wrongArgumentCount), Case("hour(«x») = 1", .typeMismatch),
        Case("delta(«label») > 1", .typeMismatch), Case("rate(«label») > 1", .typeMismatch),
        Case("«clamp(low: x, 1)» > 1", .wrongArgumentCount),
        Case("«x is stale»", .staleWithoutSpan, help: "x is stale after 5m"),
        Case("«x is not stale»", .staleWithoutSpan, help: "x is not stale after 5m"),
        Case("x is stale after «soon»", .badDuration), Case("x changed by «4»", .expected),
        Case("«label» changed by > 4", .typeMismatch), Case("x changed by > «»", .expected),
        Case("x crosses «over» 5", .expected, help: "above 30"),
        Case("«label crosses above 5»", .typeMismatch),
        Case("avg(x) over «0» events > 1", .badCount),
        Case("«avg(x, y)» > 1 within 5m", .wrongArgumentCount),
        Case("«percentile(x)» > 1 within 5m", .wrongArgumentCount),
        Case("percentile(x, «1.5») > 1 within 5m", .badParameter),
        Case("percentile(x, «y») > 1 within 5m", .badParameter),
        Case("correlation(x, «label») > 1 within 5m", .typeMismatch),
        Case("«p123»(x) > 1 within 5m", .unknownFunction),
        Case("«p95x»(x) > 1 within 5m", .unknownFunction),
    ])
    func `what remembers rows`(example: Case) { check(example) }
}
