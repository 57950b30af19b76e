import Language
import Model
import Streams
import Testing

/// A pattern `p` over the readings of `Story`'s devices, asked about after a script of
/// `time device value` lines.
private struct Question {
    var condition: String
    var script: String
    var device = "a"
    var end: String?
    var window: String?
    var measures: [(name: String, function: String)] = []
    var lateness = "0s"
    var isWide = false
    var timeouts = false
    var critical = false

    init(_ condition: String, _ script: String) {
        self.condition = condition
        self.script = script
    }

    func with(_ change: (inout Question) -> Void) -> Question {
        var question = self
        change(&question)
        return question
    }

    func answer() throws -> (explanation: Explanation, matches: Inquiry.Matches) {
        var definition = stream(
            [("p", condition)], window: window, measures: measures, lateness: lateness,
            critical: critical)
        if isWide {
            definition.sources = [
                source(
                    topic: "telemetry/+",
                    mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")],
                    lateness: lateness)
            ]
        }
        definition.patterns[0].reportsTimeouts = timeouts
        let story = Story([definition])
        #expect(story.diagnostics.map(\.message) == [])
        var inquiry = try #require(
            Inquiry(
                definition.patterns[0], of: "s", among: [definition], registry: story.registry,
                end: end.map { seconds($0) }))
        var now = Instant.distantPast
        for line in script.split(separator: ";") {
            let words = line.split(separator: " ").map(String.init)
            let reading = story.reading(words[0], words[1], words[2])
            now = max(now, words.count > 3 ? seconds(words[3]) : reading.time)
            inquiry.accept(reading, registry: story.registry, at: now)
            if inquiry.isOver { break }
        }
        inquiry.finish(registry: story.registry)
        let device = try #require(story.registry.device(named: device))
        let explanation = try #require(
            inquiry.explanation(device, registry: story.registry))
        return (explanation, inquiry.matches(of: device, explanation))
    }
}

private func tree(_ trace: Trace?) -> String {
    guard let trace else { return "none" }
    let value = trace.value?.description ?? (trace.isCondition ? "unknown" : "missing")
    let parts = trace.parts.map { tree($0) }.joined(separator: ", ")
    return "\(trace.text) = \(value)" + (parts.isEmpty ? "" : " [\(parts)]")
}

private func words(_ progress: Explanation.Progress?) -> String {
    func time(_ instant: Instant) -> String { "\(instant.milliseconds / 1000)" }
    switch progress {
    case nil: return "nothing"
    case .event?: return "event"
    case .count(let count, let of, let among)?:
        return "\(count)/\(of)" + (among.map { " among \($0)" } ?? "")
    case .holds(let since, let due)?: return "holds \(time(since))-\(time(due))"
    case .silence(let since, let due)?: return "silence \(time(since))-\(time(due))"
    case .devices(let count, let of, let needs)?: return "\(count)/\(of) devices, \(needs)"
    }
}

@Suite("Why a pattern fired, or did not")
struct ExplanationTests {
    /// One kind of step, and what is said of it.
    struct Row: CustomTestStringConvertible {
        fileprivate var question: Question
        var fired: Int
        var step: Int
        var progress: String
        var condition: String
        var testDescription: String { question.condition }

        fileprivate init(
            _ question: Question, fired: Int = 0, step: Int = 0, _ progress: String,
            _ condition: String
        ) {
            self.question = question
            self.fired = fired
            self.step = step
            self.progress = progress
            self.condition = condition
        }
    }

