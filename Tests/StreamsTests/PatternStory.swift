import Language
import Model
import Testing

@testable import Streams

/// A pattern alone with its events: devices `p` and `q` of group `pumps`, `r` of none; `p` has the
/// tag `zone` "north", the others "south". A row says which of `a`, `b`, `c`, `x` are true, and a
/// value `v`.
struct PatternStory {
    var registry: Registry
    var stream: Streams.Stream
    private let plan: StreamPlan
    private let limits: StreamLimits

    static let columns: [Schema.Column] =
        [.init(name: "id", type: .text)]
        + ["a", "b", "c", "x"].map { .init(name: $0, type: .boolean) }
        + [.init(name: "v", type: .number), .init(name: "line", type: .text)]

    init(
        _ rule: Rule, limits: StreamLimits = StreamLimits(), timeouts: Bool = false,
        window: String? = nil, scope: String? = nil, source: String? = nil
    ) {
        var registry = Registry()
        let pumps = registry.addGroup("pumps")
        for name in ["q", "p", "r", "s"] {
            var entry = Registry.Entry(name: name)
            if name < "r" { entry.groups = [pumps] }
            entry.tags = ["zone": name == "p" ? "north" : "south"]
            registry.add(entry)
        }
        _ = registry.addProperty("t")
        var pattern = PatternPlan(
            name: "m", rule: rule, actions: ["log"], isCritical: false,
            reportsTimeouts: timeouts)
        pattern.window = window.map {
            WindowPlan(name: nil, kind: .tumbling(size: span($0)), offset: .zero)
        }
        pattern.scope = PatternScope(of: scope, in: registry)
        let topic = try? TopicFilter("telemetry/\(source ?? "+")/t")
        plan = StreamPlan(
            name: "s", fingerprint: 1,
            sources: topic.map {
                [
                    SourcePlan(
                        topic: $0, group: nil, lateness: .zero, idleTimeout: .seconds(3600),
                        fills: [(0, .deviceName), (5, .value)])
                ]
            } ?? [],
            columns: PatternStory.columns, deviceColumns: [0], readsDevice: false, filters: [],
            arrivalSteps: [], orderedSteps: [], keyFields: [.device(name: "id")], windows: [],
            cells: [], measures: [], rowSteps: [], derived: [], retention: nil, patterns: [pattern])
        self.registry = registry
        self.limits = limits
        stream = Stream(plan, limits: limits)
    }

    /// Plays `time device letters [value] [line]`, events divided by `;`. `@time` only passes the
    /// time. A letter behind `?` is unknown.
    mutating func play(_ script: String, restarts: Bool = false) -> [String] {
        var outputs: [StreamOutput] = []
        for event in script.split(separator: ";") {
            step(event.split(separator: " ").map(String.init), into: &outputs)
            if restarts { restart() }
        }
        return outputs.map { PatternStory.text($0) }
    }

    private mutating func step(_ words: [String], into outputs: inout [StreamOutput]) {
        guard let first = words.first else { return }
        if first.hasPrefix("@") {
            stream.clock.push(to: seconds(String(first.dropFirst())) - Milliseconds(1))
            return stream.release(registry: registry, into: &outputs)
        }
        guard words.count > 1, let device = registry.device(named: words[1]) else { return }
        let letters = Array(words.count > 2 ? words[2] : "")
        for (place, name) in ["a", "b", "c", "x"].enumerated() {
            stream.row[place + 1] = .boolean(letters.contains(Character(name)))
        }
        if let mark = letters.firstIndex(of: "?"), mark + 1 < letters.count,
            let place = Array("abcx").firstIndex(of: letters[mark + 1])
        {
            stream.row[place + 1] = nil
        }
        if words.count > 3 { stream.row[5] = Double(words[3]).map { .number($0) } }
        if words.count > 4 { stream.row[6] = .text(words[4]) }
        stream.acceptRow(
            0, device, Property(index: 0), at: seconds(first), registry: registry,
            now: seconds(first), into: &outputs)
    }

