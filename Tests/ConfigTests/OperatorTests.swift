import Config
import Engine
import Model
import Streams
import Testing

@Suite("Windows, steps and sources of streams, as they are written")
struct OperatorTests {
    private func stream(_ lines: String) throws -> StreamDefinition {
        let configuration = try accepted(
            """
            streams:
              s:
                sources: [{topic: telemetry/+/t, mapping: {t: payload.value}}]
                \(lines)
            """)
        return try #require(configuration.definition.streams.first)
    }

    @Test(
        "every kind of window",
        arguments: [
            ("{size: 5m}", WindowDefinition.Kind.tumbling(size: .minute * 5)),
            ("{type: hopping, size: 5m, every: 1m}", .hopping(size: .minute * 5, every: .minute)),
            ("{type: session, gap: 1m}", .session(gap: .minute, longest: nil)),
            ("{type: session, gap: 1m, max: 1h}", .session(gap: .minute, longest: .hour)),
            ("{type: count, events: 10}", .count(10)),
            ("{type: sliding, size: 1h}", .sliding(.hour)),
        ])
    func windows(text: String, kind: WindowDefinition.Kind) throws {
        let stream = try stream(
            """
            window: \(text)
                processing: [{type: aggregate, functions: [{name: n, function: count}]}]
            """)
        #expect(stream.window?.kind == kind)
    }

    @Test("late events and revisions")
    func late() throws {
        let silent = try stream("late: count")
        #expect(silent.retention == nil)
        #expect(!silent.publishesLate)
        let revised = try stream(
            """
            late: publish
                revise: true
                retention: 2h
                window: {size: 5m}
                processing: [{type: aggregate, functions: [{name: n, function: count}]}]
            """)
        #expect(revised.retention?.value == .hour * 2)
        #expect(revised.publishesLate)
    }

    @Test("a pattern that reports what runs out of its time", arguments: [true, false])
    func timeouts(_ isAsked: Bool) throws {
        let stream = try stream(
            "patterns: [{name: p, condition: t > 1 then t < 1 within 1m, timeouts: \(isAsked)}]")
        #expect(stream.patterns.map(\.reportsTimeouts) == [isAsked])
    }

    @Test("groups by names and by expressions, which come before the aggregate")
    func groups() throws {
        let stream = try stream(
            """
            window: {size: 5m}
                processing:
                  - type: aggregate
                    by: [device_id, {name: hour, expression: hour()}]
                    functions: [{name: n, function: count}]
            """)
        guard case .group(let name, let expression)? = stream.processing.first,
            case .aggregate(let by, let functions)? = stream.processing.last
        else {
            Issue.record("\(stream.processing)")
            return
        }
        #expect(name.value == "hour" && expression.value == "hour()")
        #expect(by.map(\.value) == ["device_id", "hour"] && functions.count == 1)
    }

    @Test(
        "what a window, a step or a source does not take",
        arguments: [
            ("window: {type: session, size: 5m}", ["E0105", "E0104"]),
            ("window: {type: hopping, size: 5m}", ["E0105"]),
            ("window: {type: count, events: 0}", ["E0111"]),
            ("window: {type: sliding, size: 5m, every: 1m}", ["E0104"]),
            ("processing: [{type: deadband, field: t}]", ["E0105"]),
            ("processing: [{type: deadband, field: t, change: 1, percent: 1}]", ["E0105"]),
            ("processing: [{type: sample, every: 1m, keep: middle}]", ["E0112"]),
            ("processing: [{type: enrich, tags: []}]", ["E0111"]),
            ("patterns: [{name: p, condition: t > 1, timeouts: 5s}]", ["E0108"]),
        ])
    func refused(text: String, codes: [String]) {
        let (configuration, diagnostics) = Configuration.load(
            texts: [
                (
                    "test.yaml",
                    "streams:\n  s:\n    sources: [{topic: telemetry/+/t, mapping: {t: "
                        + "payload.value}}]\n    \(text)"
                )
            ])
        #expect(configuration == nil)
        #expect(Set(diagnostics.map(\.code)) == Set(codes), "\(diagnostics.map(line))")
    }

    @Test("a source that follows a stream has no numbers and units either")
    func followerOnly() {
        let (_, diagnostics) = Configuration.load(
            texts: [
                (
                    "test.yaml",
                    "streams: {s: {sources: [{stream: r, sequence: payload.n, units: {t: K}}]}}"
                )
            ])
        #expect(diagnostics.prefix(2).map(\.code) == ["E0119", "E0119"])
    }

    @Test("numbers, units and expressions are read")
    func numbered() throws {
        let (configuration, diagnostics) = Configuration.load(
            texts: [
                (
                    "test.yaml",
                    """
                    streams:
                      s:
                        sources:
                          - topic: telemetry/+
                            mapping: {t: payload.t}
                            sequence: payload.seq
                            units: {t: fahrenheit}
                        window: {size: 1m}
                        processing:
                          - type: aggregate
                            by: [device_id]
                            functions: [{name: swing, function: max, expression: abs(delta(t))}]
                    """
                )
            ])
        let stream = try #require(
            configuration?.definition.streams.first, "\(diagnostics.map(line))")
        #expect(stream.sources[0].sequence?.value == "payload.seq")
        #expect(stream.sources[0].units.map(\.field.value) == ["t"])
        #expect(stream.sources[0].units.map(\.unit.symbol) == ["degF"])
        guard case .aggregate(_, let functions) = stream.processing[0] else {
            Issue.record("no aggregate")
            return
        }
        #expect(functions.map(\.expression?.value) == ["abs(delta(t))"])
    }

    @Test("a source that follows a stream has no topic")
    func source() {
        let (_, diagnostics) = Configuration.load(
            texts: [
                ("test.yaml", "streams: {s: {sources: [{stream: r, pattern: p, topic: t}]}}")
            ])
        #expect(diagnostics.map(\.code) == ["E0119", "E0119"])
    }
}
