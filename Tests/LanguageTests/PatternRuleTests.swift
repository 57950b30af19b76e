import Language
import Model
import Testing

/// Every construct of a rule beyond a plain condition, and the shape it compiles to.
@Suite struct PatternRuleTests {
    private func compile(_ text: String, _ schema: Schema = climate) throws -> Rule {
        var diagnostics: [Diagnostic] = []
        let rule = Rule.compile(Located(text), schema: schema, diagnostics: &diagnostics)
        return try #require(rule, "\(text): \(diagnostics)")
    }

    @Test(
        arguments: [
            ("x > 1 then y > 1", "C -> C"),
            ("x > 1 immediately then y > 1 then door", "C => C -> C"),
            ("x > 1 without door then y > 1 within 10m", "C -/> C within 600000"),
            ("open: door then shut: not door", "open=C -> shut=C"),
            ("`no` > 1 then no data for 5m", "C -> no data 300000"),
            ("no > 1", "C"), ("no is missing", "C"), ("no changed", "C"),
            ("no event for 90s", "no data 90000"), ("no data for 1h30m", "no data 5400000"),
            ("no door for 5m", "no C 300000"), ("no not door for 5m", "no C 300000"),
            ("no (x > 1 or door) for 5 m", "no C 300000"),
            ("no data > 3 for 5m", "no C 300000"),
            ("a: x > 1 then b: no y > 1 for 2m", "a=C -> b=no C 120000"),
            ("any devices: x > 1", "any of key C"),
            ("all devices in zone: x > 1", "all of zone C"),
            ("at least 2 devices in zone: x > 1", "atLeast(2) of zone C"),
            ("at least 1 device in zone.floor: x > 1", "atLeast(1) of zone.floor C"),
            ("20% devices: x > 1", "percent(20.0) of key C"),
            ("at least 12.5 % devices in `all`: x > 1", "percent(12.5) of all C"),
            ("3 devices: x > 1", "atLeast(3) of key C"),
            ("x > 1 for 5m then y > 1 for 3 consecutive events", "C for 300000 -> C 3 events"),
            ("x > 1 for 3 of 5 events", "C 3/5 events"),
            ("x > 1 for 3 consecutive events within 1m", "C 3 events within 60000"),
            ("any devices: x > 1 within 1m", "any of key C within 60000"),
            (
                "any devices: x > 1 then all devices: door within 1h",
                "any of key C -> all of key C within 3600000"
            ),
            ("x > 1 at least 3 times", "C >=3x"), ("x > 1 exactly 3 times", "C 3x"),
            ("x > 1 3 times within 1m", "C 3x within 60000"),
            ("x > 1 at least 2 times then door within 1m", "C >=2x -> C within 60000"),
            ("x > 1 then door overlapping", "C -> C overlapping"),
            ("x > 1 2 times overlapping cooldown 5m", "C 2x cooldown 300000 overlapping"),
            ("x > 1 then door per label, mode until y > 1", "C -> C per [9, 8] until"),
            ("x > 1 per `window`", "C per [12]"), ("x > 1 for 5m until door", "C for 300000 until"),
            (
                "avg(x) > 1 for 3 consecutive events within 5m", "C 3 events within 300000"
            ),
            ("no avg(x) > 1 for 5m within 1m", "no C 300000 within 60000"),
            ("any devices: avg(x) > 1 within 1m", "any of key C within 60000"),
        ] as [(String, String)])
    func `on events`(text: String, expected: String) throws {
        let schema = Schema(
            columns: climate.columns + [
                .init(name: "no", type: .number), .init(name: "data", type: .number),
            ])
        #expect(try shape(compile(text, schema)) == expected)
    }

    @Test(
        arguments: [
            ("avg_temp > 30 for 3 consecutive windows", "C 3 windows"),
            ("avg_temp > 30 for 3 of 5 windows", "C 3/5 windows"),
            ("avg_temp > 30 for 1 of 1 window then max_temp > 40", "C 1/1 windows -> C"),
        ] as [(String, String)])
    func `on windows`(text: String, expected: String) throws {
        #expect(try shape(compile(text, windowed)) == expected)
    }

    @Test func `within bounds a sequence and spans the aggregates of one step`() throws {
        #expect(try compile("avg(x) > 1 for 5m within 1m").aggregates.map(\.over) == [.minute])
        let sequence = try compile("avg(x) over 5m > 1 then door within 1h")
        #expect(sequence.aggregates.map(\.over) == [.minute * 5])
        let merged = try compile("max_temp > 1 then min_temp > 1 within 5m", windowed)
        #expect(merged.aggregates.isEmpty)
    }

    @Test func `over N events counts events and no time`() throws {
        let rule = try compile(
            "abs(x - avg(x) over 6 events) > 3 * max(x) over 6 events or avg(x) over 1h > 3")
        #expect(rule.aggregates.map(\.events) == [6, 6, nil])
        #expect(rule.aggregates.map(\.function) == [.avg, .max, .avg])
    }

    // MARK: Rows

    /// Fills the slots behind the columns in order.
    private func holds(
        _ text: String, _ fields: KeyValuePairs<String, Value>, _ slots: [Value?]
    ) throws -> Bool? {
        let rule = try compile(text)
        let count = rule.aggregates.count + rule.calls.count + rule.captures.count
        #expect(count == slots.count, "\(text)")
        return rule.onlyCondition?.holds(row(fields) + slots)
    }

