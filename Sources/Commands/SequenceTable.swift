package import Model

/// Runs sequences as graphs, above the scheduler that runs their commands.
///
/// A pure value: it is told what became of commands and what devices report, and asks for commands
/// in turn. A run is compiled once and frozen when it starts: its devices, their order, the names
/// of its commands.
package struct SequenceTable: Sendable {
    let limits: SequenceLimits
    private(set) var plans: [String: GraphPlan] = [:]
    /// Those of the plans that are run here; the others are only for rehearsals.
    private var graphs: Set<String> = []
    /// In the order started.
    var runs: [SequenceRun] = []
    /// Whose command it is.
    var owners: [CommandID: Owner] = [:]
    /// The runs that ended last, oldest first.
    var ended: [SequenceRecord] = []
    var nextNumber: UInt64 = 1
    var lines: [Line]
    /// By device index: how many steps wait for its reports.
    private(set) var watched: [Int] = []
    package internal(set) var counters = SequenceCounters()

    struct Owner: Hashable, Sendable {
        var run: UInt64
        var node: Int
        var isUndo: Bool
    }

    /// What a run asks for, in order.
    enum Action {
        case submit(SequenceOrder)
        case cancel(CommandID)
        case tell(CommandEffect)
    }

    /// What is true while something is decided, and what was decided.
    struct Scene {
        let registry: Registry
        let twins: any TwinSurvey
        let now: Instant
        var actions: [Action] = []

        /// Unknown counts as not true.
        func holds(_ condition: CommandCondition, for device: Device) -> Bool {
            condition.holds(
                for: device, in: twins, maxAge: SequenceTable.valueAgeMax, at: now) == true
        }
    }

    /// How long a device may take to show what its model's `verify` asks for.
    static let settle = Milliseconds.seconds(30)

    /// How old a value may be whose model does not say how often it comes.
    static let valueAgeMax = Milliseconds.minute * 5

    /// Compiles the sequences that are graphs, and the lines. What is wrong with them is told in
    /// `diagnostics`, and what has an error is left out.
    package init(
        sequences: [SequenceDefinition], lines: [LineDefinition] = [],
        sync: [TwinSyncDefinition], registry: Registry, limits: SequenceLimits = SequenceLimits(),
        diagnostics: inout [Diagnostic]
    ) {
        self.limits = limits
        var compiler = SequenceCompiler(registry: registry)
        var names: Set<String> = []
        for definition in sequences where names.insert(definition.name.value).inserted {
            if definition.isGraph {
                graphs.insert(definition.name.value)
                plans[definition.name.value] = compiler.compileGraph(definition, sync: sync)
            } else {
                // The scheduler tells what is wrong with it.
                var silent = SequenceCompiler(registry: registry)
                plans[definition.name.value] = silent.compileGraph(definition, sync: sync)
            }
        }
        self.lines = compiler.compile(lines, sequences: names)
        diagnostics += compiler.diagnostics
    }

    /// Whether the sequence is run here rather than by the scheduler alone.
    package func has(_ sequence: String) -> Bool { graphs.contains(sequence) }

    /// When `advance` has something to do.
    package var nextDeadline: Instant? { runs.compactMap(\.nextDeadline).min() }

    /// Nothing is under way.
    package var isIdle: Bool { runs.isEmpty }

    /// Whether reports of this device can matter now.
    package func isConcerned(_ device: Device) -> Bool {
        Int(device.index) < watched.count && watched[Int(device.index)] > 0
    }

    /// The runs under way in the order started, then those that ended last, oldest first.
    package var records: [SequenceRecord] { runs.map(\.record) + ended }

    func index(of number: UInt64) -> Int? { runs.firstIndex { $0.number == number } }

    /// Counts anew which devices' reports matter.
    mutating func countWatched() {
        for index in watched.indices { watched[index] = 0 }
        for run in runs {
            for node in run.nodes where node.state == .awaiting {
                let device = Int(run.members[node.member].device.index)
                while watched.count <= device { watched.append(0) }
                watched[device] += 1
            }
        }
    }

    /// Takes the whole state anew.
    mutating func replace(runs: [SequenceRun], ended: [SequenceRecord], nextNumber: UInt64) {
        self.runs = runs
        self.ended = ended
        self.nextNumber = nextNumber
        owners = [:]
        for run in runs {
            for (place, node) in run.nodes.enumerated() {
                if node.undo == .compensating, let undo = node.compensation {
                    let request = run.request(
                        place, "undo", undo.name, undo.parameters,
                        timeToLive: undo.timeToLive)
                    owners[request.id] = Owner(run: run.number, node: place, isUndo: true)
                } else if let command = node.command, !node.state.isFinal {
                    owners[command] = Owner(run: run.number, node: place, isUndo: false)
                }
            }
        }
        countWatched()
    }
}
