import Language
import Model
import Testing

/// One row per construct: the text, the fields of the row, and what comes out.
@Suite struct ConditionTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var row: [Value?]
        var expected: Value?
        var testDescription: String { text }

        init(_ text: String, _ fields: KeyValuePairs<String, Value>, _ expected: Value?) {
            self.text = text
            row = LanguageTests.row(fields)
            self.expected = expected
        }
    }

    private func check(_ example: Case) {
        #expect(evaluate(example.text, example.row) == .value(example.expected))
    }

    @Test(arguments: [
        Case("temperature > 0 and temperature < 50", ["temperature": .number(20)], yes),
        Case("temperature > 0 and temperature < 50", ["temperature": .number(50)], no),
        Case("temperature > 0 and temperature < 50", [:], nil),
        Case("temperature > 20", ["temperature": .integer(21)], yes),
        Case("n = 2", ["n": .integer(2)], yes), Case("n == 2", ["n": .integer(2)], yes),
        Case("n != 2", ["n": .integer(2)], no), Case("n <= 2", ["n": .integer(2)], yes),
        Case("n >= 3", ["n": .integer(2)], no), Case("3 > n", ["n": .integer(2)], yes),
        Case("2 <= x", ["x": .number(2)], yes), Case("n < 2.5", ["n": .integer(2)], yes),
        Case("n = x", ["n": .integer(2), "x": .number(2)], yes),
        Case("n < m", ["n": .integer(.max - 1), "m": .integer(.max)], yes),
        Case("x between 1 and 3", ["x": .number(3)], yes),
        Case("x not between 1 and 3", ["x": .number(3)], no),
        Case("x between 1 and 3 and door", ["x": .number(2), "door": yes], yes),
        Case("x between 1 and y", ["x": .number(0)], no),
        Case("x between 1 and y", ["x": .number(2)], nil),
        Case("n in [1, 2, -3]", ["n": .integer(-3)], yes),
        Case("n in [1, 2.5]", ["n": .integer(2)], no),
        Case("n not in [1, 2]", ["n": .integer(3)], yes), Case("n in [1]", [:], nil),
        Case("mode in [\"cool\", 'heat']", ["mode": .text("heat")], yes),
        Case("mode = \"cool\"", ["mode": .text("cool")], yes),
        Case("\"cool\" != mode", ["mode": .text("cool")], no),
        Case("mode = label", ["mode": .text("off"), "label": .text("off")], yes),
        Case("label = \"a\\\"b\"", ["label": .text("a\"b")], yes),
        Case("context.device_id = \"s1\"", ["context.device_id": .text("s1")], yes),
        Case("`window` > 1 and window < 3", ["window": .number(2)], yes),
        Case("door", ["door": yes], yes), Case("not door", ["door": yes], no),
        Case("not not door", ["door": yes], yes), Case("door = false", ["door": no], yes),
        Case("door != (x > 1)", ["door": yes, "x": .number(0)], yes),
    ])
    func `relations`(example: Case) { check(example) }

    @Test(arguments: [
        Case("x is missing", [:], yes), Case("x is not missing", [:], no),
        Case("n is missing", ["n": .integer(1)], no), Case("mode is missing", [:], yes),
        Case("door is missing", [:], yes), Case("last_reading is not missing", [:], no),
        Case("x / 0 is missing", ["x": .number(1)], yes),
        // Kleene: what is decided anyway is decided.
        Case("door and x > 1", ["door": no], no), Case("x > 1 and door", ["door": no], no),
        Case("door and x > 1", ["door": yes], nil), Case("door or x > 1", ["door": yes], yes),
        Case("x > 1 or door", ["door": no], nil), Case("not x > 1", [:], nil),
        Case("x = x", [:], nil), Case("x != x", [:], nil), Case("label = label", [:], nil),
        // A value that is not of the schema's type is missing.
        Case("x > 1", ["x": .text("2")], nil), Case("label = \"2\"", ["label": .number(2)], nil),
        Case("x > 1", ["x": .number(.infinity)], nil), Case("x < 1", ["x": .number(.nan)], nil),
    ])
    func `missing values`(example: Case) { check(example) }

    @Test(arguments: [
        Case("1 + 2 * 3", [:], .integer(7)), Case("(1 + 2) * 3", [:], .integer(9)),
        Case("7 - 2 - 1", [:], .integer(4)), Case("n / 2", ["n": .integer(7)], .number(3.5)),
        Case("7 % 4", [:], .integer(3)), Case("x % 2", ["x": .number(5.5)], .number(1.5)),
        Case("n % m", ["n": .integer(7), "m": .integer(0)], nil),
        Case("50 % n", ["n": .integer(8)], .integer(2)),
        Case("7 % -n", ["n": .integer(4)], .integer(3)),
        Case("-x", ["x": .number(2)], .number(-2)), Case("-n", ["n": .integer(2)], .integer(-2)),
        Case("2 - -n", ["n": .integer(2)], .integer(4)), Case("--3", [:], .integer(3)),
        Case("x / 0", ["x": .number(1)], nil), Case("n / 0", ["n": .integer(0)], nil),
        Case("x * x", ["x": .number(1e200)], nil),
        Case("n + 1", ["n": .integer(.max)], nil), Case("n * 2", ["n": .integer(.max)], nil),
        Case("-n - 2", ["n": .integer(.max)], nil), Case("x + n", ["x": .number(1)], nil),
        Case("n + 1.5", ["n": .integer(1)], .number(2.5)), Case("1e3", [:], .number(1000)),
        Case("9223372036854775808", [:], .number(9_223_372_036_854_775_808)),
        Case("abs(n)", ["n": .integer(-3)], .integer(3)),
        Case("abs(x)", ["x": .number(-3)], .number(3)),
        Case("min2(n, 3)", ["n": .integer(5)], .integer(3)),
        Case("max2(x, 3)", ["x": .number(5)], .number(5)), Case("max2(x, 3)", [:], nil),
        Case("round(x)", ["x": .number(2.5)], .number(3)),
        Case("round(n)", ["n": .integer(2)], .integer(2)),
        Case("clamp(x, 0, 10)", ["x": .number(11)], .number(10)),
        Case("clamp(x, 0, 10)", ["x": .number(-1)], .number(0)),
        Case("coalesce(x, y, 7)", [:], .number(7)),
        Case("coalesce(x, 7)", ["x": .number(1)], .number(1)),
        Case("coalesce(label, mode, \"none\")", ["mode": .text("cool")], .text("cool")),
        Case("coalesce(label, mode, \"none\")", [:], .text("none")),
        Case("coalesce(door, true)", [:], yes),
    ])
    func `arithmetic and functions`(example: Case) { check(example) }

    @Test(arguments: [
        Case("temperature > 86 degF", ["temperature": .number(30.1)], yes),
        Case("temperature > 86 degF", ["temperature": .number(29.9)], no),
        Case("temperature >= 122 degF", ["temperature": .number(50)], yes),
        Case("temperature > 30degC", ["temperature": .number(30.1)], yes),
        Case("temperature < -4 degF", ["temperature": .number(-20.1)], yes),
        Case("temperature >= 273.15 K", ["temperature": .number(0)], yes),
        Case("5 kW < power", ["power": .number(5001)], yes),
        Case("power > 5kW", ["power": .number(4999)], no),
        Case("humidity > 50%", ["humidity": .number(51)], yes),
        Case("humidity > 50 % and door", ["humidity": .number(51), "door": yes], yes),
        Case("100% - humidity < 50", ["humidity": .number(51)], yes),
        Case("humidity > 0.5 ratio", ["humidity": .number(51)], yes),
        Case("temperature in [20 degC, 86 degF]", ["temperature": .number(20)], yes),
        Case("temperature between 68 degF and 30", ["temperature": .number(25)], yes),
        // A difference converts without the offset, and so does what is added.
        Case("temperature - 20 degC > 9 degF", ["temperature": .number(25.5)], yes),
        Case("temperature - 20 degC > 9 degF", ["temperature": .number(24.5)], no),
        Case("9 degF < temperature - 20 degC", ["temperature": .number(25.5)], yes),
        Case("9 degF + temperature", ["temperature": .number(20)], .number(25)),
        Case("temperature + 9 degF", ["temperature": .number(20)], .number(25)),
        Case("power / 2 kW", ["power": .number(1000)], .number(0.5)),
        Case("power * 2 > 1 kW", ["power": .number(501)], yes),
        Case("distance > 2 km", ["distance": .number(2001)], yes),
        Case("distance > 5 m", ["distance": .number(6)], yes),
        Case(
            "last_reading > \"2026-07-15T14:00:00Z\"",
            ["last_reading": .timestamp(Instant(milliseconds: 1_900_000_000_000))], yes),
    ])
    func `units`(example: Case) { check(example) }

    @Test func `timestamps differ by durations and move by them`() {
        let at = Instant("2026-07-15T14:00:00Z")
        let row = row(["last_reading": at.map { .timestamp($0) } ?? .boolean(false)])
        #expect(
            evaluate("last_reading + 1h30m = \"2026-07-15T15:30:00Z\"", row) == .value(yes))
        #expect(evaluate("last_reading - 1 h < \"2026-07-15T13:00:01Z\"", row) == .value(yes))
        #expect(evaluate("last_reading - last_reading < 1ms", row) == .value(yes))
        #expect(evaluate("\"2026-07-15\" < last_reading", row) == .value(yes))
        #expect(evaluate("last_reading - last_reading > -5m", row) == .value(yes))
        let noon = Instant("2026-07-15T12:00:00Z").map { Value.timestamp($0) }
        #expect(evaluate("last_reading - 2h", row) == .value(noon))
        #expect(evaluate("last_reading in [\"2026-07-15T14:00:00Z\"]", row) == .value(yes))
        #expect(evaluate("last_reading + 1h", []) == .value(nil))
    }

    @Test func `a literal is converted when compiling, a column when running`() {
        let schema = Schema(columns: [
            .init(name: "inside", type: .number, unit: Unit("celsius")),
            .init(name: "outside", type: .number, unit: Unit("degF")),
        ])
        let row: [Value?] = [.number(30), .number(86)]
        #expect(evaluate("abs(inside - outside) < 0.001", row, schema: schema) == .value(yes))
        #expect(evaluate("inside > outside - 1", row, schema: schema) == .value(yes))
    }

    @Test func `a row that is too short reads as missing`() {
        #expect(evaluate("last_reading is missing", []) == .value(yes))
        #expect(evaluate("x > 1", []) == .value(nil))
    }

    @Test func `an integer result is a number where a number is asked for`() {
        var diagnostics: [Diagnostic] = []
        let program = Program.compile(
            Located("n + 1"), schema: climate, expecting: .number, diagnostics: &diagnostics)
        #expect(program?.type == .number)
        #expect(program?.evaluate(row(["n": .integer(1)])) == .number(2))
    }
}

private let yes = Value.boolean(true)
private let no = Value.boolean(false)
