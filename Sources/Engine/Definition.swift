package import Commands
package import Model
package import Streams

/// A whole configuration of what to do, as it is written and before it is compiled into a `Plan`.
///
/// A YAML file and the Swift library both end here.
package struct Definition: Sendable {
    package var workflow: String
    package var registry: Registry
    package var streams: [StreamDefinition]
    package var tables: [ReferenceTable]
    package var sequences: [SequenceDefinition]
    package var lines: [LineDefinition]
    package var aggregations: [AggregationDefinition]
    package var twinSync: [TwinSyncDefinition]
    package var edgeDistribution: [EdgeDistribution]
    package var scenarios: [ScenarioDefinition]
    package var tests: [TestDefinition]
    /// How commands wait, how long, and how many.
    package var commandLimits = CommandLimits()

    package init(
        workflow: String = "workflow", registry: Registry = Registry(),
        streams: [StreamDefinition] = [], tables: [ReferenceTable] = [],
        sequences: [SequenceDefinition] = [], lines: [LineDefinition] = [],
        aggregations: [AggregationDefinition] = [], twinSync: [TwinSyncDefinition] = [],
        edgeDistribution: [EdgeDistribution] = [], scenarios: [ScenarioDefinition] = [],
        tests: [TestDefinition] = []
    ) {
        self.workflow = workflow
        self.registry = registry
        self.streams = streams
        self.tables = tables
        self.sequences = sequences
        self.lines = lines
        self.aggregations = aggregations
        self.twinSync = twinSync
        self.edgeDistribution = edgeDistribution
        self.scenarios = scenarios
        self.tests = tests
    }
}

/// Which parts of a stream or sequence belong on the edge, as it is written.
package struct EdgeDistribution: Sendable {
    /// A stream or a sequence.
    package var name: Located<String>
    package var components: [Located<String>]
    package var minMemoryMegabytes: Double?
    package var minCPUGigahertz: Double?
    package var optimization: Optimization

    package enum Optimization: String, Sendable, CaseIterable {
        case latency, reliability, bandwidth, cost
    }

    package init(
        name: Located<String>, components: [Located<String>], minMemoryMegabytes: Double? = nil,
        minCPUGigahertz: Double? = nil, optimization: Optimization = .latency
    ) {
        self.name = name
        self.components = components
        self.minMemoryMegabytes = minMemoryMegabytes
        self.minCPUGigahertz = minCPUGigahertz
        self.optimization = optimization
    }
}
