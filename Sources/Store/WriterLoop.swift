import Glibc
import Loop
import Model
import Synchronization

/// The writer thread's own half: collects batches, decides when to commit, commits, and keeps
/// trying when that fails. Lives on the thread and nowhere else.
struct WriterLoop: ~Copyable {
    private let writer: Writer
    private let onCommit: @Sendable () -> Void
    private let schedule: CommitSchedule
    private var ledger: Ledger
    private var wear: WearBudget
    private var meter = WriteMeter()

    /// Submitted and not committed, in order.
    private var pending: [Writer.Submission] = []
    private var summary = CommitSchedule.Pending()
    private var cursors = Writer.CursorRequests()
    private var ticket: UInt64 = 0
    private var state = StoreStatus.State.ready
    private var retryAt: UInt64 = 0
    private var failuresWhileStopping = 0
    /// How much of `pending` one commit takes at most, as cost; less after a failure.
    private var sliceCostMax = Self.sliceCostFull

    /// What the file system's own journal adds to each commit: about this much was measured on
    /// ext4.
    private static let syncBytes = 16 << 10
    private static let sliceCostFull = 4 << 20
    private static let failuresWhileStoppingMax = 3

    init(_ writer: Writer, _ ledger: Ledger, onCommit: @escaping @Sendable () -> Void) {
        self.writer = writer
        self.ledger = ledger
        self.onCommit = onCommit
        schedule = CommitSchedule(writer.configuration.schedule)
        wear = WearBudget(
            bytesPerDay: writer.configuration.schedule.wearBudgetPerDay, now: monotonicNow())
    }

    /// Returns when the queue is closed and everything is committed, or cannot be.
    mutating func run() {
        while true {
            // Asked before collecting: what was pushed before the close is collected then.
            let isClosed = writer.queue.isClosed
            collect(until: 0)
            if isClosed, !hasPending || failuresWhileStopping >= Self.failuresWhileStoppingMax {
                return
            }
            let due = (isClosed ? 0 : dueTime()).map { max($0, retryAt) }
            let now = monotonicNow()
            if let due, now >= due {
                attempt()
            } else if let due, isClosed {
                pause(nanoseconds: due - now)
            } else {
                collect(until: due)
            }
        }
    }

    /// At the end everything in the audit gets signed, too.
    private var hasPending: Bool {
        !pending.isEmpty || !cursors.cursors.isEmpty || ledger.audit.unsigned.count > 0
    }

    /// Takes what was submitted and asked for; with nothing there, sleeps until the deadline.
    private mutating func collect(until deadline: UInt64?) {
        let fresh = writer.queue.popAll(until: deadline)
        for submission in fresh { summary.add(submission) }
        pending += fresh
        let requests = writer.takeCursorRequests()
        cursors.cursors.merge(requests.cursors) { max($0, $1) }
        cursors.oldest = cursors.oldest ?? requests.oldest
    }

    private mutating func dueTime() -> UInt64? {
        var summary = summary
        if let oldest = cursors.oldest { summary.add(.relaxed, turnBytes: 0, at: oldest) }
        let due = schedule.due(summary, creditReturns: wear.creditReturns(now: monotonicNow()))
        guard let signing = ledger.audit.checkpointDue else { return due }
        return min(due ?? signing, signing)
    }

    /// One commit of what is at the front of `pending`, or one step of relief.
    private mutating func attempt() {
        let start = monotonicNow()
        let isFull = state == .mapFull || state == .diskFull
        let lastCheckpoint = isFull ? pending.lastIndex { $0.batch.checkpoint != nil } : nil
        let count = lastCheckpoint.map { $0 + 1 } ?? sliceCount()
        let slice = pending.prefix(count)
        let cost = slice.reduce(0) { $0 + $1.cost }
        do throws(StoreError) {
            let needed = WriterLoop.pagesNeeded(count, cost)
            if isFull, try needsRelief(needed) { try relieve(cost) }
            // A checkpoint may use the reserve: the journal it covers can be deleted afterwards.
            if lastCheckpoint == nil { try requireRoom(needed) }
            let group = CommitGroup(
                slice.lazy.map(\.batch), blockSize: writer.configuration.schedule.blockSize,
                omitsCoveredTurns: isFull)
            let bytesPut = try commit(group)
            succeeded(count: count, cost: cost, bytesPut: bytesPut, start: start)
        } catch {
            failed(error)
        }
        onCommit()
    }

    private func sliceCount() -> Int {
        var cost = 0
        var count = 0
        for submission in pending {
            cost += submission.cost
            if count > 0, cost > sliceCostMax { break }
            count += 1
        }
        return count
    }

    private mutating func commit(_ group: CommitGroup) throws(StoreError) -> Int {
        var commit = try Commit(writer.environment, ledger, writer.configuration, writer.key)
        try commit.put(group)
        if let due = commit.ledger.audit.checkpointDue,
            writer.queue.isClosed || due <= monotonicNow()
        {
            try commit.signAudit()
        }
        try commit.advance(cursors.cursors)
        try commit.trim()
        try testHooks()
        let bytesPut = commit.bytesPut
        ledger = try commit.finish()
        return bytesPut
    }

