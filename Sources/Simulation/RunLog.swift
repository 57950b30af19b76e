import Model

/// The commands that a device has run or runs, so that a repeat is known for one; as many as a
/// small device keeps.
struct RunLog: Sendable {
    /// In the order in which they came.
    private(set) var runs: [Run] = []

    /// So many that have ended are kept; what still runs is kept besides.
    static let endedMax = 32

    /// One command on its device.
    struct Run: Sendable {
        var id: CommandID
        var name: String
        /// What it was answered with.
        var code: Int
        var status: CommandStatus
        /// What it sets once it is done.
        var writes: [(property: Property, value: Value)] = []
        var began: Instant
        /// When it is done, and how; nil for one that has ended.
        var ends: (time: Instant, status: CommandStatus)?
        /// When it tells of its progress next.
        var tells: Instant?
    }

    func find(_ id: CommandID) -> Run? { runs.last { $0.id == id } }

    var running: Run? { runs.first { $0.ends != nil } }

    /// When the first of those that run has something to tell.
    var nextDeadline: Instant? {
        var next: Instant?
        for run in runs {
            guard let ends = run.ends?.time else { continue }
            let due = min(ends, run.tells ?? ends)
            next = min(next ?? due, due)
        }
        return next
    }

    mutating func add(_ run: Run) {
        runs.append(run)
        forget()
    }

    mutating func update(_ id: CommandID, _ change: (inout Run) -> Void) {
        guard let place = runs.lastIndex(where: { $0.id == id }) else { return }
        change(&runs[place])
        forget()
    }

    private mutating func forget() {
        while runs.count(where: { $0.ends == nil }) > RunLog.endedMax {
            guard let oldest = runs.firstIndex(where: { $0.ends == nil }) else { return }
            runs.remove(at: oldest)
        }
    }
}
