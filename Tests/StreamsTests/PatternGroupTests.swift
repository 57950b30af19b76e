import Language
import Model
import Testing

@testable import Streams

@Suite("Groups of devices")
struct PatternGroupTests {
    @Test("without a span the latest row of each device counts, and the rising edge is a match")
    func latest() {
        let rule = sequence([group(.atLeast(2), "a")])
        expect(rule, "1 p a;2 q a;3 r a;4 r x;5 q x;6 q a;@9", gives: [" 1-2", " 1-6"])
        expect(rule, "1 p a;2 p a;3 p a;@9", gives: [])
        expect(rule, "1 p a;2 p ?a;3 q a;4 p a;@9", gives: [" 3-4"])
        expect(
            sequence([group(.any, "a")]), "1 p a;2 q a;3 p x;4 q x;5 r a;@9",
            gives: [" 1-1", " 5-5"])
    }

    @Test("all devices: those that have said nothing are not")
    func all() {
        let rule = sequence([group(.all, "a")])
        expect(rule, "1 p a;2 q a;3 r a;@9", gives: [])
        expect(rule, "1 p a;2 q a;3 r a;4 s a;@9", gives: [" 1-4"])
        expect(rule, "1 p a;@9", gives: [" 1-1"], source: "p")
    }

    @Test("a percentage is rounded up to whole devices")
    func percent() {
        let rule = sequence([group(.percent(51), "a")])
        expect(rule, "1 p a;2 q a;@9", gives: [])
        expect(rule, "1 p a;2 q a;3 r a;@9", gives: [" 1-3"])
        expect(sequence([group(.percent(50), "a")]), "1 p a;2 q a;@9", gives: [" 1-2"])
    }

    @Test("in a group of the registry: only its devices")
    func inGroup() {
        let rule = sequence([group(.all, "a", in: "pumps")])
        expect(rule, "1 p a;2 r a;3 q a;@9", gives: ["pumps 1-3"], scope: "pumps")
        let any = sequence([group(.any, "a", in: "pumps")])
        expect(any, "1 r a;2 p a;@9", gives: ["pumps 2-2"], scope: "pumps")
    }

    @Test("in a tag: each of its values is a group of its own")
    func inTag() {
        let rule = sequence([group(.all, "a", in: "zone")])
        expect(
            rule, "1 p a;2 q a;3 r a;4 s a;@9", gives: ["north 1-1", "south 2-4"],
            scope: "zone")
    }

    @Test("within: the distinct devices for which it was true in the span, open at its start")
    func within() {
        let rule = sequence([group(.atLeast(2), "a")], within: "10s")
        expect(rule, "1 p a;2 p x;10.999 q a;@30", gives: [" 1-10.999"])
        expect(rule, "1 p a;11 q a;@30", gives: [])
        expect(rule, "1 p a;2 p a;3 p a;@30", gives: [])
        expect(rule, "1 p a;5 p a;12 q a;13 r a;@30", gives: [" 5-12"])
        expect(rule, "1 p a;2 q a;13 q a;14 p a;@30", gives: [" 1-2", " 13-14"])
        expect(rule, "1 p a;2 q a;8 p a;9 q a;15 p a;@30", gives: [" 1-2"])
    }

    @Test("in windows: judged at their end, once a window")
    func windows() {
        let rule = sequence([group(.atLeast(2), "a")])
        expect(
            rule, "1 p a;2 q a;3 r a;11 p a;12 p x;19 q x;21 q a;29 p a;@40",
            gives: [" 0-10", " 20-30"], window: "10s")
        expect(rule, "1 p a;10 q a;@40", gives: [], window: "10s")
        let all = sequence([group(.all, "a", in: "pumps")])
        expect(
            all, "1 p a;2 q x;3 q a;11 p a;12 q x;@40", gives: ["pumps 0-10"], window: "10s",
            scope: "pumps")
        let until = sequence([group(.any, "a")]) { $0.until = condition("x") }
        expect(until, "1 p a;2 p x;11 p a;@40", gives: [" 10-20"], window: "10s")
    }

    @Test("a group as a step of a sequence across devices")
    func sequenceOfGroups() {
        let rule = sequence([group(.atLeast(2), "a"), step("b")])
        expect(rule, "1 p a;2 q a;3 r b;@9", gives: [" 1-3"])
        expect(rule, "1 p a;2 r b;3 q a;@9", gives: [])
        let two = sequence([step("b"), group(.atLeast(2), "a")]) { $0.until = condition("x") }
        expect(two, "1 r b;2 p a;3 q a;@9", gives: [" 1-3"])
        expect(two, "1 r b;2 p a;3 r x;4 q a;5 p a;6 r b;@9", gives: [])
    }

    @Test("only devices of the sources are waited for")
    func sources() {
        var story = Story([stream([("p", "all devices: t > 30")])])
        story.play(
            """
            1 a 31 |
            2 b 31 |
            3 m 0  |
            4 c 31 |
            5 d 31 |
            6 a 31 | p  1-5 id=d t=31.0
            """)
    }

