import Language
import Model
import Testing

@testable import Streams

/// `v` turns stale a millisecond after the span behind its last value.
@Suite("What turns stale between events")
struct PatternStaleTests {
    @Test("once, at its time, before any event of that time; never where no value was")
    func once() {
        let pattern = rule("v is stale after 10s")
        expect(pattern, "1 p . 5;@30", gives: ["p 11.001-11.001"])
        expect(pattern, "1 p . 5;5 p x;@30", gives: ["p 11.001-11.001"])
        expect(pattern, "1 p . 5;11 p . 6;@12", gives: [])
        expect(pattern, "1 p . 5;11.001 p . 6;@12", gives: ["p 11.001-11.001"])
        expect(pattern, "1 p x;@30", gives: [])
        expect(pattern, "1 p . 5;2 q . 5;@30", gives: ["p 11.001-11.001", "q 12.001-12.001"])
    }

    @Test("of two spans the nearer comes first, and the other timer finds nothing to do")
    func twoSpans() {
        let pattern = rule("v is stale after 100s or line is stale after 1s")
        expect(pattern, "1 p . 5;2 p . 5 one;@300", gives: ["p 3.001-3.001"])
        expect(
            pattern, "1 p . 5;2 p . 5 one;100 p . 5 one;@300",
            gives: ["p 3.001-3.001", "p 101.001-101.001"])
    }

    @Test("other functions of time are what they are then")
    func time() {
        let pattern = rule("v is stale after 10s and hour() >= 1")
        expect(pattern, "3595 p . 5;@3700", gives: ["p 3605.001-3605.001"])
        expect(pattern, "3580 p . 5;@3700", gives: [])
    }

    @Test("aggregates and values are those of the latest row")
    func latest() {
        expect(
            rule("avg(v) over 1m > 3 and v is stale after 10s"), "1 p . 5;@30",
            gives: ["p 11.001-11.001"])
        expect(rule("avg(v) over 1m > 6 and v is stale after 10s"), "1 p . 5;@30", gives: [])
        expect(rule("x and v is stale after 10s"), "1 p . 5;4 p x;@30", gives: ["p 11.001-11.001"])
        expect(rule("x and v is stale after 10s"), "1 p x 5;4 p .;@30", gives: [])
    }

    @Test("a step that is stale is taken then, and the link to it holds")
    func steps() {
        expect(rule("a then v is stale after 10s"), "1 p a 5;@30", gives: ["p 1-11.001"])
        expect(rule("a then v is stale after 10s"), "1 p . 5;@30", gives: [])
        let strict = rule("a immediately then v is stale after 10s")
        expect(strict, "1 p a 5;@30", gives: ["p 1-11.001"])
        expect(strict, "1 p a 5;8 p x;@30", gives: [])
        let clean = rule("a without x then v is stale after 10s")
        expect(clean, "1 p a 5;8 p c;@30", gives: ["p 1-11.001"])
        expect(clean, "1 p a 5;8 p x;@30", gives: [])
        expect(
            rule("v is stale after 10s then b"), "1 p . 5;11 p b;12 p b;@30",
            gives: ["p 11.001-12"])
        expect(
            rule("v is stale after 10s then no data for 20s"), "1 p . 5;@99",
            gives: ["p 11.001-31.001"])
    }

    @Test("within is measured to the moment it turns stale")
    func within() {
        let pattern = rule("a then v is stale after 10s within 11s")
        expect(pattern, "1 p a 5;@30", gives: ["p 1-11.001"])
        expect(pattern, "1 p a 5;1.998 p . 5;@30", gives: ["p 1-11.999"])
        expect(pattern, "1 p a 5;2 p . 5;@30", gives: [])
        expect(pattern, "1 p a 5;2 p . 5;@30", gives: ["p 1-12 !1"], timeouts: true)
    }

    @Test("what turns stale is in the way of a step that must come without it")
    func without() {
        let pattern = rule("a without v is stale after 10s then b")
        expect(pattern, "1 p a 5;11 p b;@30", gives: ["p 1-11"])
        expect(pattern, "1 p a 5;12 p b;@30", gives: [])
        expect(pattern, "1 p a 5;12 p a 5;13 p b;@30", gives: ["p 12-13"])
        // What aborts and is the step as well is the step.
        let either = rule("a without v is stale after 10s then v is stale after 10s")
        expect(either, "1 p a 5;@30", gives: ["p 1-11.001"])
        let later = rule("a without v is stale after 10s then v is stale after 20s")
        expect(later, "1 p a 5;@99", gives: [])
        let times = rule("a without v is stale after 10s then b 2 times")
        expect(times, "1 p a 5;2 p b;12 p b;@30", gives: [])
    }

