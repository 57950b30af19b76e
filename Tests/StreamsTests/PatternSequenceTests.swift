import Language
import Model
import Testing

@testable import Streams

@Suite("Sequences of events")
struct PatternSequenceTests {
    private let ab = sequence([step("a"), step("b")])
    private let abc = sequence([step("a"), step("b"), step("c")])

    @Test("then: the next that qualifies, others are skipped, the earliest start wins")
    func relaxed() {
        expect(ab, "1 p a;2 p x;3 p b;@9", gives: ["p 1-3"])
        expect(ab, "1 p a;2 p a;3 p b;4 p b;@9", gives: ["p 1-3"])
        expect(ab, "1 p b;2 p a;3 q b;@9", gives: [])
        expect(abc, "1 p a;2 p c;3 p b;4 p a;5 p b;6 p c;@9", gives: ["p 1-6"])
    }

    @Test("each key is alone")
    func keys() {
        expect(ab, "1 p a;2 q a;3 q b;4 p b;@9", gives: ["q 2-3", "p 1-4"])
    }

    @Test("one event is one step; behind a match all begins anew")
    func skipping() {
        expect(ab, "1 p ab;2 p ab;3 p ab;4 p ab;@9", gives: ["p 1-2", "p 3-4"])
        expect(sequence([step("a"), step("a")]), "1 p a;2 p a;3 p a;@9", gives: ["p 1-2"])
    }

    @Test("of the same time, the order of devices and arrival decides")
    func peers() {
        expect(ab, "1 p a;1 p b;@9", gives: ["p 1-1"])
        expect(ab, "1 p b;1 p a;@9", gives: [])
    }

    @Test("overlapping: every start has its match, behind the event it began with")
    func overlapping() {
        let rule = sequence([step("a"), step("b")]) { $0.isOverlapping = true }
        expect(rule, "1 p a;2 p a;3 p b;4 p b;@9", gives: ["p 1-3", "p 2-3"])
        expect(rule, "1 p ab;2 p ab;3 p ab;@9", gives: ["p 1-2", "p 2-3"])
        let times = sequence([step("a", .exactlyTimes(3))]) { $0.isOverlapping = true }
        expect(times, "1 p a;2 p a;3 p x;4 p a;5 p a;@9", gives: ["p 1-4", "p 2-5"])
        let one = sequence([step("a", .exactlyTimes(1))]) { $0.isOverlapping = true }
        expect(one, "1 p a;2 p a;@9", gives: ["p 1-1", "p 2-2"])
        let silent = sequence([step("a"), silence("b", "5s")]) { $0.isOverlapping = true }
        expect(silent, "1 p a;2 p a;@9", gives: ["p 1-6", "p 2-7"])
    }

    @Test("immediately then: the very next event of the key")
    func strict() {
        let rule = sequence([step("a"), step("b")], [.strict])
        expect(rule, "1 p a;2 q x;3 p b;@9", gives: ["p 1-3"])
        expect(rule, "1 p a;2 p x;3 p b;@9", gives: [])
        expect(rule, "1 p a;2 p a;3 p b;@9", gives: ["p 2-3"])
        expect(rule, "1 p a;2 p ?b;3 p b;@9", gives: [])
    }

    @Test("without: what comes between aborts, but for the next step itself")
    func negation() {
        let rule = sequence([step("a"), step("b")], [without("x")])
        expect(rule, "1 p a;2 p c;3 p b;@9", gives: ["p 1-3"])
        expect(rule, "1 p a;2 p x;3 p b;@9", gives: [])
        expect(rule, "1 p a;2 p x;3 p a;4 p b;@9", gives: ["p 3-4"])
        expect(rule, "1 p a;2 p xb;@9", gives: ["p 1-2"])
        expect(rule, "1 p a;2 p ?x;3 p b;@9", gives: ["p 1-3"])
        expect(rule, "1 p xa;2 p b;@9", gives: ["p 1-2"])
    }

