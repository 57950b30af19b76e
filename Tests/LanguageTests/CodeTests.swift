import Language
import Model
import Testing

/// Every code once, with a text that has it and what is said: codes and words are stable.
@Suite struct CodeTests {
    static let table: [(code: String, text: String, message: String)] = [
        ("E0301", "x > $", "`$` has no meaning here"),
        ("E0302", "label = \"open", "this string has no closing \""),
        ("E0303", "x > 1e999", "`1e999` is too large for a number"),
        ("E0304", "x between 1 or 2", "expected `and` and the upper bound, found `or`"),
        ("E0305", "door adn door", "expected an operator or the end, found `adn`"),
        ("E0306", String(repeating: "not ", count: 65) + "door", "more than 64 times `not`"),
        (
            "E0307", "x" + String(repeating: " ", count: 4096),
            "longer than the 4096 bytes an expression may have"
        ),
        ("E0309", "x > 1 for 5 min", "`5 min` is no duration"),
        ("E0310", "x > 1 && door", "`&&` is spelt `and` in this language"),
        ("E0311", "0 < x < 50", "comparisons cannot be chained"),
        (
            "E0312", "temperature > 5 within 5m",
            "`within` needs something that spans time; this is one reading, true "
                + "or false at an instant"
        ),
        ("E0313", "temprature > 5", "there is no `temprature` here"),
        ("E0314", "max_z > 5 within 5m", "`max_z` could be the max of zeta or zone"),
        ("E0315", "abss(x) > 1", "there is no function `abss`"),
        ("E0316", "abs(x, y) > 1", "`abs` takes one argument, not 2"),
        ("E0317", "x and door", "`x` is a number, not a condition"),
        ("E0318", "temperature > 30 degc", "there is no unit `degc`"),
        (
            "E0319", "temperature > humidity",
            "`temperature` is a temperature (Cel), `humidity` is a ratio (%)"
        ),
        ("E0320", "x > 30 degC", "the unit of `x` is not known, so `30 degC` cannot be converted"),
        ("E0321", "mode = \"cold\"", "`mode` is never \"cold\""),
        ("E0322", "avg(x) > 30", "`avg(x)` needs to know how far to look back"),
        (
            "E0323", "x > 1 for 3 consecutive windows",
            "there are no windows here, but single events"
        ),
        (
            "E0324", "x > 1 for 0 consecutive events",
            "the count must be a whole number from 1 to 100000"
        ),
        ("E0325", "x > 1 for 5m for 6m", "`for 6m` cannot stand beside `for 5m`"),
        (
            "E0326", "temperature",
            "a condition (true or false) is needed here, and this is a number"
        ),
        ("E0327", "avg(max(x)) > 30 within 5m", "an aggregate cannot stand inside another"),
        ("E0328", " ", "there is no condition here"),
        (
            "E0329", "x > 1 and no data for 5m",
            "`no … for` begins a step, and cannot be part of a condition"
        ),
        (
            "E0330", "x > 1 within 5m then door",
            "`within` is for the whole rule, but a step follows it"
        ),
        (
            "E0331", String(repeating: "door then ", count: 16) + "door",
            "a sequence has at most 16 steps"
        ),
        ("E0332", "a: door then a: x > 1", "another step has the label `a`"),
        (
            "E0333", "a: b.x > 1 then b: door",
            "the events of `b` are not there yet when this is decided"
        ),
        ("E0334", "zscore(x, windw: 30) > 1", "`zscore` has no `windw`"),
        ("E0335", "zscore(x, 1) > 1", "`window` must be a whole number from 2 to 4096"),
        ("E0336", "x is stale", "`stale` needs to know after how long a silence"),
        ("E0337", "x > 1 overlapping", "matches of a single step cannot overlap"),
        (
            "E0338", "door immediately then no data for 5m",
            "a silence is no event that could come immediately"
        ),
    ]

    @Test(arguments: table)
    func `what is said`(code: String, text: String, message: String) {
        var diagnostics: [Diagnostic] = []
        let rule = Rule.compile(Located(text), schema: climate, diagnostics: &diagnostics)
        #expect(rule == nil)
        #expect(diagnostics.map(\.code) == [code])
        #expect(diagnostics.map(\.message) == [message])
    }

    @Test func `no code is left out`() {
        #expect(Set(CodeTests.table.map(\.code)) == Set(Fault.allCases.map(\.rawValue)))
    }
}