    @Test("it ends a silence that excludes it, and begins the next")
    func silence() {
        let pattern = rule("a then no v is stale after 10s for 20s")
        expect(pattern, "1 p a 5;@99", gives: [])
        expect(pattern, "1 p a 5;9 p . 5;18 p . 5;@99", gives: ["p 1-21"])
        expect(
            rule("no v is stale after 10s for 20s"), "1 p . 5;@99",
            gives: ["p 11.001-31.001"])
        expect(
            rule("no v is stale after 10s for 20s"), "1 p . 5;9 p . 5;18 p . 5;@99",
            gives: ["p 1-21", "p 28.001-48.001"])
    }

    @Test("stale for a time; an event that brings no value changes nothing")
    func hold() {
        let pattern = rule("v is stale after 10s for 5s")
        expect(pattern, "1 p . 5;@99", gives: ["p 11.001-16.001"])
        expect(pattern, "1 p . 5;15 p x;@99", gives: ["p 11.001-16.001"])
        expect(pattern, "1 p . 5;16 p . 5;@17", gives: [])
        expect(
            rule("a then v is stale after 10s for 5s"), "1 p a 5;@99", gives: ["p 1-16.001"])
        expect(
            rule("a without x then v is stale after 10s for 5s"), "1 p a 5;12 p x 5;@99",
            gives: [])
        // What is in the way and the step as well is the step.
        expect(
            rule("a without x then v is stale after 10s for 5s"), "1 p a 5;12 p x;@99",
            gives: ["p 1-16.001"])
    }

    @Test("not stale for a time: the run ends when it turns stale, and may begin again")
    func freshness() {
        expect(
            rule("v is not stale after 10s for 5s"), "1 p . 5;20 p . 5;@99",
            gives: ["p 1-6", "p 20-25"])
        let pattern = rule("v is not stale after 10s for 20s")
        expect(pattern, "1 p . 5;20 p . 5;28 p . 5;@99", gives: [])
        expect(pattern, "1 p . 5;20 p . 5;28 p . 5;36 p . 5;@99", gives: ["p 20-40"])
    }

    @Test("not stale for a time as a later step")
    func laterFreshness() {
        let script = "1 p a;2 p . 5;8 p . 5;20 p . 5;30 p . 5;39 p . 5;@41"
        expect(rule("a then v is not stale after 10s for 20s"), script, gives: ["p 1-40"])
        expect(rule("a immediately then v is not stale after 10s for 20s"), script, gives: [])
        // A turn is no event: it is not what must come immediately.
        expect(
            rule("a immediately then v is not stale after 10s for 5s"), "1 p a 5;20 p . 5;@99",
            gives: ["p 1-25"])
    }

    @Test("behind at least N times, once there are enough")
    func greedy() {
        let pattern = rule("a at least 2 times then v is stale after 10s")
        expect(pattern, "1 p a 5;2 p a 5;@30", gives: ["p 1-12.001"])
        expect(pattern, "1 p a 5;@30", gives: [])
        let strict = rule("a at least 2 times immediately then v is stale after 10s")
        expect(strict, "1 p a 5;2 p a 5;@30", gives: ["p 1-12.001"])
        expect(strict, "1 p a 5;2 p a 5;3 p x;@30", gives: [])
        let clean = rule("a at least 2 times without v is stale after 10s then b")
        expect(clean, "1 p a 5;2 p a 5;12 p b;@30", gives: ["p 1-12"])
        expect(clean, "1 p a 5;2 p a 5;13 p b;@30", gives: [])
        let held = rule("a at least 2 times then v is stale after 10s for 5s")
        expect(held, "1 p a 5;2 p a 5;@30", gives: ["p 1-17.001"])
    }

    @Test("behind at least N times, a silence or a run of freshness")
    func greedySpans() {
        let silence = rule("a at least 2 times then no v is stale after 10s for 20s")
        expect(silence, "1 p a 5;2 p a 5;@99", gives: [])
        expect(silence, "1 p a 5;2 p a 5;11 p . 5;20 p . 5;@99", gives: ["p 1-22"])
        let fresh = rule("a at least 2 times then v is not stale after 10s for 20s")
        expect(fresh, "1 p a;2 p a 5;20 p . 5;30 p . 5;39 p . 5;@41", gives: ["p 1-40"])
    }

