package import Model

/// One command made ready for one device: everything a transmission says.
///
/// A live command owns its form, so that a changed configuration does not change what was begun.
struct CommandForm: Hashable, Sendable {
    var name: String
    var method: CommandModel.Method
    var path: [String]
    var query: [String]
    var parameters: [Field]
    var writes: [PropertyWrite]
    var isIdempotent = true
    /// The device takes others while it runs.
    var isConcurrent = false
    var executionTimeout: Milliseconds?
    /// What shows on the device that it worked.
    var verify: CommandCondition?

    static let none = CommandForm(
        name: "", method: .post, path: [], query: [], parameters: [], writes: [])

    /// Every parameter sets a property, so that a newer command of the same kind makes an older one
    /// pointless. Toggles and other actions are not.
    var isAbsoluteSet: Bool { !writes.isEmpty && writes.count == parameters.count }

    /// Both set the same properties, so that the newer replaces the older.
    func replaces(_ older: CommandForm) -> Bool {
        isAbsoluteSet && older.isAbsoluteSet && name == older.name
            && writes.map(\.property) == older.writes.map(\.property)
    }

    /// Takes over what the model says of the command as such.
    mutating func adopt(_ command: CommandModel, of model: DeviceModel?, registry: Registry) {
        isIdempotent = command.isIdempotent
        isConcurrent = command.isConcurrent
        executionTimeout = command.executionTimeout
        var diagnostics: [Diagnostic] = []
        verify = command.verify.map {
            CommandCondition($0, model: model, registry: registry, diagnostics: &diagnostics)
        }
    }
}

/// A property that a command sets, and how near to the value a report must come.
struct PropertyWrite: Hashable, Sendable {
    var property: Property
    var value: Value
    var tolerance: Double

    func isMet(by reported: Value) -> Bool {
        if let wanted = value.double, let reported = reported.double {
            return abs(wanted - reported) <= tolerance
        }
        return value == reported
    }
}

/// How often a command is tried, how long to wait between, and what its failure means for the rest
/// of the sequence.
package struct RetryPolicy: Hashable, Sendable {
    package var maxAttempts: Int
    package var isExponential: Bool
    package var initialDelay: Milliseconds
    package var maxDelay: Milliseconds
    /// The steps after a failed one still run.
    package var skipsFailures: Bool
    /// How long the device may take to report what was set; nil where its response is enough.
    package var verifyTimeout: Milliseconds?

    package init(
        maxAttempts: Int, isExponential: Bool = true, initialDelay: Milliseconds = .second,
        maxDelay: Milliseconds = .minute, skipsFailures: Bool = false,
        verifyTimeout: Milliseconds? = nil
    ) {
        self.maxAttempts = maxAttempts
        self.isExponential = isExponential
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
        self.skipsFailures = skipsFailures
        self.verifyTimeout = verifyTimeout
    }

    /// The wait after attempt number `attempt`. At most a tenth is added, always the same for the
    /// same command and attempt, so that commands that failed together are not all repeated
    /// together.
    func delay(after attempt: Int, of id: CommandID) -> Milliseconds {
        var delay = min(initialDelay, maxDelay)
        if isExponential {
            for _ in 1..<max(1, attempt) where delay < maxDelay { delay = min(delay * 2, maxDelay) }
        }
        let mixed =
            UInt64(truncatingIfNeeded: id.value ^ id.value >> 64)
            &+ UInt64(attempt) &* 0x9e37_79b9_7f4a_7c15
        let tenth = UInt64(delay.count / 10) + 1
        return delay + Milliseconds(Int64((mixed ^ mixed >> 32) % tenth))
    }
}

extension Milliseconds {
    fileprivate static func + (left: Milliseconds, right: Milliseconds) -> Milliseconds {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return Milliseconds(overflow ? .max : sum)
    }
}