    @Test("without holds from one step to the next, and not beyond")
    func negationOfOneLink() {
        let rule = sequence([step("a"), step("b"), step("c")], [.relaxed, without("x")])
        expect(rule, "1 p a;2 p x;3 p b;4 p c;@9", gives: ["p 1-4"])
        expect(rule, "1 p a;2 p b;3 p a;4 p x;5 p b;6 p c;@9", gives: ["p 3-6"])
    }

    @Test("within: the last comes less than this after the first")
    func within() {
        let rule = sequence([step("a"), step("b")], within: "10s")
        expect(rule, "1 p a;10.999 p b;@30", gives: ["p 1-10.999"])
        expect(rule, "1 p a;11 p b;@30", gives: [])
        expect(rule, "1 p a;5 p a;11 p b;@30", gives: ["p 5-11"])
        expect(rule, "1 p a;2 p a;3 p b;4 p b;@30", gives: ["p 1-3"])
    }

    @Test("many starts expire one by one")
    func expiry() {
        let rule = sequence([step("a"), step("b")], within: "20s")
        let script = (1...50).map { "\($0) p a" }.joined(separator: ";")
        expect(rule, script + ";60 p b;@99", gives: ["p 41-60"])
        expect(rule, script + ";70 p b;@99", gives: [])
    }

    @Test("per: the values of columns divide the key")
    func per() {
        let rule = sequence([step("a"), step("b")]) { $0.per = [6] }
        expect(
            rule, "1 p a 0 one;2 p a 0 two;3 p b 0 two;4 p b 0 one;5 p b 0 one;@9",
            gives: ["p,two 2-3", "p,one 1-4"])
        expect(rule, "1 p a;2 q b;3 p b;@9", gives: ["p,? 1-3"])
        var limits = StreamLimits()
        limits.keys = 2
        var story = PatternStory(rule, limits: limits)
        #expect(
            story.play("1 p a 0 one;2 p a 0 two;3 p a 0 six;4 p b 0 six;5 p b 0 two;@9")
                == ["p,two 2-5"])
        #expect(story.stream.counters.droppedByLimit == 2)
    }

    @Test("cooldown: the key is quiet, and what would have matched is spent")
    func cooldown() {
        let rule = sequence([step("a"), step("b")]) { $0.cooldown = span("10s") }
        expect(
            rule, "1 p a;2 p b;3 p a;4 p b;5 q a;6 q b;11 p a;12 p b;@30",
            gives: ["p 1-2", "q 5-6", "p 11-12"])
        let plain = sequence([step("a")]) { $0.cooldown = span("10s") }
        expect(plain, "1 p a;2 p a;11 p a;@30", gives: ["p 1-1", "p 11-11"])
    }

    @Test("until: everything begun is forgotten, and the event begins nothing")
    func until() {
        let rule = sequence([step("a"), step("b")]) { $0.until = condition("x") }
        expect(rule, "1 p a;2 p x;3 p b;4 p a;5 p b;@9", gives: ["p 4-5"])
        expect(rule, "1 p a;2 p xb;3 p xa;4 p b;@9", gives: [])
        let held = sequence([step("a", .duration(span("5s")))]) { $0.until = condition("x") }
        expect(held, "1 p a;3 p ax;4 p a;@30", gives: ["p 4-9"])
        expect(held, "1 p a;7 p a;8 p x;9 p a;@30", gives: ["p 1-6", "p 9-14"])
    }

    @Test("what runs out of its time is reported with the step it had reached")
    func timeouts() {
        let rule = sequence([step("a"), step("b"), step("c")], within: "10s")
        expect(rule, "1 p a;2 p b;@30", gives: ["p 1-11 !2"], timeouts: true)
        expect(rule, "1 p a;11 p b;@30", gives: ["p 1-11 !1"], timeouts: true)
        expect(rule, "1 p a;2 p b;3 p c;@30", gives: ["p 1-3"], timeouts: true)
        expect(
            rule, "1 p a;2 p a;12 p x;@30", gives: ["p 1-11 !1", "p 2-12 !1"], timeouts: true)
        expect(rule, "1 p a;2 p b;@30", gives: [])
        let single = sequence([step("a", .exactlyTimes(2))], within: "5s")
        expect(single, "1 p a;9 p a;10 p a;@11", gives: ["p 1-6 !0", "p 9-10"], timeouts: true)
    }

    @Test("a time-out is no match: it has an id of its own, and no actions")
    func timeoutOutput() {
        var story = PatternStory(
            sequence([step("a"), step("b")], within: "10s"), timeouts: true)
        _ = story.play("1 p a 7")
        var outputs: [StreamOutput] = []
        story.stream.clock.push(to: seconds("20"))
        story.stream.release(registry: story.registry, into: &outputs)
        guard case .match(let match)? = outputs.first else {
            Issue.record("nothing came")
            return
        }
        #expect(match.id == "s/m/p/11000/timed-out/1")
        #expect(match.actions.isEmpty)
        #expect(match.values.first { $0.name == "v" }?.value == .number(7))
        #expect(story.stream.counters.timedOut == 1)
        #expect(story.stream.counters.matches == 0)
    }

    @Test("the match of a sequence carries the row that completed it")
    func values() {
        var story = PatternStory(sequence([step("a"), step("b")]))
        _ = story.play("1 p a 7")
        var outputs: [StreamOutput] = []
        story.stream.row[2] = .boolean(true)
        story.stream.row[5] = .number(8)
        story.stream.acceptRow(
            0, Device(index: 1), Property(index: 0), at: seconds("2"),
            registry: story.registry, now: seconds("2"), into: &outputs)
        story.stream.clock.push(to: seconds("3"))
        story.stream.release(registry: story.registry, into: &outputs)
        guard case .match(let match)? = outputs.first else {
            Issue.record("nothing came")
            return
        }
        #expect(match.id == "s/m/p/2000")
        #expect(match.actions == ["log"])
        #expect(match.values.first { $0.name == "v" }?.value == .number(8))
        #expect(match.values.first { $0.name == "id" }?.value == .text("p"))
    }
}