    @Test(
        "nothing is counted: a turn is no event",
        arguments: ["at least 2 times", "2 times", "for 2 consecutive events", "for 2 of 3 events"])
    func counts(_ sustained: String) {
        let first = rule("v is stale after 10s \(sustained)")
        expect(first, "1 p . 5;20 p x;@30", gives: [])
        expect(first, "1 p . 5;20 p x;21 p x;@30", gives: ["p 20-21"])
        let later = rule("b then v is stale after 10s \(sustained)")
        expect(later, "1 p b 5;20 p x;@30", gives: [])
        expect(later, "1 p b 5;20 p x;21 p x;@30", gives: ["p 1-21"])
    }

    @Test("per: where the latest row of the key went, if it went anywhere")
    func per() {
        let pattern = rule("v is stale after 10s per line")
        expect(pattern, "1 p . 5 one;@30", gives: ["p,one 11.001-11.001"])
        expect(pattern, "1 p . 5 one;2 p . 5 two;@30", gives: ["p,two 12.001-12.001"])
        var limits = StreamLimits()
        limits.keys = 1
        expect(pattern, "1 p . 5 one;2 p . 5 two;@30", gives: [], limits: limits)
        expect(
            pattern, "1 p . 5 one;2 p . 5 two;3 p . 5 one;@30", gives: ["p,one 13.001-13.001"],
            limits: limits)
    }

    @Test("until it is stale: all is forgotten then, and nothing begins while it is")
    func until() {
        let pattern = rule("a then b until v is stale after 10s")
        expect(pattern, "1 p a 5;11 p b;@30", gives: ["p 1-11"])
        expect(pattern, "1 p a 5;12 p b;@30", gives: [])
        expect(pattern, "1 p a 5;12 p a;13 p b 5;@30", gives: [])
        expect(pattern, "1 p a 5;12 p a 5;13 p b;@30", gives: ["p 12-13"])
        let other = rule("line is stale after 30s then b until v is stale after 10s")
        expect(other, "1 p . 5 one;40 p b 5;@99", gives: [])
        expect(other, "1 p . 5 one;25 p . 5;35 p b 5;@99", gives: ["p 31.001-35"])
    }

    @Test("what earlier steps captured decides, each start by itself")
    func captures() {
        let pattern = rule("open: a then v is stale after 10s and open.v > 6")
        expect(pattern, "1 p a 5;@30", gives: [])
        expect(pattern, "1 p a 7;@30", gives: ["p 1-11.001"])
        expect(pattern, "1 p a 5;2 p a 7;3 p a 5;@30", gives: ["p 2-13.001"])
        let all = rule("open: a then v is stale after 10s and open.v > 6 overlapping")
        expect(all, "1 p a 8;2 p a 7;3 p a 5;@30", gives: ["p 1-13.001", "p 2-13.001"])
    }

    @Test("overlapping, cooldown, and where two starts come to one step")
    func policies() {
        expect(
            rule("a then v is stale after 10s overlapping"), "1 p a 5;2 p a 5;@30",
            gives: ["p 1-12.001", "p 2-12.001"])
        expect(
            rule("v is stale after 10s cooldown 1h"), "1 p . 5;20 p . 5;@99",
            gives: ["p 11.001-11.001"])
        let chain = rule("a then line is stale after 10s then v is stale after 10s for 5s")
        expect(chain, "1 p a 5 one;12 p a 5 two;@99", gives: ["p 1-27.001"])
        // The match takes the moment; nothing else begins with it.
        let both = rule("a or v is stale after 10s then v is stale after 20s")
        expect(both, "1 p . 5;@99", gives: ["p 11.001-21.001"])
        let twice = rule("line is stale after 10s then v is stale after 10s")
        expect(twice, "1 p . 5 one;12 p . 5 one;@99", gives: ["p 11.001-22.001"])
    }
}

@Suite("Groups in which values turn stale")
struct PatternStaleGroupTests {
    private let two = "at least 2 devices: v is stale after 10s"