    static let rows: [Row] = [
        // A condition, of which only the latest row counts.
        Row(Question("t > 30", "1 a 28.5"), "nothing", "t > 30 = false [t = 28.5]"),
        Row(
            Question("t > 30", "1 a 31;2 a 20").with { $0.critical = true }, fired: 1, "nothing",
            "t > 30 = false [t = 20.0]"),
        Row(
            Question("t > 30 and (t < 90 or t = 5) and not t between 1 and 2", "1 a 28.5"),
            "nothing",
            "t > 30 and (t < 90 or t = 5) and not t between 1 and 2 = false "
                + "[t > 30 = false [t = 28.5], (t < 90 or t = 5) = true "
                + "[t < 90 = true [t = 28.5], t = 5 = false [t = 28.5]], "
                + "not t between 1 and 2 = true [t between 1 and 2 = false [t = 28.5]]]"),
        Row(
            Question("t > 30 and n < 4", "1 a 31;2 a n=3").with { $0.isWide = true }, "nothing",
            "t > 30 and n < 4 = unknown [t > 30 = unknown [t = missing], "
                + "n < 4 = true [n = 3]]"),
        // What must last.
        Row(
            Question("t > 30 for 2m", "1 a 31;60 a 32"), "holds 1-121",
            "t > 30 = true [t = 32.0]"),
        Row(
            Question("t > 30 for 2m", "1 a 31;60 a 29"), "nothing", "t > 30 = false [t = 29.0]"),
        Row(
            Question("t > 30 for 2m", "1 a 31;60 a 32").with { $0.end = "130" }, fired: 1,
            "nothing", "t > 30 = true [t = 32.0]"),
        Row(
            Question("t > 30 for 2m", "1 a 31;60 a 32;300 a 20").with { $0.end = "100" },
            "holds 1-121", "t > 30 = true [t = 32.0]"),
        // Windows and events that follow each other.
        Row(
            Question("hi > 30 for 3 consecutive windows", "1 a 31;61 a 32;121 a 33").with {
                $0.window = "1m"
                $0.measures = [("hi", "max"), ("avg", "avg")]
            }, "2/3 among 3", "hi > 30 = true [hi = 32.0]"),
        Row(
            Question("t > 30 for 3 consecutive events", "1 a 31;2 a 32"), "2/3 among 3",
            "t > 30 = true [t = 32.0]"),
        Row(
            Question("t > 30 for 2 of 4 events", "1 a 31;2 a 3"), "1/2 among 4",
            "t > 30 = false [t = 3.0]"),
        Row(
            Question("t > 30 at least 3 times within 1m", "1 a 31;2 a 3;3 a 35"), "2/3",
            "t > 30 = true [t = 35.0]"),
        // Silence.
        Row(Question("no data for 1m", "1 a 31"), "silence 1-61", "none"),
        Row(
            Question("no data for 1m", "1 a 31").with { $0.end = "90" }, fired: 1, "nothing",
            "none"),
        Row(
            Question("no t > 30 for 1m", "1 a 31;20 a 3"), "silence 1-61",
            "t > 30 = false [t = 3.0]"),
        // Groups of devices.
        Row(
            Question("at least 3 devices: t > 30", "1 a 31;2 b 32;3 c 3;4 a 33"),
            "2/4 devices, 3", "t > 30 = true [t = 33.0]"),
        Row(
            Question("all devices: t > 30", "1 a 31;2 b 3"), "1/4 devices, 4",
            "t > 30 = true [t = 31.0]"),
        Row(
            Question("any device: t > 30", "1 a 1"), "0/4 devices, 1",
            "t > 30 = false [t = 1.0]"),
        Row(
            Question("50% devices: t > 30", "1 a 31"), "1/4 devices, 2",
            "t > 30 = true [t = 31.0]"),
        // Aggregates and functions that remember.
        Row(
            Question("avg(t) > 30 within 1m", "1 a 20;2 a 30"), "nothing",
            "avg(t) > 30 = false [avg(t) = 25.0 [t = 30.0]]"),
        Row(
            Question("count(t > 30) >= 2 within 1m", "1 a 31"), "nothing",
            "count(t > 30) >= 2 = false [count(t > 30) = 1 [t > 30 = true [t = 31.0]]]"),
        Row(
            Question("delta(t) > 5 and previous(t) > 1", "1 a 20;2 a 23"), "nothing",
            "delta(t) > 5 and previous(t) > 1 = false [delta(t) > 5 = false "
                + "[delta(t) = 3.0 [t = 23.0]], previous(t) > 1 = true "
                + "[previous(t) = 20.0 [t = 23.0]]]"),
        Row(
            Question("t is stale after 1m", "1 a 20;2 b 3").with { $0.end = "30" }, "nothing",
            "t is stale after 1m = false [t = 20.0]"),
        // Sequences, with what earlier steps have left.
        Row(
            Question("low: t < 10 then t > low.t + 20 within 5m", "1 a 5;2 a 20"), step: 1,
            "event",
            "t > low.t + 20 = false [t = 20.0, low.t + 20 = 25.0 [low.t = 5.0]]"),
        Row(
            Question("low: t < 10 at least 2 times then t > avg(low.t)", "1 a 4;2 a 6;3 a 4.5"),
            step: 1, "event", "t > avg(low.t) = false [t = 4.5, avg(low.t) = 4.833333333333333]"),
        Row(
            Question("t < 10 then t > 30 for 1m", "1 a 5;2 a 31;9 a 32"), step: 1,
            "holds 2-62", "t > 30 = true [t = 32.0]"),
        Row(
            Question("t < 10 then t > 30 for 2 of 4 events", "1 a 5;2 a 31;9 a 12"), step: 1,
            "1/2 among 4", "t > 30 = false [t = 12.0]"),
        Row(
            Question("t < 10 then no data for 1m", "1 a 5;2 a 31"), step: 0, "nothing",
            "t < 10 = false [t = 31.0]"),
        Row(
            Question("t < 10 then no data for 1m", "1 a 5"), step: 1, "silence 1-61", "none"),
    ]

