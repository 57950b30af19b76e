import Language
import Model
import Testing

/// What calls that look ahead ask the stream to compute.
@Suite struct OutlookTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var text: String
        var outlook: Outlook
        var testDescription: String { text }

        init(_ text: String, _ aim: Outlook.Aim, step: Milliseconds, season: Int = 0) {
            self.text = text
            outlook = Outlook(aim, step: step, season: season)
        }
    }

    private static func above(_ value: Double) -> Outlook.Limit { .init(value, isAbove: true) }
    private static func below(_ value: Double) -> Outlook.Limit { .init(value, isAbove: false) }

    @Test(arguments: [
        // A step is a twelfth of what is looked ahead.
        Case("forecast(power, 1h) > 5 kW", .value(steps: 12), step: .minute * 5),
        Case("forecast(power, 5ms) > 5 kW", .value(steps: 5), step: Milliseconds(1)),
        Case("forecast(x, 1h, step: 10m) > 5", .value(steps: 6), step: .minute * 10),
        Case("forecast(n, 61m, 10m) > 5", .value(steps: 7), step: .minute * 10),
        // With a season, at least so long that two of them are remembered, and a part of it.
        Case(
            "forecast(x, 1h, season: 1d) > 5", .value(steps: 4), step: .minute * 15, season: 96),
        Case("forecast(x, 6h, season: 1d) > 5", .value(steps: 12), step: .minute * 30, season: 48),
        Case("forecast(x, 7h, season: 1d) > 5", .value(steps: 12), step: .minute * 36, season: 40),
        Case("forecast(x, 1h, 20m, 1d) > 5", .value(steps: 3), step: .minute * 20, season: 72),
        Case("time_to(x > 80) < 2h", .crossing(above(80)), step: .minute),
        Case("time_to(x >= 2 * 40) < 2h", .crossing(above(80)), step: .minute),
        Case("time_to(80 < x) < 2h", .crossing(above(80)), step: .minute),
        Case("time_to(x < -5) < 2h", .crossing(below(-5)), step: .minute),
        Case("time_to((n <= 7), step: 10s) < 2h", .crossing(below(7)), step: .seconds(10)),
        // Limits are in the unit of what reaches them.
        Case("time_to(temperature > 122 degF) < 2h", .crossing(above(50)), step: .minute),
        Case("remaining_life(power > 7.1 kW) < 30d", .life(above(7100)), step: .hour * 6),
        Case("remaining_life(x > 7.1, 1d) < 30d", .life(above(7.1)), step: .day),
    ])
    func `what is asked for`(row: Case) throws {
        var diagnostics: [Diagnostic] = []
        let rule = try #require(
            Rule.compile(Located(row.text), schema: climate, diagnostics: &diagnostics),
            "\(diagnostics)")
        #expect(rule.calls.map(\.kind) == [.outlook(row.outlook)])
        #expect(rule.calls[0].argument.type == .number && rule.calls[0].type == .number)
    }

    @Test func `the results have units, and equal calls are one`() throws {
        var diagnostics: [Diagnostic] = []
        let text =
            "forecast(temperature, 1h) > 122 degF and forecast(temperature, 1h) < 60 degC and "
            + "time_to(temperature > 80) < 90 min"
        let rule = try #require(
            Rule.compile(Located(text), schema: climate, diagnostics: &diagnostics))
        #expect(rule.calls.count == 2)
        func holds(_ values: [Value?]) -> Bool? {
            rule.onlyCondition?.holds([Value?](repeating: nil, count: 16) + values)
        }
        #expect(holds([.number(55), .number(5399)]) == true)
        #expect(holds([.number(55), .number(5401)]) == false)
        #expect(holds([.number(49), .number(60)]) == false)
        // Without skill there is no value, and so no match.
        #expect(holds([nil, .number(60)]) == nil)
    }

    @Test func `a limit is reached at it and beyond`() {
        #expect(OutlookTests.above(3).isReached(by: 3) && !OutlookTests.above(3).isReached(by: 2))
        #expect(OutlookTests.below(3).isReached(by: 3) && !OutlookTests.below(3).isReached(by: 4))
    }
}
