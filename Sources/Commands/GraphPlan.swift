import Model

/// A sequence made ready to run as a graph.
struct GraphPlan: Sendable {
    var name: String
    /// Equal only for plans that mean the same, so that a run is never continued under another.
    var fingerprint: UInt128
    var priority: CommandPriority
    var timeToLive: Milliseconds?
    var policy: GroupPolicy
    var barrier: BarrierDefinition?
    var selection: Selection
    /// In the order written.
    var steps: [GraphStep]

    /// Masks of steps fit a word.
    static let stepsMax = 64
}

/// One command of a graph.
struct GraphStep: Sendable {
    var id: String
    var parents: [Int]
    /// A bit for each step that comes before, at any remove.
    var ancestors: UInt64
    /// Where it does not run on the sequence's devices.
    var selection: Selection?
    /// By the variant of a candidate.
    var variants: [Variant]
    var handling: ErrorHandling
    var policy: RetryPolicy
    var timeout: Milliseconds?

    /// The step as one model of device needs it.
    struct Variant: Sendable {
        var form: CommandForm
        var compensation: CommandTerms.Compensation?
        var when: CommandCondition?
        var awaited: CommandCondition?
        /// How long `awaited` may take.
        var span: Milliseconds
    }
}
