import Model

/// A command that has not ended, or that can still be compensated.
struct LiveCommand: Sendable {
    var id: CommandID
    /// The order commands were made in; never used twice.
    var serial: UInt64
    /// Shared by the steps of one start on one device; 0 for a request.
    var run: UInt64
    var sequence: String
    var step: Int
    var device: Device
    var principal = ""
    var priority: CommandPriority
    var form: CommandForm
    var policy: RetryPolicy
    var preconditions = Preconditions()
    /// What takes it back: registered before it is sent.
    var compensation = CommandForm.none
    /// Stays after its end for a compensation.
    var isKept = false
    var life = CommandLife()
    var attempts = 0
    var created: Instant
    var updated: Instant
    /// When something is due in the present state.
    var deadline: Instant?
    /// When the search for the truth, in `reconciling` or `cancelling`, is given up.
    var limit: Instant?
    /// Not begun by then, it expires; nil after that, and for commands that never do.
    var expires: Instant?
    /// It was not begun, or not proven done, in time: nothing is tried again.
    var isOverdue = false
    /// A transmission is out and nobody has answered for it yet.
    var isAwaitingAnswer = false
    /// Some attempt since the last definite evidence may have reached the device.
    var isUncertain = false
    /// That was so before the attempt that is out.
    var wasUncertain = false
    /// The process ended while the attempt was out; if it never arrived it does not count.
    var isInterrupted = false
    /// Somebody wants this of it as soon as it can have its device.
    var wish: Wish?
    /// The device has said that it is ready.
    var hasPrepared = false
    /// Questions to the device in the present state, or compensations sent.
    var tries = 0
    /// A bit for each of the form's writes that the device has reported since the first
    /// transmission.
    var met: UInt64 = 0
    var firstSent: Instant?
    /// Of the device's lease that the last transmission was under.
    var fence: UInt64 = 0
    /// Of the most urgent command that waits for the device this one has.
    var inherited: CommandPriority?
    var percent: Int?
    var output: [Field] = []
    var result = ""
    /// An event that the present state has no place for was told to the audit.
    var hasToldIgnored = false
    /// The deadline last put on the heap.
    var armed: Instant?

    /// What a command waits for before it may queue.
    struct Preconditions: Hashable, Sendable {
        var isHeld = false
        var needsApproval = false
        var condition: CommandCondition?
        var onFalse = CommandTerms.Refrain.wait
        /// The device is asked first, and stays ready so long.
        var lease: Milliseconds?

        var areAny: Bool { isHeld || needsApproval || condition != nil }
    }

    enum Wish: UInt8, Hashable, Sendable, CaseIterable { case cancel, timeToLive }

    /// What a slot holds that is free.
    static let none = LiveCommand(
        id: CommandID(value: 0), serial: 0, run: 0, sequence: "", step: 0, device: Device(index: 0),
        priority: .normal, form: .none, policy: RetryPolicy(maxAttempts: 1),
        created: .distantPast, updated: .distantPast)

    var hasCompensation: Bool { !compensation.name.isEmpty }
    /// The device must also report what the command does. More than 64 writes are not watched.
    var needsReport: Bool { policy.verifyTimeout != nil && isVisible }
    /// Reports can tell whether it was done.
    var isVisible: Bool {
        form.verify != nil || (!form.writes.isEmpty && form.writes.count <= 64)
    }
    var hasAttemptLeft: Bool { attempts < policy.maxAttempts && !isOverdue }
    var neverSent: Bool { !life.maybeExecuted }
    /// Its transmissions, those about a more urgent one's device included, go ahead of the commit.
    var isCritical: Bool { min(priority, inherited ?? priority) == .critical }

    /// It takes the device, and is no concurrent command that has been taken up.
    var holdsDevice: Bool {
        switch life.state {
        case .leased, .sent: true
        case .accepted, .executing, .verifying, .reconciling, .cancelling: !form.isConcurrent
        case .compensating: isAwaitingAnswer
        default: false
        }
    }

    /// It is searched for, and the next question to the device waits for the device.
    var isUnasked: Bool { life.state.isSearching && !isAwaitingAnswer && deadline == nil }

    /// Reports can move it.
    var isWatching: Bool {
        switch life.state {
        case .blocked: preconditions.condition != nil
        case .sent, .accepted, .executing, .verifying, .reconciling: isVisible
        default: false
        }
    }

    /// When it must be looked at, at the latest.
    var due: Instant? {
        var due = deadline
        if life.state.isSearching, let limit { due = due.map { min($0, limit) } ?? limit }
        switch life.state {
        case .blocked, .queued, .leased, .sent, .backoff:
            if let expires { due = due.map { min($0, expires) } ?? expires }
        default: break
        }
        return due
    }

    /// The id under which the device is told to take it back.
    var compensationID: CommandID { CommandID("compensation", id.description) }

    /// Notes what the device reports of the properties this command sets.
    mutating func note(_ property: Property, _ value: Value) {
        guard firstSent != nil else { return }
        for (place, write) in form.writes.enumerated().prefix(64)
        where write.property == property {
            let bit = UInt64(1) << UInt64(place)
            met = write.isMet(by: value) ? met | bit : met & ~bit
        }
    }

    /// The device has reported, since the command was sent, all that shows that it worked.
    func isReported(in twins: any TwinReader) -> Bool {
        guard isVisible, let firstSent, met.nonzeroBitCount == form.writes.count else {
            return false
        }
        return form.verify.map { $0.holds(for: device, in: twins, since: firstSent) == true }
            ?? true
    }

    /// Its class after it has waited until `now`.
    func rank(at now: Instant, ageing: Milliseconds) -> UInt8 {
        if life.state == .compensating { return 0 }
        let base = priority.rawValue
        guard ageing > .zero, base > CommandPriority.high.rawValue else { return base }
        let spans = max(0, (now - created).count / ageing.count)
        return spans > 1 ? 1 : max(1, base - UInt8(spans))
    }

    var record: CommandRecord {
        CommandRecord(
            id: id, device: device, name: form.name, sequence: sequence, step: step,
            principal: principal, priority: priority, state: life.state,
            maybeExecuted: life.maybeExecuted, attempts: attempts, created: created,
            updated: updated, result: result, percent: percent, output: output)
    }

    func transmission(_ purpose: Transmission.Purpose) -> Transmission {
        let isAbout = purpose == .probe || purpose == .cancel
        return Transmission(
            command: id,
            attempt: purpose == .prepare || purpose == .release ? attempts + 1 : attempts,
            device: device,
            name: form.name, method: isAbout ? (purpose == .probe ? .get : .delete) : form.method,
            path: isAbout ? ["command", id.description] : form.path,
            query: isAbout ? [] : form.query, parameters: isAbout ? [] : form.parameters,
            isCritical: isCritical, purpose: purpose, fence: fence)
    }

    func auditEntry(from: CommandState, reason: String, at now: Instant) -> AuditEntry {
        AuditEntry(
            time: now, command: id, device: device, name: form.name, from: from.description,
            to: life.state.description, reason: reason, details: details(from: from))
    }

    private func details(from: CommandState) -> [Field] {
        switch life.state {
        case _ where from == .created && !principal.isEmpty:
            [Field("principal", .text(principal)), Field("priority", .text("\(priority)"))]
        case .leased: [Field("fence", .integer(Int64(clamping: fence)))]
        default: []
        }
    }
}
