import Config

/// What to do with what devices say: streams with patterns, command sequences, aggregations, and
/// how twins follow their devices.
///
/// The settings are those of the YAML files and go through the same decoder; mistakes are told when
/// the workflow is deployed.
public final class IoTWorkflow {
    /// The workflow's name.
    public let name: String
    private var tables: [(key: String, value: Settings)] = []
    private var streams: [(key: String, value: Settings)] = []
    private var sequences: [(key: String, value: Settings)] = []
    private var aggregations: [(key: String, value: Settings)] = []
    private var edgeDistribution: Setting = [:]
    private var twinSync: Setting = [:]

    /// An empty workflow.
    public init(_ name: String) { self.name = name }

    /// Adds a reference table that streams are enriched from: `file`, by its path from where the
    /// program runs, `key`, `valid_from`, `columns`.
    public func addReferenceTable(_ name: String, _ settings: Setting) {
        tables.append((key: name, value: settings.content))
    }

    /// Adds a stream: `sources`, `window`, `processing`, `patterns`.
    public func addStreamProcessor(_ name: String, _ settings: Setting) {
        streams.append((key: name, value: settings.content))
    }

    /// Adds a command sequence, which patterns run by its name: `target`, `steps`,
    /// `error_handling`, `priority`.
    public func addCommandSequence(_ name: String, _ settings: Setting) {
        sequences.append((key: name, value: settings.content))
    }

    /// Says, by stream or sequence, which parts belong on the edge. A second call replaces the
    /// first.
    public func setEdgeDistribution(_ settings: Setting) { edgeDistribution = settings }

    /// Adds statistics over a group: `sources`, `dimensions`, `metrics`, `windows`.
    public func addTelemetryAggregation(_ name: String, _ settings: Setting) {
        aggregations.append((key: name, value: settings.content))
    }

    /// Says, by group, how twins follow their devices. A second call replaces the first.
    public func configureTwinSync(_ settings: Setting) { twinSync = settings }

    /// The sections of a configuration file.
    var sections: [(key: String, value: Settings)] {
        [
            (key: "workflow", value: .text(name)), (key: "tables", value: .mapping(tables)),
            (key: "streams", value: .mapping(streams)),
            (key: "commands", value: .mapping(sequences)),
            (key: "edge_distribution", value: edgeDistribution.content),
            (key: "aggregations", value: .mapping(aggregations)),
            (key: "twin_sync", value: twinSync.content),
        ]
    }
}