    @Test("rows that are of no device: groups are of what they are of")
    func tags() {
        var story = Story([
            stream(
                [
                    ("any", "any devices in sensors: avg_t > 30"),
                    ("floor", "all devices in floor: avg_t > 30"),
                ], window: "10s", measures: [("avg_t", "avg")], by: ["floor"])
        ])
        story.play(
            """
            1  a 31 |
            2  d 31 |
            3  c 9  |
            11 d 31 | [0,10) ? avg_t=9.0; [0,10) 1 avg_t=31.0; [0,10) 2 avg_t=31.0; \
            any sensors 0-10 avg_t=31.0; floor 1 0-10 avg_t=31.0; floor 2 0-10 avg_t=31.0
            21 d 9 | [10,20) 2 avg_t=31.0; any sensors 10-20 avg_t=31.0; \
            floor 2 10-20 avg_t=31.0
            """)
    }

    @Test("per divides the devices' rows")
    func per() {
        let rule = sequence([group(.atLeast(2), "a")]) { $0.per = [6] }
        expect(
            rule, "1 p a 0 one;2 q a 0 two;3 q a 0 one;@9", gives: ["one 1-3"])
    }

    @Test("the row that completed it is told, and which device it was of")
    func output() {
        var story = PatternStory(sequence([group(.atLeast(2), "a")]))
        _ = story.play("1 p a;2 q a 7")
        var outputs: [StreamOutput] = []
        story.stream.clock.push(to: seconds("9"))
        story.stream.release(registry: story.registry, into: &outputs)
        guard case .match(let match)? = outputs.first else {
            Issue.record("nothing came")
            return
        }
        #expect(match.device == nil)
        #expect(match.id == "s/m//2000")
        #expect(match.values.first { $0.name == "id" }?.value == .text("q"))
        #expect(match.values.first { $0.name == "v" }?.value == .number(7))
    }
}

@Suite("Conditions over earlier steps")
struct PatternCaptureTests {
    @Test("the first event's value of a step")
    func first() {
        var rule = sequence([step("a"), step("b and v > first", .once, ["first"])])
        rule.captures = [Rule.Capture(step: 0, .first(column: 5))]
        expect(rule, "1 p a 10;2 p b 9;3 p b 11;@9", gives: ["p 1-3"])
        expect(rule, "1 p a 10;2 p a 5;3 p b 7;@9", gives: ["p 2-3"])
        expect(rule, "1 p a;3 p b 7;@9", gives: [])
    }

    @Test("the first of a step that has many")
    func firstOfMany() {
        var rule = sequence([
            step("a", .atLeastTimes(2)), step("b and v > first", .once, ["first"]),
        ])
        rule.captures = [Rule.Capture(step: 0, .first(column: 5))]
        expect(rule, "1 p a 10;2 p a 20;3 p b 15;@9", gives: ["p 1-3"])
    }

    @Test("aggregates over a step's events so far")
    func aggregates() {
        let extra = ["mean", "hot"]
        var rule = sequence([
            step("a", .atLeastTimes(2), extra), step("b and v > mean and hot = 1", .once, extra),
        ])
        rule.captures = [
            Rule.Capture(step: 0, .aggregate(.avg, quantile: nil, of: condition("v", extra))),
            Rule.Capture(
                step: 0, .aggregate(.count, quantile: nil, of: condition("v > 15", extra))),
        ]
        expect(rule, "1 p a 10;2 p a 20;3 p b 15;4 p b 16;@9", gives: ["p 1-4"])
        expect(rule, "1 p a;2 p a 20;3 p b 21;@9", gives: ["p 1-3"])
        expect(rule, "1 p a 1;2 p a 2;3 p b 21;@9", gives: [])
    }

    @Test("a step may look at its own events before")
    func running() {
        var rule = sequence([step("a and (n = 0 or v > mean)", .exactlyTimes(3), ["mean", "n"])])
        rule.captures = [
            Rule.Capture(step: 0, .aggregate(.avg, quantile: nil, of: condition("v"))),
            Rule.Capture(step: 0, .aggregate(.count, quantile: nil, of: condition("v"))),
        ]
        expect(rule, "1 p a 10;2 p a 11;3 p a 10;4 p a 11;@9", gives: ["p 1-4"])
    }

    @Test("what a broken run captured is forgotten")
    func reset() {
        var rule = sequence([
            step("a"), step("b", .consecutiveEvents(2), ["first"]),
            step("c and v > first", .once, ["first"]),
        ])
        rule.captures = [Rule.Capture(step: 1, .first(column: 5))]
        expect(rule, "1 p a;2 p b 1;3 p x;4 p b 10;5 p b 3;6 p c 5;7 p c 11;@9", gives: ["p 1-7"])
    }

    @Test("captures and their starts expire together")
    func expiry() {
        var rule = sequence(
            [step("a"), step("b and v = first", .once, ["first"])], within: "20s")
        rule.captures = [Rule.Capture(step: 0, .first(column: 5))]
        let script = (1...50).map { "\($0) p a \($0)" }.joined(separator: ";")
        expect(rule, script + ";60 p b 45;@99", gives: ["p 45-60"])
        expect(rule, script + ";60 p b 40;@99", gives: [])
    }

