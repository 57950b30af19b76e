import Language
import Model
import Testing

@testable import Streams

/// Each construct of a rule as it is written, with events and what they lead to: at the bounds, and
/// where two events are of one time. Of `p 2-5`, 2 is when it began and 5 when it was found.
@Suite("The constructs of patterns, as they are written")
struct PatternConstructTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var rule: String
        var script: String
        var matches: [String]
        var testDescription: String { "\(rule)   \(script)" }

        init(_ rule: String, _ script: String, _ matches: String...) {
            (self.rule, self.script, self.matches) = (rule, script, matches)
        }
    }

    static let sequences = [
        // The next that fits; of one time, the order of arrival decides.
        Row("a then b", "1 p a;2 p x;3 p b", "p 1-3"),
        Row("a then b", "1 p a;1 p b", "p 1-1"),
        Row("a then b", "1 p b;1 p a"),
        Row("a then b", "1 p ab;1 p ab", "p 1-1"),
        Row("a then b", "1 p a;2 p ?b;3 p b", "p 1-3"),
        Row("a immediately then b", "1 p a;1 p x;1 p b"),
        Row("a immediately then b", "1 p a;1 q x;2 p b", "p 1-2"),
        Row("a immediately then b", "1 p a;2 p a;3 p b", "p 2-3"),
        Row("a without x then b", "1 p a;2 p x;3 p b"),
        Row("a without x then b", "1 p a;2 p xb", "p 1-2"),
        Row("a without x then b", "1 p a;2 p b;2 p x", "p 1-2"),
        Row("a without x then b", "1 p a;2 p x;2 p b"),
        // The last less than the span after the first.
        Row("a then b within 5s", "1 p a;5.999 p b", "p 1-5.999"),
        Row("a then b within 5s", "1 p a;6 p b"),
        Row("a then b within 5s", "1 p a;1 p a;6 p b"),
        Row("a then b then c within 5s", "1 p a;3 p b;5 p a;6 p c;7 p b;8 p c", "p 5-8"),
        // Behind a match all begins anew, or with the event behind the one that it began with.
        Row("a then b", "1 p a;2 p ab;3 p b;4 p b", "p 1-2"),
        Row("a then b overlapping", "1 p a;2 p ab;3 p b;4 p b", "p 1-2", "p 2-3"),
        Row("a then b overlapping", "1 p a;1 p a;2 p b", "p 1-2", "p 1-2"),
        Row("a then b overlapping", "1 p a;2 p a;3 p b;4 p b", "p 1-3", "p 2-3"),
    ]

    static let counts = [
        Row("a 2 times", "1 p a;2 p x;3 p a;4 p a;5 p a", "p 1-3", "p 4-5"),
        Row("a 2 times", "1 p a;1 p a;1 p a", "p 1-1"),
        Row("a exactly 2 times overlapping", "1 p a;2 p a;3 p a", "p 1-2", "p 2-3"),
        Row("a 2 times within 5s", "1 p a;6 p a;7 p a", "p 6-7"),
        Row("a at least 2 times then b", "1 p a;2 p b;3 p a;4 p a;5 p b", "p 1-5"),
        Row("a at least 2 times then b", "1 p a;2 p a;2 p b", "p 1-2"),
        Row("a at least 2 times then b", "1 p a;2 p ab;3 p ab", "p 1-3"),
        Row("a at least 2 times", "1 p a;2 p a;3 p a", "p 1-2"),
        Row("b then a at least 2 times then c", "1 p b;2 p a;3 p c;4 p a;5 p c", "p 1-5"),
        Row("a for 3 consecutive events", "1 p a;2 p a;3 p x;3 p a;4 p a;5 p a", "p 3-5"),
        Row("a for 3 consecutive events", "1 p a;2 p a;2 q x;3 p a", "p 1-3"),
        Row("a for 3 consecutive events", "1 p a;2 p ?a;3 p a;4 p a"),
        Row("a for 2 of 3 events", "1 p a;2 p x;3 p a", "p 1-3"),
        Row("a for 2 of 3 events", "1 p a;2 p x;3 p x;4 p a;5 p a", "p 4-5"),
        Row(
            "b then a for 2 of 3 events overlapping", "1 p b;2 p a;3 p b;4 p a;5 p a",
            "p 1-4", "p 3-5"),
    ]

    static let spans = [
        // It fires when due, before any event of that time, once a run.
        Row("a for 5s", "1 p a;6 p x", "p 1-6"),
        Row("a for 5s", "1 p a;5.999 p x;6 p a"),
        Row("a for 5s", "1 p a;3 p ?a;4 p a;9 p x", "p 4-9"),
        Row("a for 5s", "1 p a;3 p a;20 p a", "p 1-6"),
        Row("no data for 5s", "1 p;6 p;7 p;12 p", "p 1-6", "p 7-12"),
        Row("no data for 5s", "1 p;5.999 p"),
        Row("no event for 5s", "1 p;3 q;9 q", "p 1-6", "q 3-8"),
        Row("no a for 5s", "1 p a;3 p x;6 p a;7 p a", "p 1-6"),
        Row("no a for 5s", "1 p a;5.999 p a;9 p x"),
        Row("a then no b for 5s", "1 p a;6 p b", "p 1-6"),
        Row("a then no b for 5s", "1 p a;5.999 p b;20 p x"),
        Row("a then no data for 5s", "1 p a;5.999 p x;20 p x"),
        Row("a then no data for 5s", "1 p a;6 p x", "p 1-6"),
        Row(
            "no data for 10s then a then no b for 2s overlapping",
            "1 p;12 p x;13 p a;22.5 p x;30 p x", "p 1-15"),
        Row(
            "a then no b for 20s then v is stale after 10s", "1 p a 5;25 p . 5;99 p . 5",
            "p 1-35.001"),
    ]

    static let memories = [
        // Earlier steps' values, their aggregates, and a step's own events so far.
        Row("o: a then b and v > o.v", "1 p a 5;2 p b 5;3 p b 6", "p 1-3"),
        Row("o: a then b and v > o.v", "1 p a 5;2 p a 3;3 p b 4", "p 2-3"),
        Row(
            "o: a at least 2 times then b and v > avg(o.v)", "1 p a 1;2 p a 3;3 p b 2;4 p b 2.5",
            "p 1-4"),
        Row(
            "o: a at least 2 times then b and count(o) >= 3", "1 p a;2 p a;3 p b;4 p a;5 p b",
            "p 1-5"),
        Row(
            "o: a and (count(o) = 0 or v > max(o.v)) 3 times", "1 p a 1;2 p a 3;3 p a 2;4 p a 4",
            "p 1-4"),
        Row(
            "o: a at least 2 times then no (b and v > max(o.v)) for 5s",
            "1 p a 1;2 p a 3;3 p b 2;4 p x;20 p x", "p 1-7"),
        Row(
            "o: a at least 2 times then no (b and v > max(o.v)) for 5s",
            "1 p a 1;2 p a 3;3 p b 4;20 p x"),
        Row("count(a) >= 2 within 5s", "1 p a;5.999 p a;6 p x", "p 5.999-5.999"),
        Row("count(a) >= 2 within 5s", "1 p a;6 p a"),
        Row("sum(v) over 2 events > 5", "1 p . 3;2 p . 3;3 p . 1;4 p . 5", "p 2-2", "p 4-4"),
    ]

    static let clauses = [
        Row(
            "a then b per line", "1 p a 0 one;1 p a 0 two;2 p b 0 two;3 p b 0 one",
            "p,two 1-2", "p,one 1-3"),
        Row("a cooldown 5s", "1 p a;5.999 p a;6 p a", "p 1-1", "p 6-6"),
        Row("a cooldown 5s", "1 p a;1 q a;2 p a", "q 1-1", "p 1-1"),
        Row("a then b until x", "1 p a;2 p x;3 p b"),
        Row("a then b until x", "1 p a;2 p b;2 p x", "p 1-2"),
        Row("a then b until x", "1 p a;2 p xb;3 p b"),
        Row("a for 5s until x", "1 p a;6 p ax", "p 1-6"),
    ]

    static let groups = [
        Row("any devices: a", "1 p a;2 q a;3 p x;4 q x;5 r a", " 1-1", " 5-5"),
        Row("all devices: a", "1 p a;2 q a;3 r a;4 s a;5 s x;5 s a", " 1-4", " 1-5"),
        Row("all devices: a", "1 p a;2 q a;3 r a"),
        Row("at least 2 devices: a", "1 p a;1 q a;2 p x;2 p a", " 1-1", " 1-2"),
        Row("at least 2 devices: a", "1 p a;1 p a"),
        Row("50% devices: a", "1 p a;2 q a", " 1-2"),
        Row("51% devices: a", "1 p a;2 q a"),
        Row("at least 2 devices: a within 5s", "1 p a;5.999 q a", " 1-5.999"),
        Row("at least 2 devices: a within 5s", "1 p a;6 q a"),
        Row("at least 2 devices: a until x", "1 p a;2 r x;3 q a;4 p a", " 3-4"),
        Row("at least 2 devices: a then no b for 5s", "1 p a;2 q a;6.999 r x;20 r x", " 1-7"),
        Row("at least 2 devices: a then no b for 5s", "1 p a;2 q a;6.999 r b;20 r x"),
    ]

    @Test(arguments: sequences + counts + spans)
    func events(_ row: Row) {
        expect(rule(row.rule), row.script + ";@\(end(of: row))", gives: row.matches)
    }

    @Test(arguments: memories + clauses + groups)
    func state(_ row: Row) {
        expect(rule(row.rule), row.script + ";@\(end(of: row))", gives: row.matches)
    }

    /// Just behind the last event, whose own silence is not waited for.
    private func end(of row: Row) -> String {
        let last = row.script.split(separator: ";").last?.split(separator: " ").first ?? "0"
        return "\((Double(last) ?? 0) + 0.001)"
    }
}