    @Test(
        arguments: [
            ("x changed", [.number(1)], false), ("x changed", [.number(3)], true),
            ("x changed", [nil], nil), ("mode changed", [.text("cool")], nil),
            ("x changed by > 1", [.number(1)], false), ("x changed by >= -1", [.number(2)], true),
            ("x changed by < 0", [.number(1.5)], true),
            ("temperature changed by > 9 degF", [.number(14)], true),
            ("temperature changed by > 9 degF", [.number(16)], false),
            ("x crosses above 0.5", [.number(0.5)], true),
            ("x crosses above 0.5", [.number(0.6)], false),
            ("x crosses below 1.5", [.number(1.5)], true),
            ("x crosses below 1.5", [.number(1)], false),
            ("x crosses above y", [.number(3), .number(3)], true),
            ("x crosses above y", [.number(4), .number(3)], false),
            ("previous(x) = 7", [.number(7)], true), ("previous(x, 3) = 7", [.number(8)], false),
            ("previous(x, n: 3) = 7", [nil], nil), ("delta(x) > 0", [.number(0)], true),
            ("rate(x per 1m) > 5.9", [.number(0), .number(10)], true),
            ("rate(x) > 0.11", [.number(0), .number(10)], false),
            ("rate(x) > 0", [.number(0), .number(0)], nil),
            ("elapsed() > 1m", [.number(61)], true), ("elapsed() > 1m", [.number(60)], false),
            ("x is stale after 5m", [.boolean(true)], true),
            ("x is not stale after 5m", [.boolean(true)], false),
            ("x is stale after 5m or x > 5", [nil], nil),
            ("zscore(x) > 3", [.number(4)], true), ("zscore(x, window: 60) > 3", [nil], nil),
            ("hour() = 14", [.timestamp(Instant(milliseconds: 50_400_000))], true),
            ("weekday() = 4", [.timestamp(Instant(milliseconds: 0))], true),
            ("weekday() = 3", [.timestamp(Instant(milliseconds: -1))], true),
            ("hour() = 23", [.timestamp(Instant(milliseconds: -1))], true),
            ("hour() = 23", [nil], nil), ("weekday() = 23", [nil], nil),
            ("avg(x) over 5m > previous(x)", [.number(2), .number(1)], true),
        ] as [(String, [Value?], Bool?)])
    func `what remembers rows`(text: String, slots: [Value?], expected: Bool?) throws {
        let fields: KeyValuePairs<String, Value> = [
            "x": .number(1), "y": .number(0.5), "temperature": .number(20),
        ]
        #expect(try holds(text, fields, slots) == expected)
    }

    @Test func `hour and weekday of a timestamp need no event`() {
        let noon = Value.timestamp(Instant(milliseconds: 1_784_116_800_000))
        let row = row(["last_reading": noon])
        #expect(evaluate("hour(last_reading)", row) == .value(.integer(12)))
        #expect(evaluate("weekday(last_reading)", row) == .value(.integer(3)))
    }

    @Test func `calls are computed in order and equal ones once`() throws {
        let rule = try compile(
            "zscore(delta(x), 60) > 3 or delta(x) > 2 or delta(n) > previous(n, 2)")
        #expect(
            rule.calls.map(\.kind) == [
                .previous(1), .detector(.zscore, [60, 0]), .previous(1), .previous(2),
            ])
        #expect(rule.calls.map(\.type) == [.number, .number, .integer, .integer])
        // The detector looks at the difference, which reads the slot of the call before it.
        let argument = rule.calls[1].argument
        #expect(argument.evaluate(row(["x": .number(5)]) + [.number(3)]) == .number(2))
        #expect(try compile("zscore(x) > 1").calls[0].kind == .detector(.zscore, [30, 0]))
    }

    @Test func `later steps read the first event of earlier ones and aggregates over all`() throws {
        let rule = try compile(
            "open: x > 1 at least 2 times then x > open.x + avg(open.y) and delta(x) > 0 "
                + "and count(open) > 1 and count(open.x > open.y) < 9 within 1h")
        #expect(rule.aggregates.isEmpty)
        #expect(rule.captures.map(\.step) == [0, 0, 0, 0])
        #expect(rule.captures[0].what == .first(column: 5))
        guard case .aggregate(.avg, nil, let input) = rule.captures[1].what,
            case .aggregate(.count, nil, let all) = rule.captures[2].what,
            case .aggregate(.count, nil, let some) = rule.captures[3].what,
            case .condition(let condition) = rule.steps[1].what
        else {
            Issue.record("\(rule.captures)")
            return
        }
        let event = row(["x": .number(3), "y": .number(2)])
        #expect(input.evaluate(event) == .number(2))
        #expect(all.holds(event) == true && some.holds(event) == true)
        let slots: [Value?] = [.number(2), .number(1), .number(1.5), .integer(2), .integer(1)]
        #expect(condition.holds(event + slots) == true)
        #expect(condition.holds(event + slots.dropLast(2) + [.integer(1), .integer(1)]) == false)
    }

    @Test func `links, silences and groups have programs of their own`() throws {
        let rule = try compile(
            "a: x > 1 without y > a.x then door then no x > a.x for 5m until previous(x) > 3")
        guard case .without(let between) = rule.links[0],
            case .absence(let absent, .minute * 5) = rule.steps[2].what
        else {
            Issue.record("\(rule)")
            return
        }
        let event = row(["x": .number(5), "y": .number(2)]) + [.number(4), .number(3)]
        #expect(between.holds(event) == false)
        #expect(absent.holds(event) == true)
        #expect(rule.until?.holds(event) == true)
    }
}
