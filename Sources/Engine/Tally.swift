import Commands
package import Language
package import Model
package import Streams

/// What has happened so far, as the report tells it. Bounded: the newest detections of each pattern
/// and the newest window of each aggregation are kept, everything else is a count.
package struct Tally: Sendable {
    package internal(set) var eventsProcessed: UInt64 = 0
    package internal(set) var commandsIssued: UInt64 = 0
    package internal(set) var commandsSucceeded: UInt64 = 0
    package internal(set) var commandsFailed: UInt64 = 0
    /// By pattern name.
    package internal(set) var patterns: [String: Detections] = [:]
    /// By aggregation (or stream) and window name.
    package internal(set) var windows: [WindowName: LatestWindow] = [:]

    /// How many detections of one pattern are kept with their details.
    package static let detectionsKept = 1000

    /// The matches of one pattern.
    package struct Detections: Sendable {
        package internal(set) var count: UInt64 = 0
        /// The newest, oldest first.
        package internal(set) var latest: [Detection] = []
    }

    /// One match.
    package struct Detection: Hashable, Sendable {
        package var device: Device?
        package var time: Instant
        package var values: [Field]
    }

    /// Which window of which stream or aggregation; a stream's own has no name.
    package struct WindowName: Hashable, Comparable, Sendable {
        package var name: String
        package var window: String

        package static func < (left: WindowName, right: WindowName) -> Bool {
            (left.name, left.window) < (right.name, right.window)
        }
    }

    /// The newest closed window, all its groups merged.
    package struct LatestWindow: Sendable {
        package var start: Instant
        package var end: Instant
        package var groups: Int
        package var metrics: [Metric]
        /// By metric.
        package var partials: [AggregatePartial]
        /// How many windows have closed in all.
        package var closed: UInt64

        /// The merged metrics.
        package var fields: [Field] {
            zip(metrics, partials).map {
                Field(
                    $0.name, $1.result(of: $0.function, quantile: $0.quantile, type: .number))
            }
        }
    }

    /// One aggregate of a stream or an aggregation.
    package struct Metric: Hashable, Sendable {
        package var name: String
        package var function: AggregateFunction
        package var quantile: Double?
    }

    mutating func note(_ match: Match) {
        var detections = patterns[match.pattern] ?? Detections()
        patterns[match.pattern] = nil  // Keeps the array unique, so that it is changed in place.
        detections.count += 1
        if detections.latest.count >= Tally.detectionsKept { detections.latest.removeFirst(100) }
        detections.latest.append(
            Detection(device: match.device, time: match.time, values: match.values))
        patterns[match.pattern] = detections
    }

    mutating func note(_ row: WindowRow, metrics: [Metric]) {
        let name = WindowName(name: row.name, window: row.window ?? "")
        guard let latest = windows[name], latest.start == row.start else {
            windows[name] = LatestWindow(
                start: row.start, end: row.end, groups: 1, metrics: metrics,
                partials: row.partials, closed: (windows[name]?.closed ?? 0) + 1)
            return
        }
        windows[name]?.groups += 1
        for index in row.partials.indices where index < windows[name]?.partials.count ?? 0 {
            windows[name]?.partials[index].merge(row.partials[index])
        }
    }

    mutating func note(_ record: CommandRecord) {
        if record.state == .succeeded { commandsSucceeded += 1 } else { commandsFailed += 1 }
    }
}