    @Test("what aborts may look at captures")
    func aborts() {
        let extra = ["first"]
        var rule = sequence(
            [step("a"), step("b", .once, extra)],
            [.without(condition("x and v = first", extra))])
        rule.captures = [Rule.Capture(step: 0, .first(column: 5))]
        expect(rule, "1 p a 1;2 p a 2;3 p a 3;4 p x 1;5 p b;@9", gives: ["p 2-5"])
        expect(rule, "1 p a 1;2 p a 2;3 p a 3;4 p x 2;5 p x 1;6 p b;@9", gives: ["p 3-6"])
    }
}

@Suite("Patterns over windows")
struct PatternWindowTests {
    /// A row a window of 10 s: `a`, `b`, `x` for neither, `-` for an empty window. The end of a
    /// match's first window and its time, in windows.
    private func matches(_ rule: Rule, _ rows: String, slide: Bool = true) -> [String] {
        let registry = PatternStory(rule).registry
        var keys = KeyTable(fields: [.device(name: "id")], limit: 10)
        let devices = ["p", "q"].compactMap { registry.device(named: $0) }
            .compactMap { keys.key(of: $0, in: registry) }
        let plan = PatternPlan(name: "m", rule: rule, actions: [], isCritical: false)
        var state = PatternState(
            plan, width: PatternStory.columns.count, isWindowed: true,
            slide: slide ? span("10s") : nil)
        var heard: [String] = []
        var due: PatternState.Wake?
        func note() {
            heard += state.findings.map {
                "\($0.since.milliseconds / 10000)-\($0.time.milliseconds / 10000)"
            }
            if let wake = state.wake { due = wake }
        }
        for (index, letters) in rows.split(separator: " ").enumerated() {
            let start = Instant(milliseconds: Int64(index) * 10_000)
            if let wake = due, wake.due <= start {
                due = nil
                state.timer(slot: wake.slot, due: wake.due, registry: registry)
                note()
            }
            if letters == "-" { continue }
            for (device, part) in zip(devices, letters.split(separator: "|")) {
                let row: [Value?] =
                    [nil] + ["a", "b", "c", "x"].map { .boolean(part.contains($0)) } + [nil, nil]
                state.observe(
                    row, key: device, start: start, end: start + span("10s"), keys: keys,
                    registry: registry)
                note()
            }
        }
        return heard
    }

    @Test("N consecutive windows are adjacent; an empty one breaks the run")
    func consecutive() {
        let rule = sequence([step("a", .consecutiveWindows(3))])
        #expect(matches(rule, "a a a a") == ["0-3"])
        #expect(matches(rule, "a a - a a a") == ["3-6"])
        #expect(matches(rule, "a a x a a a") == ["3-6"])
        #expect(matches(rule, "a a a a", slide: false) == ["0-3"])
        #expect(matches(rule, "a a - a a a", slide: false) == ["3-6"])
    }

    @Test("N consecutive windows as a later step")
    func consecutiveLater() {
        let rule = sequence([step("b"), step("a", .consecutiveWindows(2))])
        #expect(matches(rule, "b a - a a") == ["0-5"])
        let strict = sequence([step("b"), step("a", .consecutiveWindows(2))], [.strict])
        #expect(matches(strict, "b a a") == ["0-3"])
        #expect(matches(strict, "b a - a a") == [])
    }

    @Test("N of M windows: an empty one is one of the M")
    func some() {
        let rule = sequence([step("a", .someWindows(count: 2, of: 3))])
        #expect(matches(rule, "a x a") == ["0-3"])
        #expect(matches(rule, "a - a") == ["0-3"])
        #expect(matches(rule, "a x - a x a") == ["3-6"])
        let later = sequence([step("b"), step("a", .someWindows(count: 2, of: 3))])
        #expect(matches(later, "b a - a") == ["0-4"])
        #expect(matches(later, "b a - - a x a") == ["0-7"])
    }

    @Test("within counts from the end of the first window to that of the last")
    func within() {
        let rule = sequence([step("a"), step("b")], within: "20s")
        #expect(matches(rule, "a b") == ["0-2"])
        #expect(matches(rule, "a x b") == [])
    }

    @Test("a group is judged when all rows of the window are seen")
    func group() {
        let rule = sequence([groupStep(.all, "a")])
        #expect(matches(rule, "a|a a|x a|a x") == ["0-1", "2-3"])
        let within = sequence([groupStep(.atLeast(2), "a")], within: "20s")
        #expect(matches(within, "a|x x|a x|x a|a") == ["1-2", "4-4"])
    }

    @Test("windows before the epoch are adjacent too")
    func negative() {
        var window = PatternSlot.Window()
        let times = [-25_000, -15_000, -5000, 5000].map { Instant(milliseconds: $0) }
        var adjacent: [Bool] = []
        for time in times {
            window.move(to: time, time + span("10s"), slide: span("10s"))
            adjacent.append(window.isAdjacent)
        }
        #expect(adjacent == [false, true, true, true])
    }
}
