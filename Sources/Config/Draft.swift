import Commands
import Engine
import Model
import Streams
import Twins

extension Shape {
    /// A whole file. Any file may hold any section.
    package static let file = Shape(
        "a configuration file", "iotflow's configuration: any file may hold any section.",
        [
            Key("gateway", .shape(.gateway), "How the gateway itself runs."),
            Key("devices", .shape(.devices), "The devices known beforehand."),
            Key("models", .table(.shape(.model)), "What kinds of devices there are."),
            Key("workflow", .text, "The name of the workflow that this file is part of."),
            Key("tables", .table(.shape(.table)), "Rows that events are enriched from."),
            Key("streams", .table(.shape(.stream)), "Event processing and patterns."),
            Key("commands", .table(.shape(.sequence)), "Command sequences."),
            Key("lines", .table(.shape(.packLine)), "Devices that are run as one machine."),
            Key("zones", .shape(.zones), "Which parts of the site lie next to each other."),
            Key(
                "edge_distribution", .table(.shape(.edgeDistribution)),
                "Which parts belong on the edge, by stream or sequence."),
            Key("aggregations", .table(.shape(.aggregation)), "Statistics over groups."),
            Key("twin_sync", .table(.shape(.twinSync)), "How twins follow devices, by group."),
            Key("scenarios", .table(.shape(.scenario)), "What a simulated fleet does."),
            Key("tests", .table(.shape(.test)), "What the workflow expects of itself."),
        ])
}

/// A configuration that grows file by file, until references can be looked up.
struct Draft {
    var workflows: [Located<String>] = []
    var builder = RegistryBuilder()
    var streams: [StreamDefinition] = []
    var tables: [ReferenceTable] = []
    var sequences: [SequenceDefinition] = []
    var lines: [LineDefinition] = []
    private var zones: ZoneGraph?
    var aggregations: [AggregationDefinition] = []
    var twinSync: [TwinSyncDefinition] = []
    var edgeDistribution: [EdgeDistribution] = []
    var scenarios: [ScenarioDraft] = []
    var tests: [TestDefinition] = []
    var gateway: GatewaySettings?
    /// Where each thing is defined, by section and name.
    private var places: [String: Place] = [:]
    private let report: Report
    /// Files by name that are not to be read from the disk.
    private let files: [String: [UInt8]]
    /// How many groups a device may be in, on average, so that ranges cannot fill the memory.
    private static let groupsPerDevice = 4

    init(_ report: Report, files: [String: [UInt8]] = [:]) {
        self.report = report
        self.files = files
    }

    /// Reads all sections of one file. Limits of the gateway section apply from then on, so it is
    /// read from all files before the rest.
    mutating func add(_ root: Node) {
        guard let fields = Fields(root, .file, report) else { return }
        if let name = fields.name("workflow") { workflows.append(name) }
        if let devices = fields.node("devices") { addDevices(devices) }
        for entry in fields.table("models") where isNew("model", entry.key) {
            builder.models.append(ModelDraft(named: entry.key, entry.value, report))
        }
        for entry in fields.table("tables") where isNew("table", entry.key) {
            let draft = TableDraft(named: entry.key, entry.value, files: files, report)
            tables.append(draft?.table ?? ReferenceTable(unreadable: entry.key))
        }
        for entry in fields.table("streams") where isNew("stream", entry.key) {
            guard let stream = StreamDefinition(named: entry.key, entry.value, report) else {
                continue
            }
            for pattern in stream.patterns { _ = isNew("pattern", pattern.name) }
            streams.append(stream)
        }
        for entry in fields.table("commands") where isNew("command sequence", entry.key) {
            if let sequence = SequenceDefinition(named: entry.key, entry.value, report) {
                sequences.append(sequence)
            }
        }
        for entry in fields.table("lines") where isNew("line", entry.key) {
            if let line = LineDefinition(named: entry.key, entry.value, report) {
                lines.append(line)
            }
        }
        addZones(fields)
        for entry in fields.table("aggregations") where isNew("aggregation", entry.key) {
            if let one = AggregationDefinition(named: entry.key, entry.value, report) {
                aggregations.append(one)
            }
        }
        for entry in fields.table("twin_sync") where isNew("twin synchronisation", entry.key) {
            if let one = TwinSyncDefinition(group: entry.key, entry.value, report) {
                twinSync.append(one)
            }
        }
        for entry in fields.table("edge_distribution")
        where isNew("edge distribution", entry.key) {
            if let one = EdgeDistribution(of: entry.key, entry.value, report) {
                edgeDistribution.append(one)
            }
        }
        for entry in fields.table("scenarios") where isNew("scenario", entry.key) {
            if let one = ScenarioDraft(named: entry.key, entry.value, report) {
                scenarios.append(one)
            }
        }
        for entry in fields.table("tests") where isNew("test", entry.key) {
            if let one = TestDefinition(named: entry.key, entry.value, report) {
                tests.append(one)
            }
        }
    }