    @Test(
        "every kind of step says how far it is, and which part of its condition is not true",
        arguments: rows)
    func steps(_ row: Row) throws {
        let (explanation, matches) = try row.question.answer()
        #expect(matches.count == row.fired)
        #expect(explanation.current == row.step)
        #expect(words(explanation.progress) == row.progress)
        #expect(tree(explanation.condition) == row.condition)
    }

    @Test("steps are shown as they are written, with their labels")
    func texts() throws {
        let (explanation, _) = try Question(
            "low: t < 10 for 2 consecutive events without t > 90 then\n  immediately then t > 30",
            "1 a 5"
        ).with { $0.condition = "low: t < 10 for 2\n  consecutive events immediately then t > 3" }
            .answer()
        #expect(explanation.steps.map(\.text) == ["t < 10 for 2 consecutive events", "t > 3"])
        #expect(explanation.steps.map(\.label) == ["low", nil])
        #expect(explanation.steps.map(\.isStrict) == [false, true])
        let (silence, _) = try Question("no data for 1m", "1 a 5").answer()
        #expect(silence.steps.map(\.text) == ["no data for 1m"])
    }

    @Test("a match that has begun tells what it remembers, and when its time is over")
    func partials() throws {
        let (explanation, _) = try Question(
            "low: t < 10 then t > low.t + 20 within 5m overlapping", "1 a 5;2 a 20;3 a 6"
        ).answer()
        #expect(explanation.partialCount == 2)
        #expect(explanation.partials.map(\.began) == [seconds("1"), seconds("3")])
        #expect(explanation.partials.map(\.expires) == [seconds("301"), seconds("303")])
        #expect(
            explanation.partials.map(\.captured)
                == [[Field("low.t", .number(5))], [Field("low.t", .number(6))]])
    }

    @Test("no more partial matches than anybody reads")
    func manyPartials() throws {
        let script = (1...20).map { "\($0) a \(9 - Double($0) / 10)" }.joined(separator: ";")
        let (explanation, _) = try Question(
            "low: t < 10 then t > low.t + 20 within 5m overlapping", script
        ).answer()
        #expect(explanation.partialCount == 20)
        #expect(explanation.partials.count == Explanation.partialsMax)
    }

    @Test("what must not come between, and what makes all forgotten, are judged too")
    func others() throws {
        let (explanation, _) = try Question(
            "t < 10 without t > 90 then t > 30 until t = 50", "1 a 5;2 a 20"
        ).answer()
        #expect(explanation.current == 1)
        #expect(tree(explanation.abort) == "t > 90 = false [t = 20.0]")
        #expect(tree(explanation.until) == "t = 50 = false [t = 20.0]")
    }

    @Test("a cooldown tells until when it is quiet")
    func cooldown() throws {
        let question = Question("t > 30 cooldown 1m", "1 a 31;20 a 32")
        let quiet = try question.answer()
        #expect(quiet.matches.count == 1)
        #expect(quiet.explanation.lastMatch == seconds("1"))
        #expect(quiet.explanation.quietUntil == seconds("61"))
        let over = try question.with { $0.end = "61" }.answer()
        #expect(over.explanation.quietUntil == nil)
    }

    @Test("a run that has been reported is not over")
    func reported() throws {
        let (explanation, matches) = try Question("t > 30 for 1m", "1 a 31;90 a 32").answer()
        #expect(matches.latest?.time == seconds("61"))
        #expect(matches.latest?.since == seconds("1"))
        #expect(explanation.hasFired)
        #expect(explanation.partialCount == 0)
    }

    @Test("what ran out of its time tells in which step")
    func timeouts() throws {
        let (_, matches) = try Question("t < 10 then t > 30 within 1m", "1 a 5;90 a 32").with {
            $0.timeouts = true
        }.answer()
        #expect(matches.count == 0)
        #expect(matches.timedOut == 1)
        #expect(matches.latestTimeout?.timedOutStep == 1)
        #expect(matches.latestTimeout?.time == seconds("61"))
    }

    @Test("a field that is missing in the latest row was last seen when it was")
    func missing() throws {
        let (explanation, _) = try Question("t > 30 and n < 4", "1 a 31;2 a n=3").with {
            $0.isWide = true
        }.answer()
        let row = try #require(explanation.row)
        #expect(row.end == seconds("2"))
        #expect(explanation.rows == 2)
        #expect(row.fields.map(\.field.name) == ["id", "t", "n"])
        #expect(row.fields[1].field.value == nil)
        #expect(row.fields[1].last == .number(31))
        #expect(row.fields[1].lastTime == seconds("1"))
        #expect(row.fields[2].lastTime == seconds("2"))
    }

    @Test("members of a group are listed by name, each with since when it is true")
    func members() throws {
        let (explanation, _) = try Question(
            "at least 3 devices: t > 30", "1 b 31;2 a 32;3 c 3;4 b 33"
        ).answer()
        #expect(explanation.members.map(\.name) == ["a", "b", "c"])
        #expect(explanation.members.map(\.isTrue) == [true, true, false])
        #expect(explanation.members[1].since == seconds("1"))
    }

    @Test("a device that said nothing, and one that the group does not have")
    func absent() throws {
        let (silent, _) = try Question("t > 30", "1 a 31").with { $0.device = "b" }.answer()
        #expect(silent.row == nil)
        #expect(silent.rows == 0)
        #expect(silent.key == [Field("device_id", .text("b"))])
        #expect(silent.counters.accepted == 1)
        let (outside, _) = try Question("any device in meters: t > 30", "1 a 31").answer()
        #expect(outside.isOutside)
        #expect(outside.row != nil)
    }

    @Test("what comes after the time changes nothing, and late events still count")
    func asOf() throws {
        let question = Question("t > 30 for 3 consecutive events", "5 a 31;9 a 3;7 a 32;40 a 1")
            .with { $0.lateness = "10s" }
        let early = try question.with { $0.end = "8" }.answer()
        #expect(words(early.explanation.progress) == "2/3 among 3")
        #expect(early.explanation.row?.end == seconds("7"))
        let later = try question.with { $0.end = "9" }.answer()
        #expect(words(later.explanation.progress) == "nothing")
        #expect(later.explanation.row?.end == seconds("9"))
        // By the time it comes the stream has gone on to 29 s.
        let late = Question("t > 30", "5 a 31;40 a 1;20 a 33").with {
            $0.lateness = "10s"
            $0.end = "25"
        }
        #expect(try late.answer().matches.count == 1)
    }

    @Test("a silent stream goes on at the clock's pace, but not past the time that is asked about")
    func idle() throws {
        let question = Question("no data for 1m", "1 a 31;2 b 3;9000 b 3 9000")
        #expect(try question.with { $0.end = "60" }.answer().matches.count == 0)
        #expect(try question.with { $0.end = "61" }.answer().matches.count == 1)
        #expect(try question.answer().matches.count == 1)
    }

    @Test("a pattern that is not there is not watched")
    func none() throws {
        let definition = stream([("p", "t > 30")])
        let story = Story([definition])
        var other = definition.patterns[0]
        other.name = Located("q")
        #expect(
            Inquiry(other, of: "s", among: [definition], registry: story.registry) == nil)
        #expect(
            Inquiry(other, of: "r", among: [definition], registry: story.registry) == nil)
    }

    @Test("a pattern over another stream's rows is asked about like any other")
    func following() throws {
        let minutes = stream(window: "1m", measures: [("hi", "max")])
        var after = stream([("p", "hi > 30 for 2 consecutive events")])
        after.name = Located("after")
        after.sources = [SourceDefinition(.stream(Located("s")))]
        let story = Story([minutes, after])
        #expect(story.diagnostics.map(\.message) == [])
        for (end, count, fired) in [("100", 1, 0), ("130", 2, 1), ("1000", 2, 1)] {
            var inquiry = try #require(
                Inquiry(
                    after.patterns[0], of: "after", among: [minutes, after],
                    registry: story.registry, end: seconds(end)))
            for line in ["10 a 31", "70 a 32", "100 b 3", "500 b 3", "900 a 3"] {
                let words = line.split(separator: " ").map(String.init)
                let reading = story.reading(words[0], words[1], words[2])
                inquiry.accept(reading, registry: story.registry, at: reading.time)
                inquiry.advance(to: reading.time, registry: story.registry)
                if inquiry.isOver { break }
            }
            inquiry.finish(registry: story.registry)
            let device = try #require(story.registry.device(named: "a"))
            let explanation = try #require(
                inquiry.explanation(device, registry: story.registry))
            #expect(explanation.rows == (end == "1000" ? 3 : count), "\(end)")
            #expect(inquiry.matches(of: device, explanation).count == fired, "\(end)")
        }
    }

    @Test("rows grouped by a tag are those of every device that has it")
    func tagged() throws {
        let definition = stream(
            [("p", "hi > 30")], window: "1m", measures: [("hi", "max")], by: ["floor"])
        let story = Story([definition])
        #expect(story.diagnostics.map(\.message) == [])
        var inquiry = try #require(
            Inquiry(
                definition.patterns[0], of: "s", among: [definition], registry: story.registry))
        for line in ["10 b 31", "20 d 3", "70 d 2"] {
            let words = line.split(separator: " ").map(String.init)
            let reading = story.reading(words[0], words[1], words[2])
            inquiry.accept(reading, registry: story.registry, at: reading.time)
        }
        inquiry.finish(registry: story.registry)
        for (name, key, fired) in [("a", "1", 1), ("b", "1", 1), ("d", "2", 0)] {
            let device = try #require(story.registry.device(named: name))
            let explanation = try #require(
                inquiry.explanation(device, registry: story.registry))
            #expect(explanation.key == [Field("floor", .text(key))])
            #expect(explanation.row?.start == seconds("0"))
            #expect(explanation.row?.end == seconds("60"))
            #expect(inquiry.matches(of: device, explanation).count == fired)
        }
    }

    @Test("`per` divides a device: the part of its latest row is what is told of")
    func parts() throws {
        let question = Question("n >= 1 for 3 consecutive events per t", "")
            .with { $0.isWide = true }
        let (explanation, _) = try question.with {
            $0.script = "1 a 5;1 a +n=1;2 a 6;2 a +n=1;3 a 5;3 a +n=1"
        }.answer()
        #expect(words(explanation.progress) == "2/3 among 3")
        #expect(
            explanation.key == [Field("id", .text("a")), Field("t", .number(5))])
    }

    @Test("rows grouped by a field may be of any device: the latest is told of")
    func byField() throws {
        var definition = stream(
            [("p", "hi > 30")], window: "1m", measures: [("hi", "max")], by: ["n"])
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")])
        ]
        let story = Story([definition])
        #expect(story.diagnostics.map(\.message) == [])
        var inquiry = try #require(
            Inquiry(
                definition.patterns[0], of: "s", among: [definition], registry: story.registry,
                end: seconds("200")))
        for line in ["10 a n=1i", "10 a +t=31", "70 a n=2i", "70 a +t=3"] {
            let words = line.split(separator: " ").map(String.init)
            let reading = story.reading(words[0], words[1], words[2])
            inquiry.accept(reading, registry: story.registry, at: reading.time)
        }
        inquiry.finish(registry: story.registry)
        let device = try #require(story.registry.device(named: "a"))
        let explanation = try #require(inquiry.explanation(device, registry: story.registry))
        #expect(explanation.key == [Field("n", .text("2"))])
        #expect(tree(explanation.condition) == "hi > 30 = false [hi = 3.0]")
        #expect(inquiry.matches(of: device, explanation).count == 0)
    }
}
