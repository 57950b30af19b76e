import Engine
import Model
import Simulation

/// What a workflow has processed, found and commanded.
public struct Metrics: Sendable {
    /// Readings that devices sent.
    public let eventsProcessed: Int
    /// Commands sent to devices; a repeat of one that was lost does not count again.
    public let commandsIssued: Int
    /// Commands that devices acknowledged and, where that is asked for, reported as done.
    public let commandsSucceeded: Int
    /// The share of events that the edge processed, 0 to 1. In this process everything is edge.
    public let edgeExecutionRatio: Double
    /// What patterns found, by pattern.
    public let detectedPatterns: DetectedPatterns
    /// The newest closed window of each aggregation, by aggregation, window and metric.
    public let aggregations: Aggregations
    /// Of the properties that should have a value, the share that reports it; 1 where none should.
    public let twinSyncAccuracy: Double

    /// By pattern; a pattern that found nothing has a count of 0.
    public struct DetectedPatterns: Sendable {
        fileprivate var byName: [String: Detections] = [:]

        /// The patterns that found something, sorted.
        public var names: [String] { byName.keys.sorted() }

        /// What the pattern found.
        public subscript(pattern: String) -> Detections { byName[pattern] ?? Detections() }
    }

    /// The matches of one pattern.
    public struct Detections: Sendable {
        /// How many there were in all.
        public fileprivate(set) var count = 0
        /// The newest of them, oldest first; at most 1000.
        public fileprivate(set) var latest: [Detection] = []
    }

    /// One match.
    public struct Detection: Hashable, Sendable {
        /// The device it is about; nil where rows are grouped by something else.
        public let device: String?
        /// Event time in RFC 3339.
        public let time: String
        /// The numbers of the row that completed the match, by name.
        public let values: [String: Double]
    }

    /// By aggregation.
    public struct Aggregations: Sendable {
        fileprivate var byName: [String: Windows] = [:]

        /// The aggregations, and streams with windows, that have closed a window, sorted.
        public var names: [String] { byName.keys.sorted() }

        /// The windows of one aggregation.
        public subscript(aggregation: String) -> Windows { byName[aggregation] ?? Windows() }
    }

    /// The windows of one aggregation, by name; a stream's only window is called `window`.
    public struct Windows: Sendable {
        fileprivate var byName: [String: Window] = [:]

        /// The newest window of this name, empty where none has closed yet.
        public subscript(window: String) -> Window { byName[window] ?? Window() }
    }

    /// The newest closed window, all its groups merged.
    public struct Window: Sendable {
        /// How many groups had data; 0 where no window has closed.
        public fileprivate(set) var groups = 0
        /// How many windows of this name have closed in all.
        public fileprivate(set) var closed = 0
        /// Start and end in RFC 3339; nil where no window has closed.
        public fileprivate(set) var start: String?
        /// The first instant after the window.
        public fileprivate(set) var end: String?
        fileprivate var byMetric: [String: Double] = [:]

        /// The value of one metric; nil where there was no data.
        public subscript(metric: String) -> Double? { byMetric[metric] }
    }
}

extension Metrics {
    init(_ run: SimulationRun?) {
        let report = run?.engine.report
        eventsProcessed = Int(clamping: report?.eventsProcessed ?? 0)
        commandsIssued = Int(clamping: report?.commandsIssued ?? 0)
        commandsSucceeded = Int(clamping: report?.commandsSucceeded ?? 0)
        edgeExecutionRatio = report?.edgeExecutionRatio ?? 0
        twinSyncAccuracy = report?.twinSyncAccuracy ?? 0
        var patterns = DetectedPatterns()
        for pattern in report?.detectedPatterns ?? [] {
            patterns.byName[pattern.name] = Detections(
                count: Int(clamping: pattern.count),
                latest: pattern.detections.map {
                    Detection(
                        device: $0.device, time: "\($0.time)", values: numbers($0.values))
                })
        }
        detectedPatterns = patterns
        var aggregations = Aggregations()
        for row in report?.aggregations ?? [] {
            let window = row.window.isEmpty ? "window" : row.window
            aggregations.byName[row.name, default: Windows()].byName[window] = Window(
                groups: row.latest.groups, closed: Int(clamping: row.latest.closed),
                start: "\(row.latest.start)", end: "\(row.latest.end)",
                byMetric: numbers(row.latest.fields))
        }
        self.aggregations = aggregations
    }
}

private func numbers(_ fields: [Field]) -> [String: Double] {
    var numbers: [String: Double] = [:]
    for field in fields { numbers[field.name] = field.value?.double }
    return numbers
}