    private func testHooks() throws(StoreError) {
        let delay = writer.configuration.commitDelay
        if delay > .zero { pause(nanoseconds: UInt64(delay.count) * 1_000_000) }
        if let fault = writer.configuration.commitFault { try check("commit", fault()) }
    }

    private mutating func succeeded(count: Int, cost: Int, bytesPut: Int, start: UInt64) {
        let end = monotonicNow()
        let written = (meter.advance() ?? bytesPut + 6 * Environment.pageSize) + Self.syncBytes
        wear.spend(written, now: end)
        pending.removeFirst(count)
        summary = CommitSchedule.Pending()
        for submission in pending { summary.add(submission) }
        cursors = Writer.CursorRequests()
        writer.queue.release(count: count, cost: cost)
        ticket += UInt64(count)
        sliceCostMax = Self.sliceCostFull
        retryAt = 0
        let recovered = state != .ready
        state = .ready
        let ledger = ledger
        let environment = writer.environment
        writer.report.withLock { report in
            if recovered { report.status = StoreStatus(state: .ready, since: end) }
            report.statistics.commits += 1
            report.statistics.batches += UInt64(count)
            report.statistics.bytesPut += UInt64(bytesPut)
            report.statistics.bytesWritten += UInt64(written)
            report.statistics.lastCommitMicroseconds = (end - start) / 1000
            report.statistics.commitDurations.record(microseconds: (end - start) / 1000)
            report.statistics.show(ledger, environment)
        }
        writer.committedTicket.store(ticket, ordering: .releasing)
    }

    private mutating func failed(_ error: StoreError) {
        let now = monotonicNow()
        let before = state
        state = error.state
        if state == .failed(EIO), isDiskFull { state = .diskFull }
        retryAt = now + UInt64(max(writer.configuration.retryDelay.count, 0)) * 1_000_000
        sliceCostMax = writer.configuration.schedule.blockSize
        if writer.queue.isClosed { failuresWhileStopping += 1 }
        let state = state
        writer.report.withLock { report in
            if state != before { report.status = StoreStatus(state: state, since: now) }
            report.statistics.failedCommits += 1
        }
    }
}

extension WriterLoop {
    /// LMDB answers EIO when the disk took only a part of a write.
    private var isDiskFull: Bool {
        // Safe: `status` outlives the call, and the path is lent for it.
        var status = statvfs()
        guard unsafe statvfs(writer.configuration.path, &status) == 0 else { return false }
        return status.f_bavail * status.f_bsize < 1 << 20
    }

    /// Pages kept free at the end of the map, so that a full store can still delete.
    static func reservedPages(mapSize: Int) -> Int {
        min(max(mapSize / 16, 256 << 10), 16 << 20) / Environment.pageSize
    }

    /// Throws `mapFull` when a commit of so many pages might need the reserve.
    private func requireRoom(_ needed: Int) throws(StoreError) {
        let untouched = untouchedPages
        if untouched >= needed { return }
        writer.environment.clearDeadReaders()
        if untouched + (try writer.environment.freePages()) < needed { throw .mapFull }
    }

    /// Whether a full store should free something before it tries again. A full disk leaves only
    /// the pages inside the file.
    private func needsRelief(_ needed: Int) throws(StoreError) -> Bool {
        let untouched = state == .diskFull ? 0 : untouchedPages
        return untouched + (try writer.environment.freePages()) < 2 * needed + 32
    }

    /// Pages never used before, up to the reserve; negative when part of the reserve is in use.
    private var untouchedPages: Int {
        let usage = writer.environment.usage
        return usage.mapSize / Environment.pageSize
            - WriterLoop.reservedPages(mapSize: usage.mapSize) - usage.lastPage - 1
    }

    /// Roughly: the pages of the payload and a few for each table's way from root to leaf.
    private static func pagesNeeded(_ count: Int, _ cost: Int) -> Int {
        24 + count / 4 + cost / 3072
    }

    /// Frees what the policy allows, in a transaction of its own, and makes its pages usable.
    private mutating func relieve(_ cost: Int) throws(StoreError) {
        writer.environment.clearDeadReaders()
        let bytes = 2 * (cost + 32 * Environment.pageSize)
        for bytes in [bytes, 0] {
            var commit = try Commit(
                writer.environment, ledger, writer.configuration, writer.key)
            try commit.relieve(bytes: bytes)
            try testHooks()
            ledger = try commit.finish()
        }
    }
}

extension CommitSchedule.Pending {
    fileprivate mutating func add(_ submission: Writer.Submission) {
        add(
            submission.batch.urgency, turnBytes: submission.batch.turn.count, at: submission.time)
    }
}

extension StoreError {
    /// The status a failing commit puts the store into.
    fileprivate var state: StoreStatus.State {
        switch self {
        case .mapFull: .mapFull
        case .diskFull: .diskFull
        case .system(_, let code), .database(_, let code): .failed(code)
        default: .failed(0)
        }
    }
}
