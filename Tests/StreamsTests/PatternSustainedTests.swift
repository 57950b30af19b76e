import Language
import Model
import Testing

@testable import Streams

@Suite("Counts and runs")
struct PatternSustainedTests {
    @Test("N times: others may come between")
    func exactly() {
        let rule = sequence([step("a", .exactlyTimes(3))])
        expect(rule, "1 p a;2 p x;3 p a;4 p a;5 p a;6 p a;7 p a;@9", gives: ["p 1-4", "p 5-7"])
        let within = sequence([step("a", .exactlyTimes(3))], within: "10s")
        expect(within, "1 p a;5 p a;11 p a;12 p a;@30", gives: ["p 5-12"])
        expect(within, "1 p a;5 p a;10.999 p a;@30", gives: ["p 1-10.999"])
    }

    @Test("N times as a later step, and what its link forbids")
    func exactlyLater() {
        let rule = sequence([step("a"), step("b", .exactlyTimes(2)), step("c")])
        expect(rule, "1 p a;2 p b;3 p c;4 p b;5 p b;6 p c;@9", gives: ["p 1-6"])
        let clean = sequence([step("a"), step("b", .exactlyTimes(2))], [without("x")])
        expect(clean, "1 p a;2 p b;3 p x;4 p b;@9", gives: [])
        expect(clean, "1 p a;2 p b;3 p bx;@9", gives: ["p 1-3"])
        let strict = sequence([step("a"), step("b", .exactlyTimes(2))], [.strict])
        expect(strict, "1 p a;2 p b;3 p c;4 p b;@9", gives: ["p 1-4"])
        expect(strict, "1 p a;2 p c;3 p b;4 p b;@9", gives: [])
    }

    @Test("at least N times: greedy until the next step, which comes first")
    func greedy() {
        let last = sequence([step("a", .atLeastTimes(2))])
        expect(last, "1 p a;2 p a;3 p a;4 p a;@9", gives: ["p 1-2", "p 3-4"])
        let rule = sequence([step("a", .atLeastTimes(2)), step("b")])
        expect(rule, "1 p a;2 p b;3 p a;4 p x;5 p a;6 p b;@9", gives: ["p 1-6"])
        expect(rule, "1 p a;2 p ab;3 p ab;@9", gives: ["p 1-3"])
        expect(rule, "1 p a;2 p b;@9", gives: [])
    }

    @Test("immediately behind at least N times: behind the last of them")
    func greedyStrict() {
        let rule = sequence([step("a", .atLeastTimes(2)), step("b")], [.strict])
        expect(rule, "1 p a;2 p a;3 p b;@9", gives: ["p 1-3"])
        expect(rule, "1 p a;2 p a;3 p x;4 p b;@9", gives: [])
        expect(rule, "1 p a;2 p a;3 p x;4 p a;5 p b;@9", gives: ["p 1-5"])
    }

    @Test("without behind at least N times: from when there are enough")
    func greedyWithout() {
        let rule = sequence([step("a", .atLeastTimes(2)), step("b")], [without("x")])
        expect(rule, "1 p a;2 p x;3 p a;4 p b;@9", gives: ["p 1-4"])
        expect(rule, "1 p a;2 p a;3 p x;4 p b;@9", gives: [])
        expect(rule, "1 p a;2 p a;3 p ax;4 p b;@9", gives: ["p 1-4"])
    }

    @Test("a silence behind at least N times begins with the last of them")
    func greedySilence() {
        let rule = sequence([step("a", .atLeastTimes(2)), silence("b", "5s")])
        expect(rule, "1 p a;2 p a;4 p a;6 p x;@20", gives: ["p 1-9"])
        expect(rule, "1 p a;2 p a;6 p b;@20", gives: [])
        let quiet = sequence([step("a", .atLeastTimes(1)), silence(nil, "5s"), step("b")])
        expect(quiet, "1 p a;3 p a;9 p b;@20", gives: ["p 1-9"])
        expect(quiet, "1 p a;3 p a;4 p x;9 p b;@20", gives: [])
    }

    @Test("what ends those that have enough leaves those that have less")
    func greedyLeft() {
        let quiet = sequence([step("a", .atLeastTimes(2)), silence("b", "5s")])
        expect(quiet, "1 p a;2 p a;3 p ab;4 p b;5 p a;9 p x;@20", gives: ["p 3-10"])
        let clean = sequence([step("a", .atLeastTimes(3)), step("b")], [without("x")])
        expect(clean, "1 p a;2 p a;3 p a;4 p x;5 p a;6 p b;@20", gives: ["p 2-6"])
        expect(clean, "1 p a;2 p a;3 p a;4 p x;5 p x;6 p a;7 p a;8 p b;@20", gives: ["p 2-8"])
        let later = sequence(
            [step("c"), step("a", .atLeastTimes(2)), step("b")], [.relaxed, without("x")])
        expect(later, "1 p c;2 p a;3 p c;4 p a;5 p x;6 p a;7 p b;@20", gives: ["p 3-7"])
        let held = sequence([
            step("a", .duration(span("2s"))), step("c", .atLeastTimes(2)), silence("b", "5s"),
        ])
        expect(held, "1 p a;4 p c;5 p x;6 p a;8.5 p c;9 p b;10 p c;@30", gives: ["p 6-15"])
    }