    /// Writes everything down and goes on from what was written.
    mutating func restart() {
        var writer = ByteWriter()
        stream.write(into: &writer)
        var restored = Stream(plan, limits: limits)
        var reader = ByteReader(writer.bytes)
        #expect(throws: Never.self) { try restored.restore(from: &reader) }
        #expect(reader.isAtEnd)
        restored.counters = stream.counters
        stream = restored
    }

    /// `p 1-5` for a match, `p 1-5 !2` for what ran out of time at step 2.
    static func text(_ output: StreamOutput) -> String {
        guard case .match(let match) = output else { return "?" }
        let key = match.key.map { $0.value.map { "\($0)" } ?? "?" }.joined(separator: ",")
        func time(_ instant: Instant) -> String {
            let value = Double(instant.milliseconds) / 1000
            return value == value.rounded() ? "\(Int(value))" : "\(value)"
        }
        return "\(key) \(time(match.since))-\(time(match.time))"
            + (match.timedOutStep.map { " !\($0)" } ?? "")
    }
}

/// Plays a script as it is, and again with a restart behind every event.
func expect(
    _ rule: Rule, _ script: String, gives expected: [String],
    limits: StreamLimits = StreamLimits(), timeouts: Bool = false, window: String? = nil,
    scope: String? = nil, source: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    for restarts in [false, true] {
        var story = PatternStory(
            rule, limits: limits, timeouts: timeouts, window: window, scope: scope,
            source: source)
        let heard = story.play(script, restarts: restarts)
        #expect(
            heard == expected, "\(script)\(restarts ? ", with restarts" : "")",
            sourceLocation: sourceLocation)
    }
}

// MARK: Rules

/// A rule as it is written, over rows as they are or over windows.
func rule(_ text: String, isWindowed: Bool = false) -> Rule {
    var diagnostics: [Diagnostic] = []
    let rule = Rule.compile(
        Located(text), schema: Schema(columns: PatternStory.columns, isWindowed: isWindowed),
        diagnostics: &diagnostics)
    guard let rule else { preconditionFailure("\(text): \(diagnostics)") }
    return rule
}

/// A condition over the columns, and `extra` ones behind them.
func condition(_ text: String, _ extra: [String] = []) -> Program {
    var diagnostics: [Diagnostic] = []
    let schema = Schema(
        columns: PatternStory.columns + extra.map { .init(name: $0, type: .number) })
    let program = Program.compile(
        Located(text), schema: schema, expecting: nil, diagnostics: &diagnostics)
    guard let program else { preconditionFailure("\(text): \(diagnostics)") }
    return program
}

func step(
    _ text: String, _ sustained: Rule.Sustained = .once, _ extra: [String] = []
) -> Rule.Step {
    Rule.Step(.condition(condition(text, extra)), sustained: sustained)
}

/// `no x for D`; `no data for D` where there is no text.
func silence(_ text: String? = nil, _ duration: String) -> Rule.Step {
    guard let text else { return Rule.Step(.noData(span(duration))) }
    return Rule.Step(.absence(of: condition(text), span(duration)))
}

func group(
    _ quantifier: Rule.Quantifier, _ text: String, in name: String? = nil
) -> Rule.Step {
    Rule.Step(.group(quantifier, of: name, condition(text)))
}

/// A sequence with relaxed links, unless others are given.
func sequence(
    _ steps: [Rule.Step], _ links: [Rule.Link]? = nil, within: String? = nil,
    _ change: (inout Rule) -> Void = { _ in }
) -> Rule {
    var rule = Rule(
        steps: steps,
        links: links ?? Array(repeating: .relaxed, count: steps.count - 1),
        within: within.map { span($0) })
    change(&rule)
    return rule
}

func without(_ text: String) -> Rule.Link { .without(condition(text)) }

/// `group`, where that name means a test.
func groupStep(_ quantifier: Rule.Quantifier, _ text: String) -> Rule.Step {
    group(quantifier, text)
}
