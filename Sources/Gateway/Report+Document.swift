package import Engine
import Model
package import Wire

extension Report {
    /// The report as `iotflow simulate --json` and `iotflow status --json` print it. The order of
    /// everything is fixed, so that equal runs print equal bytes.
    package var document: Document {
        .map([
            .init("events_processed", .integer(Int64(clamping: eventsProcessed))),
            .init("commands_issued", .integer(Int64(clamping: commandsIssued))),
            .init("commands_succeeded", .integer(Int64(clamping: commandsSucceeded))),
            .init("edge_execution_ratio", .number(edgeExecutionRatio)),
            .init("detected_patterns", .map(detectedPatterns.map(Report.entry))),
            .init("aggregations", aggregationDocument),
            .init("twin_sync_accuracy", .number(twinSyncAccuracy)),
        ])
    }

    private static func entry(
        _ pattern: (name: String, count: UInt64, detections: [Detection])
    ) -> Document.Entry {
        let detections = pattern.detections.map { detection in
            Document.map([
                .init("device", detection.device.map { .text($0) } ?? .null),
                .init("time", .timestamp(detection.time)),
                .init("values", Document(detection.values)),
            ])
        }
        return .init(
            pattern.name,
            .map([
                .init("count", .integer(Int64(clamping: pattern.count))),
                .init("latest", .array(detections)),
            ]))
    }

    /// Name, then window, then the metrics of the newest window over all its groups.
    private var aggregationDocument: Document {
        var entries: [Document.Entry] = []
        var names: [String] = []
        for aggregation in aggregations where !names.contains(aggregation.name) {
            names.append(aggregation.name)
            let windows = aggregations.filter { $0.name == aggregation.name }.map { row in
                Document.Entry(
                    row.window.isEmpty ? "window" : row.window,
                    .map(
                        [
                            .init("start", .timestamp(row.latest.start)),
                            .init("end", .timestamp(row.latest.end)),
                            .init("groups", .integer(Int64(row.latest.groups))),
                            .init("windows_closed", .integer(Int64(clamping: row.latest.closed))),
                        ] + row.latest.fields.map { .init($0.name, Document($0.value)) }))
            }
            entries.append(.init(aggregation.name, .map(windows)))
        }
        return .map(entries)
    }
}