@Suite("Bounds of patterns")
struct PatternLimitTests {
    @Test("too many starts of a key: the earliest is dropped, and counted")
    func perKey() {
        var limits = StreamLimits()
        limits.partialsPerKey = 2
        let rule = sequence([step("a"), step("b")], within: "1h") { $0.isOverlapping = true }
        var story = PatternStory(rule, limits: limits)
        #expect(story.play("1 p a;2 p a;3 p a;4 p b;@9") == ["p 2-4", "p 3-4"])
        #expect(story.stream.counters.partialsDropped == 1)
    }

    @Test("too many starts of a pattern: the earliest of any key is dropped")
    func perRule() {
        var limits = StreamLimits()
        limits.partialsPerRule = 2
        let rule = sequence([step("a"), step("b")])
        var story = PatternStory(rule, limits: limits)
        #expect(story.play("1 p a;2 q a;3 r a;4 p b;5 q b;6 r b;@9") == ["q 2-5", "r 3-6"])
        #expect(story.stream.counters.partialsDropped == 1)
        #expect(story.stream.ordered[0].partialCount == 0)
    }

    @Test("without a span, one partial a step is all there is")
    func pruned() {
        let rule = sequence([step("a"), step("b"), step("c")])
        var story = PatternStory(rule)
        _ = story.play("1 p a;2 p a;3 p b;4 p a;5 p b;6 p a;7 p a;@9")
        #expect(story.stream.ordered[0].partialCount == 2)
        #expect(story.stream.ordered[0].slots.map(\.count) == [2])
    }

    @Test("more times than a key may hold are still counted")
    func times() {
        var limits = StreamLimits()
        limits.partialsPerKey = 2
        let rule = sequence([step("a", .exactlyTimes(5))], within: "1h")
        let script = (1...5).map { "\($0) p a" }.joined(separator: ";")
        expect(rule, script + ";@9", gives: ["p 1-5"], limits: limits)
    }
}