    @Test("of those that are equally far only the earliest is kept")
    func greedyKept() {
        var story = PatternStory(
            sequence([step("a", .atLeastTimes(3)), step("b")], [without("x")]), source: "p")
        _ = story.play((1...50).map { "\($0) p a" }.joined(separator: ";") + ";@99")
        #expect(story.stream.ordered[0].partialCount == 3)
        let bound = story.stream.memory(registry: story.registry).parts.first {
            $0.what == "partials m"
        }
        #expect(bound?.count == 3 + 3)
    }

    @Test("N consecutive events: any other breaks the run")
    func consecutiveEvents() {
        let rule = sequence([step("a", .consecutiveEvents(3))])
        expect(rule, "1 p a;2 p a;3 p x;4 p a;5 q x;6 p a;7 p a;8 p a;@9", gives: ["p 4-7"])
        expect(rule, "1 p a;2 p ?a;3 p a;4 p a;5 p a;@9", gives: ["p 3-5"])
        let within = sequence([step("a", .consecutiveEvents(3))], within: "10s")
        expect(within, "1 p a;6 p a;11 p a;12 p a;@30", gives: ["p 6-12"])
        let one = sequence([step("a", .consecutiveEvents(1)), step("b")])
        expect(one, "1 p a;2 p a;3 p b;@9", gives: ["p 1-3"])
    }

    @Test("N consecutive events as a later step begin anew, unless they must follow at once")
    func consecutiveLater() {
        let rule = sequence([step("a"), step("b", .consecutiveEvents(2))])
        expect(rule, "1 p a;2 p b;3 p x;4 p b;5 p b;@9", gives: ["p 1-5"])
        let strict = sequence([step("a"), step("b", .consecutiveEvents(2))], [.strict])
        expect(strict, "1 p a;2 p b;3 p b;@9", gives: ["p 1-3"])
        expect(strict, "1 p a;2 p b;3 p x;4 p b;5 p b;@9", gives: [])
    }

    @Test("N of M events")
    func someEvents() {
        let rule = sequence([step("a", .someEvents(count: 2, of: 3))])
        expect(rule, "1 p a;2 p x;3 p a;@9", gives: ["p 1-3"])
        expect(rule, "1 p a;2 p x;3 p x;4 p a;5 p x;6 p a;@9", gives: ["p 4-6"])
        expect(rule, "1 p a;2 p x;3 p x;4 p x;5 p a;@9", gives: [])
        let later = sequence([step("b"), step("a", .someEvents(count: 2, of: 3))])
        expect(later, "1 p ab;2 p a;3 p x;4 p x;5 p a;6 p x;7 p a;@9", gives: ["p 1-7"])
        let one = sequence([step("a", .someEvents(count: 1, of: 3)), step("b")])
        expect(one, "1 p a;2 p b;@9", gives: ["p 1-2"])
    }

    @Test("of more than a word's bits")
    func someOfMany() {
        let rule = sequence([step("b"), step("a", .someEvents(count: 2, of: 100))])
        let quiet = (3...101).map { "\($0) p x" }.joined(separator: ";")
        expect(rule, "1 p b;2 p a;\(quiet);102 p a;@200", gives: [])
        let shorter = (3...100).map { "\($0) p x" }.joined(separator: ";")
        expect(rule, "1 p b;2 p a;\(shorter);101 p a;@200", gives: ["p 1-101"])
    }

    @Test("for a time, as any step")
    func duration() {
        let first = sequence([step("a", .duration(span("5s"))), step("b")])
        expect(first, "1 p a;3 p a;7 p b;@20", gives: ["p 1-7"])
        expect(first, "1 p a;5 p x;8 p b;@20", gives: [])
        expect(first, "1 p a;6 p b;@20", gives: ["p 1-6"])
        // Once a run: what is still true does not begin again.
        expect(first, "1 p a;7 p ab;8 p ab;20 p ab;@40", gives: ["p 1-7"])
        expect(first, "1 p a;7 p b;8 p a;14 p b;@40", gives: ["p 1-7", "p 8-14"])
        let last = sequence([step("b"), step("a", .duration(span("5s")))])
        expect(last, "1 p b;2 p a;4 p x;5 p a;9 p a;@20", gives: ["p 1-10"])
        expect(last, "1 p b;2 p a;4 p x;@20", gives: [])
        let clean = sequence([step("b"), step("a", .duration(span("5s")))], [without("x")])
        expect(clean, "1 p b;2 p x;3 p a;@20", gives: [])
        let strict = sequence([step("b"), step("a", .duration(span("5s")))], [.strict])
        expect(strict, "1 p b;2 p a;4 p x;5 p a;@20", gives: [])
        expect(strict, "1 p b;2 p a;@20", gives: ["p 1-7"])
    }