    /// Reads the gateway section of a file, if it has one; a second one is a mistake.
    mutating func addGateway(_ root: Node) {
        guard case .mapping(let entries) = root.content,
            let entry = entries.first(where: { $0.key.value == "gateway" }), !entry.value.isNull,
            isNew("section", entry.key)
        else { return }
        report.keysRead.insert("\(Shape.file.title).gateway")
        gateway = GatewaySettings(entry.value, report)
    }

    private mutating func addZones(_ fields: Fields) {
        guard let node = fields.node("zones"),
            isNew("section", Located("zones", at: fields.place("zones")))
        else { return }
        zones = ZoneGraph(node, report)
    }

    /// Tells sequences what other sections say of them.
    private mutating func completeSequences() {
        let awaited = Set(lines.flatMap { $0.sequences.map(\.sequence.value) })
        for index in sequences.indices {
            sequences[index].isAwaited = awaited.contains(sequences[index].name.value)
            sequences[index].target.zones = zones
            for step in sequences[index].steps.indices {
                sequences[index].steps[step].target?.zones = zones
            }
        }
    }

    private mutating func addDevices(_ node: Node) {
        guard let fields = Fields(node, .devices, report) else { return }
        let limit = (gateway ?? .standard).limits.devices
        for entry in fields.table("groups") where isNew("group", entry.key) {
            let left = limit * Draft.groupsPerDevice - builder.groups.reduce(0) { $0 + $1.size }
            builder.groups.append(
                GroupDraft(named: entry.key, entry.value, limit: min(limit, left), report))
        }
        for entry in fields.table("list") where isNew("device", entry.key) {
            builder.devices.append(DeviceDraft(named: entry.key, entry.value, report))
        }
    }

    /// False, with both places reported, where the name is taken.
    private mutating func isNew(_ what: String, _ name: Located<String>) -> Bool {
        let key = "\(what) \(name.value)"
        guard let first = places[key] else {
            places[key] = name.place
            return true
        }
        report.add(
            .duplicateName, "the \(what) `\(name.value)` is defined twice", at: name.place,
            length: name.value.utf8.count, help: ["it is first defined at \(first.words)"])
        return false
    }

    /// Looks references up and puts everything together.
    mutating func finish(known: KnownNames) -> Configuration {
        let gateway = gateway ?? .standard
        markWrittenProperties()
        completeSequences()
        checkReferences(report)
        let registry = builder.build(limits: gateway.limits, known: known, report)
        checkTests(registry, report)
        var configuration = Configuration(
            definition: Definition(
                workflow: workflows.first?.value ?? "workflow", registry: registry,
                streams: streams, tables: tables, sequences: sequences, lines: lines,
                aggregations: aggregations,
                twinSync: twinSync, edgeDistribution: edgeDistribution,
                scenarios: scenarios.map(\.definition), tests: tests),
            gateway: gateway, workflows: workflows)
        configuration.definition.commandLimits = gateway.commands
        return configuration
    }

    /// A property that a sequence's parameters set is writable, whatever its command is called.
    private mutating func markWrittenProperties() {
        for sequence in sequences {
            for step in sequence.steps {
                markWritten(by: step, of: sequence)
                guard let undo = step.compensation else { continue }
                var back = StepDefinition(command: undo.command, parameters: undo.parameters)
                back.target = step.target
                markWritten(by: back, of: sequence)
            }
        }
    }

    private mutating func markWritten(by step: StepDefinition, of sequence: SequenceDefinition) {
        let group = (step.target ?? sequence.target).group.value
        for index in models(of: group) {
            let model = builder.models[index].model
            guard let command = model.commands.first(where: { $0.name == step.command.value })
            else { continue }
            let names = step.parameters.map(\.name)
            for write in model.writes(of: command, parameters: names) {
                builder.models[index].markWritten(write.property)
            }
        }
    }

    /// The models that a group's devices have, as indices.
    func models(of group: String) -> [Int] {
        var models: Set<Int> = []
        guard let draft = builder.groups.first(where: { $0.name.value == group }) else { return [] }
        if let model = builder.model(of: draft) { models.insert(model) }
        for device in builder.devices where device.groups.contains(where: { $0.value == group }) {
            let named = builder.models.firstIndex { $0.model.name == device.model?.value }
            if let named { models.insert(named) }
        }
        return models.sorted()
    }
}
