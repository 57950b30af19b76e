import Language
import Model
import Testing

@Suite struct RuleTests {
    private func compile(_ text: String, _ schema: Schema) throws -> Rule {
        var diagnostics: [Diagnostic] = []
        let rule = Rule.compile(Located(text), schema: schema, diagnostics: &diagnostics)
        return try #require(rule, "\(diagnostics)")
    }

    @Test func `max_temp - min_temp > 5 within 5m merges the window's partials`() throws {
        let rule = try compile("max_temp - min_temp > 5 within 5m", windowed)
        #expect(rule.within == .minute * 5)
        #expect(rule.steps[0].sustained == .once)
        #expect(
            rule.aggregates == [
                AggregateCall(function: .max, argument: .column(2), over: .minute * 5),
                AggregateCall(function: .min, argument: .column(3), over: .minute * 5),
            ])
        let row: [Value?] = [nil, nil, nil, nil]
        #expect(rule.onlyCondition?.holds(row + [.number(30), .number(24)]) == true)
        #expect(rule.onlyCondition?.holds(row + [.number(30), .number(25)]) == false)
        #expect(rule.onlyCondition?.holds(row + [.number(30), nil]) == nil)
    }

    @Test func `avg_temp > 30 for 3 consecutive windows reads the column itself`() throws {
        let rule = try compile("avg_temp > 30 for 3 consecutive windows", windowed)
        #expect(rule.steps[0].sustained == .consecutiveWindows(3))
        #expect(rule.within == nil)
        #expect(rule.aggregates.isEmpty)
        #expect(rule.onlyCondition?.holds([nil, .number(31), nil, nil]) == true)
    }

    @Test func `on events the same name is an aggregate of the field`() throws {
        let rule = try compile("max_temp - min_temperature > 5 within 5m", climate)
        #expect(rule.aggregates.map(\.function) == [.max, .min])
        let row = row(["temperature": .number(20)]) + [.number(30), .number(24)]
        #expect(rule.onlyCondition?.holds(row) == true)
        for aggregate in rule.aggregates {
            guard case .program(let input) = aggregate.argument else {
                Issue.record("expected a program")
                continue
            }
            #expect(input.evaluate(row) == .number(20))
        }
    }

    @Test(
        arguments: [
            ("x > 1", Rule.Sustained.once, nil, nil),
            ("x > 1 for 2m", .duration(.minute * 2), nil, nil),
            ("x > 1 for 1h30m", .duration(.minute * 90), nil, nil),
            ("x > 1 for 3 consecutive events", .consecutiveEvents(3), nil, nil),
            ("x > 1 for 1 consecutive event", .consecutiveEvents(1), nil, nil),
            ("x > 1 cooldown 10m", .once, nil, .minute * 10),
            ("avg(x) > 1 within 5 m", .once, .minute * 5, nil),
            (
                "avg(x) > 1 cooldown 1h within 250ms for 30 s", .duration(.seconds(30)),
                Milliseconds(250),
                .hour
            ),
            (
                "avg(x) > 1 for 3 consecutive events within 2w", .consecutiveEvents(3), .day * 14,
                nil
            ),
        ] as [(String, Rule.Sustained, Milliseconds?, Milliseconds?)])
    func `clauses`(
        text: String, sustained: Rule.Sustained, within: Milliseconds?, cooldown: Milliseconds?
    ) throws {
        let rule = try compile(text, climate)
        #expect(rule.steps[0].sustained == sustained)
        #expect(rule.within == within)
        #expect(rule.cooldown == cooldown)
    }

    @Test func `an aggregate has its own span or the rule's, and equal ones share a slot`() throws {
        let rule = try compile(
            "avg(x) > avg(x) over 1h and avg_x < 3 and max(x + 1) > 2 within 5m", climate)
        #expect(rule.aggregates.map(\.function) == [.avg, .avg, .max])
        #expect(rule.aggregates.map(\.over) == [.minute * 5, .hour, .minute * 5])
        let row = row([:]) + [.number(2), .number(1), .number(3)]
        #expect(rule.onlyCondition?.holds(row) == true)
    }

    @Test(
        arguments: [
            ("count(temperature > 30)", Value.number(31), true),
            ("count(temperature > 30)", .number(30), false),
            ("count(temperature > 30)", nil, nil),
            ("count(temperature)", .number(0), true), ("count(temperature)", nil, false),
            ("count(*)", nil, true), ("count()", nil, true),
            ("count_temp", .number(1), true), ("count_temp", nil, false),
        ] as [(String, Value?, Bool?)])
    func `count takes what is true, or what is there`(
        text: String, temperature: Value?, counted: Bool?
    ) throws {
        let rule = try compile("\(text) >= 3 within 10m", climate)
        let call = try #require(rule.aggregates.first)
        guard case .program(let input) = call.argument else {
            Issue.record("expected a program")
            return
        }
        var row = row([:])
        row[0] = temperature
        #expect(input.holds(row) == counted)
        #expect(rule.onlyCondition?.holds(row + [.integer(3)]) == true)
        #expect(rule.onlyCondition?.holds(row + [.number(2)]) == false)
    }

    @Test func `a declared column comes before an implicit aggregate`() throws {
        let schema = Schema(columns: [
            .init(name: "temp", type: .number), .init(name: "max_temp", type: .number),
        ])
        let rule = try compile("max_temp > min_te within 5m", schema)
        #expect(rule.aggregates.map(\.function) == [.min])
        #expect(rule.onlyCondition?.holds([nil, .number(2), .number(1)]) == true)
    }

    @Test func `aggregates keep the unit, and a spread is a difference`() throws {
        let average = try compile("avg(temperature) > 86 degF within 5m", climate)
        #expect(average.onlyCondition?.holds(row([:]) + [.number(30.1)]) == true)
        let spread = try compile("range(temperature) > 9 degF within 5m", climate)
        #expect(spread.onlyCondition?.holds(row([:]) + [.number(5.1)]) == true)
        #expect(spread.onlyCondition?.holds(row([:]) + [.number(4.9)]) == false)
    }

    @Test func `on windows an explicit aggregate looks at the column's values`() throws {
        let rule = try compile("avg(max_temp) > 30 and max_temp > 31 within 15m", windowed)
        #expect(rule.aggregates.count == 2)
        guard case .program(let input) = rule.aggregates[0].argument else {
            Issue.record("expected a program")
            return
        }
        #expect(input.evaluate([nil, nil, .number(4), nil]) == .number(4))
        #expect(
            rule.aggregates[1]
                == AggregateCall(function: .max, argument: .column(2), over: .minute * 15))
    }

    @Test(
        arguments: [
            ("p95(x) > 1", .percentile, 0.95), ("p5(x) > 1", .percentile, 0.05),
            ("p999(x) > 1", .percentile, 0.999), ("percentile(x, 0.25) > 1", .percentile, 0.25),
            ("percentile(x, q: 90%) > 1", .percentile, 0.9), ("p50_x > 1", .percentile, 0.5),
            ("median(x) > 1", .median, 0.5), ("stddev_pop_x > 1", .stddevPop, nil),
            ("stddev_x > 1", .stddev, nil), ("time_weighted_avg(x) > 1", .timeWeightedAvg, nil),
            ("distinct(label) > 1", .distinct, nil), ("histogram(x) = \"\"", .histogram, nil),
            ("rate(x) over 5m > 1", .rate, nil), ("mad(temperature) > 9 degF", .mad, nil),
            ("avg_n > 1", .avg, nil), ("integral(power) > 3 kWh", .integral, nil),
        ] as [(String, AggregateFunction, Double?)])
    func `aggregates by name`(
        text: String, function: AggregateFunction, quantile: Double?
    ) throws {
        let isOwn = text.contains("over")
        let rule = try compile(isOwn ? text : text + " within 5m", climate)
        #expect(rule.aggregates.map(\.function) == [function])
        #expect(rule.aggregates.map(\.quantile) == [quantile])
    }

    @Test func `a correlation is of two values`() throws {
        let call = try #require(
            compile("correlation(x, y) < 0 within 1h", climate).aggregates.first)
        let row = row(["x": .number(1), "y": .number(2)])
        guard case .program(let first) = call.argument else {
            Issue.record("expected a program")
            return
        }
        #expect(first.evaluate(row) == .number(1))
        #expect(call.second?.evaluate(row) == .number(2))
    }
}
