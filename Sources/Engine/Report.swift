package import Model
import Twins

/// The requirements' report: what the engine has processed, found and commanded.
package struct Report: Sendable {
    package var eventsProcessed: UInt64
    package var commandsIssued: UInt64
    package var commandsSucceeded: UInt64
    /// Events processed on this gateway as a share of all events that any part of the workflow
    /// processed.
    package var edgeExecutionRatio: Double
    /// Sorted by name.
    package var detectedPatterns: [(name: String, count: UInt64, detections: [Detection])]
    /// Sorted by aggregation, then window.
    package var aggregations: [(name: String, window: String, latest: Tally.LatestWindow)]
    package var twinSyncAccuracy: Double

    /// One match, with the device by name.
    package struct Detection: Sendable {
        package var device: String?
        package var time: Instant
        package var values: [Field]
    }
}

extension Engine {
    /// The state of things, for people.
    package var report: Report {
        Report(
            eventsProcessed: tally.eventsProcessed, commandsIssued: tally.commandsIssued,
            commandsSucceeded: tally.commandsSucceeded,
            // All operators are placed on the edge, so every event processed was processed here.
            edgeExecutionRatio: 1,
            detectedPatterns: tally.patterns.sorted { $0.key < $1.key }.map { name, detections in
                (
                    name, detections.count,
                    detections.latest.map { detection in
                        Report.Detection(
                            device: detection.device.map { registry.name(of: $0) },
                            time: detection.time, values: detection.values)
                    }
                )
            },
            aggregations: tally.windows.sorted { $0.key < $1.key }.map {
                ($0.key.name, $0.key.window, $0.value)
            },
            twinSyncAccuracy: twins.syncAccuracy)
    }
}
