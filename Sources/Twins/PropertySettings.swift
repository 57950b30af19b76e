import Model

/// What the model and the group say of a property.
struct PropertySettings: Sendable {
    /// Numbers no further apart than this count as equal.
    var tolerance = 0.0
    /// Who gives way when the device strays from what it was brought to.
    var policy = TwinSyncDefinition.ConflictResolution.latestTimestamp
    /// How long the device may take from its answer to the report that shows it.
    var settle = Milliseconds.seconds(30)
    /// The longest usual time between two reports.
    var expectedInterval: Milliseconds?
    /// What is desired while nobody desires anything else.
    var defaultValue: Value?

    /// `policy`, `settle` and the like where neither model nor group says.
    init() {}

    init(_ model: PropertyModel?, group: TwinTable.GroupPolicy) {
        policy = model?.policy ?? group.conflictResolution
        // What was commanded is to be kept to, whoever wins otherwise.
        if group.heals { policy = .desiredWins }
        guard let model else { return }
        tolerance = model.tolerance
        if let settle = model.settle { self.settle = settle }
        expectedInterval = model.expectedInterval
        defaultValue = model.defaultValue
    }
}

/// How often, and how long after, a twin tries again.
enum TwinBudget {
    /// Transmissions of one desired version before the property counts as contested.
    static let attempts: UInt8 = 3
    /// How long whoever is to send something may say nothing.
    static let patience = Milliseconds.minute
    /// The wait before the second, doubled for the third.
    static let backoff = Milliseconds.seconds(5)
    /// How long the answer to a transmission may take; whoever sends it tells earlier.
    static let answer = Milliseconds.hour * 2
    /// How long a device may take over what it has only taken up.
    static let execution = Milliseconds.minute * 5
    /// How often a device that strays is brought back within `window`.
    static let reasserts = 3
    static let window = Milliseconds.minute * 10
    /// How long a tombstone is kept: longer than any device or peer is away.
    static let retention = Milliseconds.day * 30
}
