import Language
import Model
import Streams

/// What an expression turns out to be once the file's columns are known.
enum EvaluatedExpression {
    case row(RowExpression)
    case rule(StreamProcessor)
    case wrong([Diagnostic])

    /// An expression over one row where it can be one; else a rule, which a stream of its own
    /// watches for, device by device.
    init(
        _ text: Located<String>, isSelection: Bool, lateness: Milliseconds,
        first readings: [Reading], _ source: inout EventSource
    ) {
        let names = EventColumns(of: readings, in: source.table)
        var complaints: [Diagnostic] = []
        if let program = Program.compile(
            text, schema: Schema(columns: names.columns),
            expecting: isSelection ? .boolean : nil, diagnostics: &complaints)
        {
            self = .row(RowExpression(program: program, names: names))
            return
        }
        var found: [Diagnostic] = []
        let processor = EvaluatedExpression.stream(
            watchingFor: text, names, lateness, &source, &found)
        if !found.contains(where: { $0.severity == .error }) {
            self = .rule(processor)
            return
        }
        // A value that takes more than a row, such as a change, is a step of a stream.
        if found.contains(where: { $0.code == Fault.wrongResult.rawValue }), !isSelection {
            var others: [Diagnostic] = []
            let processor = EvaluatedExpression.stream(
                watchingFor: Located("value is not missing"), deriving: text, names, lateness,
                &source, &others)
            if !others.contains(where: { $0.severity == .error }) {
                self = .rule(processor)
                return
            }
        }
        // What is only wrong because it takes more than a row is a rule's mistake.
        let isRule = complaints.contains { complaint in
            Fault(rawValue: complaint.code).map { EvaluatedExpression.marks.contains($0) } ?? false
        }
        self = .wrong(isRule ? found : complaints)
    }

    /// What tells a rule from an expression over one row.
    private static let marks: Set<Fault> = [
        .trailingText, .notOnOneRow, .misplacedStep, .misplacedClause, .aggregateWithoutSpan,
        .badReference,
    ]

    /// Whether a name can be part of a topic.
    private static func isSegment(_ name: String) -> Bool {
        !name.isEmpty && !name.contains { "/+#".contains($0) }
    }

    private static func stream(
        watchingFor condition: Located<String>, deriving value: Located<String>? = nil,
        _ names: EventColumns, _ lateness: Milliseconds, _ source: inout EventSource,
        _ diagnostics: inout [Diagnostic]
    ) -> StreamProcessor {
        // The device is a column of the topic, and the time is none of a stream.
        let values = names.columns.dropFirst(2)
        source.adopt(
            DeviceModel(
                name: "events",
                properties: values.map {
                    PropertyModel(name: $0.name, type: $0.type, unit: $0.unit, choices: $0.choices)
                }))
        let device = (field: Located("device_id"), path: Located("topic[1]"))
        // A single value needs no row that others may join, which is the quicker way.
        let only = values.count == 1 ? values.first?.name : nil
        let topic = only.flatMap { isSegment($0) ? $0 : nil }
        let input = SourceDefinition(
            topic: Located("telemetry/+" + (topic.map { "/\($0)" } ?? "")),
            mapping: [device]
                + values.map {
                    (
                        Located($0.name),
                        Located(topic == nil ? "payload.\($0.name)" : "payload.value")
                    )
                },
            lateness: lateness)
        let stream = StreamDefinition(
            name: Located("events"), sources: [input],
            processing: value.map { [.derive(name: Located("value"), expression: $0)] } ?? [],
            patterns: [
                PatternDefinition(
                    name: Located(value == nil ? "match" : "value"), condition: condition)
            ])
        return StreamProcessor(
            streams: [stream], aggregations: [], registry: source.table.registry,
            diagnostics: &diagnostics)
    }
}