    @Test("the device counts from then on, until it speaks")
    func latest() {
        expect(rule(two), "1 p . 5;2 q . 5;@99", gives: [" 11.001-12.001"])
        expect(
            rule(two), "1 p . 5;2 q . 5;20 p . 5;@99", gives: [" 11.001-12.001", " 12.001-30.001"])
        expect(rule(two), "1 p . 5;2 q . 5;11.5 p . 5;13 q . 5;@22", gives: [])
        expect(
            rule("any devices: v is not stale after 10s"), "1 p . 5;20 p . 5;@99",
            gives: [" 1-1", " 20-20"])
    }

    @Test("devices that are none of the group's turn nothing")
    func outside() {
        let pattern = rule("any devices in pumps: v is stale after 10s")
        expect(pattern, "1 r . 5;@99", gives: [], scope: "pumps")
        expect(pattern, "1 r . 5;2 p . 5;@99", gives: ["pumps 12.001-12.001"], scope: "pumps")
    }

    @Test("within: for so long after it turned")
    func within() {
        let pattern = rule(two + " within 5s")
        expect(pattern, "1 p . 5;5.999 q . 5;@99", gives: [" 11.001-16"])
        expect(pattern, "1 p . 5;6 q . 5;@99", gives: [])
    }

    @Test("as a step of a sequence")
    func steps() {
        expect(rule("b then " + two), "1 p b 5;2 q . 5;@99", gives: [" 1-12.001"])
        expect(rule("b without x then " + two), "1 p b 5;2 q . 5;3 r x;@99", gives: [])
        expect(rule(two + " then b"), "1 p . 5;2 q . 5;20 r b;@99", gives: [" 11.001-20"])
        expect(rule("b then " + two + " until x"), "1 p b 5;2 q . 5;3 r x;@99", gives: [])
    }

    @Test("in windows of rows as they are: in the window it turns, and in those behind")
    func windows() {
        expect(rule(two), "1 p . 5;2 q . 5;@99", gives: [" 10-20"], window: "10s")
        expect(rule(two), "1 p . 5;12 q . 5;@99", gives: [" 20-30"], window: "10s")
        expect(rule(two), "1 p . 5;52 q . 5;@99", gives: [" 60-70"], window: "10s")
        // Its next row ends that, but for the window it turned in.
        expect(rule(two), "1 p . 5;12 q . 5;21 p . 5;@99", gives: [" 30-40"], window: "10s")
        expect(rule(two), "1 p . 5;2 q . 5;15 p . 5;@24", gives: [" 10-20"], window: "10s")
        // A row that brings no value says that it is still stale.
        expect(rule(two), "1 p . 5;12 q . 5;21 p x;@99", gives: [" 20-30"], window: "10s")
    }

    @Test("in windows: what is no longer true, or forgotten, does not count")
    func windowsFallen() {
        expect(
            rule("any devices: v is not stale after 10s"), "1 p . 5;@99", gives: [" 0-10"],
            window: "10s")
        let some = rule("at least 2 devices: line is stale after 10s and v is not stale after 30s")
        expect(some, "1 p . 5 one;15 q . 5 one;@99", gives: [" 20-30"], window: "10s")
        expect(some, "1 p . 5 one;25 q . 5 one;@99", gives: [], window: "10s")
        let until = rule(two + " until line is stale after 5s")
        expect(until, "1 p . 5 one;2 q . 5 one;@99", gives: [], window: "10s")
        let later = rule(two + " until line is stale after 15s")
        expect(later, "1 p . 5 one;2 q . 5 one;@99", gives: [], window: "10s")
        expect(later, "1 p . 5 one;2 q . 5 one;9 p . 5;@99", gives: [], window: "10s")
    }

    @Test("where rows are windows: at once, for there is no window without a row")
    func windowRows() {
        var story = Story([
            stream(
                [("m", "at least 2 devices: avg_t is stale after 30s")], window: "10s",
                measures: [("avg_t", "avg")])
        ])
        story.play(
            """
            1  a 5 |
            2  b 5 |
            11 c 5 | [0,10) a avg_t=5.0; [0,10) b avg_t=5.0
            21 b 6 | [10,20) c avg_t=5.0
            33 c 5 | [20,30) b avg_t=6.0
            41 c 5 | [30,40) c avg_t=5.0
            59 c 5 | [40,50) c avg_t=5.0
            61 c 5 | [50,60) c avg_t=5.0; m  60.001-60.001 avg_t=6.0
            70 a 1 | [60,70) c avg_t=5.0
            81 c 1 | [70,80) a avg_t=1.0
            """)
        #expect(story.diagnostics.isEmpty)
    }
}