    @Test("for a time within a longer one")
    func durationWithin() {
        let rule = sequence([step("b"), step("a", .duration(span("5s")))], within: "10s")
        expect(rule, "1 p b;5.999 p a;@20", gives: ["p 1-10.999"])
        expect(rule, "1 p b;6 p a;@20", gives: [])
    }

    @Test("a timer fires before an event of its time")
    func timerFirst() {
        let rule = sequence([step("a", .duration(span("5s")))])
        expect(rule, "1 p a;6 p x;@20", gives: ["p 1-6"])
        expect(rule, "1 p a;5.999 p x;@20", gives: [])
    }

    @Test("timers due together: by pattern, then by the key's name")
    func timersTogether() {
        let rule = sequence([step("a"), silence("b", "5s")])
        expect(rule, "1 q a;1 p a;1 r a;@20", gives: ["p 1-6", "q 1-6", "r 1-6"])
    }

    @Test("two starts that come to the same timed step: the earlier is enough")
    func prunedTimers() {
        let rule = sequence([
            step("a", .duration(span("3s"))), step("b"), step("c", .duration(span("3s"))),
        ])
        expect(rule, "1 p a;5 p x;6 p a;10 p bc;11 p bc;@30", gives: ["p 1-14"])
    }
}

@Suite("Silence")
struct PatternSilenceTests {
    @Test("no data: once, at the last event and the span; again after the next event")
    func noData() {
        let rule = sequence([silence(nil, "5s")])
        expect(rule, "1 p;3 p;@30", gives: ["p 3-8"])
        expect(rule, "1 p;7 p;@30", gives: ["p 1-6", "p 7-12"])
        expect(rule, "1 p;6 p;@10", gives: ["p 1-6"])
        expect(rule, "1 p;5.999 p;@10", gives: [])
        expect(rule, "1 p;2 q;@30", gives: ["p 1-6", "q 2-7"])
    }

    @Test("no x: from the first event of the key, or the last x")
    func absence() {
        let rule = sequence([silence("a", "5s")])
        expect(rule, "1 p x;3 p x;@30", gives: ["p 1-6"])
        expect(rule, "1 p a;3 p x;5 p a;7 p x;@30", gives: ["p 5-10"])
        expect(rule, "1 p x;7 p x;8 p a;@30", gives: ["p 1-6", "p 8-13"])
        expect(rule, "1 p a;6 p a;@30", gives: ["p 1-6", "p 6-11"])
    }

    @Test("a, then no b for a time")
    func last() {
        let rule = sequence([step("a"), silence("b", "5s")])
        expect(rule, "1 p a;3 p x;@30", gives: ["p 1-6"])
        expect(rule, "1 p a;5.999 p b;@30", gives: [])
        expect(rule, "1 p a;6 p b;@30", gives: ["p 1-6"])
        expect(rule, "1 p a;2 p a;@30", gives: ["p 1-6"])
        expect(rule, "1 p a;2 p b;3 p a;@30", gives: ["p 3-8"])
        expect(rule, "1 p ab;@30", gives: ["p 1-6"])
    }

    @Test("a, then no b for a time, then c")
    func middle() {
        let rule = sequence([step("a"), silence("b", "5s"), step("c")])
        expect(rule, "1 p a;3 p c;7 p c;@30", gives: ["p 1-7"])
        expect(rule, "1 p a;3 p b;7 p c;@30", gives: [])
        let strict = sequence([step("a"), silence("b", "5s"), step("c")], [.relaxed, .strict])
        expect(strict, "1 p a;6 p c;@30", gives: ["p 1-6"])
        expect(strict, "1 p a;6 p x;7 p c;@30", gives: [])
    }

    @Test("silence first, then something")
    func first() {
        let rule = sequence([silence(nil, "5s"), step("a")])
        expect(rule, "1 p;7 p x;8 p a;@9", gives: ["p 1-8"])
        expect(rule, "1 p;3 p a;@4", gives: [])
        expect(rule, "1 p;7 p a;13 p a;@14", gives: ["p 1-7", "p 7-13"])
        let other = sequence([silence("b", "5s"), step("a")])
        expect(other, "1 p x;7 p a;8 p a;20 p a;@30", gives: ["p 1-7"])
        expect(other, "1 p x;7 p ab;13 p a;@30", gives: ["p 1-7", "p 7-13"])
    }

    @Test("silence within a span")
    func within() {
        let rule = sequence([step("a"), silence("b", "5s")], within: "4s")
        expect(rule, "1 p a;@30", gives: [])
        expect(rule, "1 p a;@30", gives: ["p 1-5 !1"], timeouts: true)
    }

    @Test("a timer that an earlier one has overtaken says nothing")
    func overtaken() {
        let rule = sequence([step("a", .duration(span("10s"))), silence("b", "2s")])
        expect(rule, "1 p a;12 p x;@30", gives: ["p 1-13"])
        let mixed = sequence([silence(nil, "10s"), step("a"), silence("b", "2s")]) {
            $0.isOverlapping = true
        }
        expect(mixed, "1 p;12 p a;@40", gives: ["p 1-14"])
    }
}
