package import Model

/// A stream as it is written: sources, an optional window, processing steps, patterns.
package struct StreamDefinition: Sendable {
    package var name: Located<String>
    package var sources: [SourceDefinition]
    package var window: WindowDefinition?
    package var processing: [ProcessingDefinition]
    package var patterns: [PatternDefinition]

    package init(
        name: Located<String>, sources: [SourceDefinition], window: WindowDefinition? = nil,
        processing: [ProcessingDefinition] = [], patterns: [PatternDefinition] = []
    ) {
        self.name = name
        self.sources = sources
        self.window = window
        self.processing = processing
        self.patterns = patterns
    }
}

/// Where events come from, and how their event time is judged.
package struct SourceDefinition: Sendable {
    /// Only devices of this group; nil for every device that the topic matches.
    package var group: Located<String>?
    /// `telemetry/+/temperature`: `+` is one segment, a final `#` any number.
    package var topic: Located<String>
    /// Field name to what fills it: `topic[1]`, `payload.value`, `payload.{property}`.
    package var mapping: [(field: Located<String>, path: Located<String>)]
    /// How far behind the newest event another may be and still count.
    package var lateness: Milliseconds
    /// Silence on the clock after which the source no longer holds the watermark back.
    package var idleTimeout: Milliseconds

    package init(
        group: Located<String>? = nil, topic: Located<String>,
        mapping: [(field: Located<String>, path: Located<String>)],
        lateness: Milliseconds = .seconds(5), idleTimeout: Milliseconds = .seconds(30)
    ) {
        self.group = group
        self.topic = topic
        self.mapping = mapping
        self.lateness = lateness
        self.idleTimeout = idleTimeout
    }
}

/// A tumbling window: half-open `[start, end)`, aligned to the epoch plus an offset.
package struct WindowDefinition: Sendable {
    package var size: Milliseconds
    package var offset: Milliseconds
    package var place: Place

    package init(size: Milliseconds, offset: Milliseconds = .zero, at place: Place = .unknown) {
        self.size = size
        self.offset = offset
        self.place = place
    }
}

/// One step between a source and the patterns.
package enum ProcessingDefinition: Sendable {
    case filter(expression: Located<String>)
    case aggregate(by: [Located<String>], functions: [AggregateDefinition])
}

/// `{name: avg_temp, function: avg, field: temperature}`.
package struct AggregateDefinition: Sendable {
    package var name: Located<String>
    package var function: Located<String>
    /// Nil for `count`, which counts rows.
    package var field: Located<String>?

    package init(
        name: Located<String>, function: Located<String>, field: Located<String>? = nil
    ) {
        self.name = name
        self.function = function
        self.field = field
    }
}

/// A condition to watch for, and what to do when it is met.
package struct PatternDefinition: Sendable {
    package var name: Located<String>
    package var condition: Located<String>
    package var actions: [Located<String>]
    /// True for `priority: critical`: decided and acted upon in the turn the event arrives.
    package var isCritical: Bool

    package init(
        name: Located<String>, condition: Located<String>, actions: [Located<String>] = [],
        isCritical: Bool = false
    ) {
        self.name = name
        self.condition = condition
        self.actions = actions
        self.isCritical = isCritical
    }
}

/// A telemetry aggregation as it is written: metrics over a group, by dimension, in several
/// windows.
package struct AggregationDefinition: Sendable {
    package var name: Located<String>
    package var sources: [SourceDefinition]
    /// Tag names (`building`), or `device_id`.
    package var dimensions: [Located<String>]
    package var metrics: [AggregateDefinition]
    package var windows: [(name: Located<String>, window: WindowDefinition)]

    package init(
        name: Located<String>, sources: [SourceDefinition], dimensions: [Located<String>],
        metrics: [AggregateDefinition], windows: [(name: Located<String>, window: WindowDefinition)]
    ) {
        self.name = name
        self.sources = sources
        self.dimensions = dimensions
        self.metrics = metrics
        self.windows = windows
    }
}
