import Foundation
import Model
import Store

/// A directory of its own for a test, removed when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "iotflow-store-" + UUID().uuidString
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + file))
    }

    /// The names and contents of everything inside.
    func contents() throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            contents[name] = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        }
        return contents
    }

    /// Replaces each occurrence of some bytes in the database file by as many others.
    func patch(_ old: [UInt8], _ new: [UInt8]) throws {
        let url = URL(fileURLWithPath: path + "/data.mdb")
        var data = try Data(contentsOf: url)
        while let range = data.range(of: Data(old)) { data.replaceSubrange(range, with: new) }
        try data.write(to: url)
    }
}

/// Waits for what the writer thread reports: never for a time, always for an event.
final class CommitSignal: @unchecked Sendable {
    // Safe: guarded by the condition.
    private let condition = NSCondition()
    private var count = 0

    func notify() {
        condition.lock()
        count += 1
        condition.broadcast()
        condition.unlock()
    }

    /// False when the deadline of 20 s passed first.
    func wait(until isTrue: () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: 20)
        condition.lock()
        defer { condition.unlock() }
        while !isTrue() {
            // A tenth of a second bounds the harm of a question whose answer has no event.
            if !condition.wait(until: min(deadline, Date(timeIntervalSinceNow: 0.1))),
                Date() > deadline
            {
                return isTrue()
            }
        }
        return true
    }
}

/// Makes errno-like failures for the first commits.
final class Faults: @unchecked Sendable {
    // Safe: guarded by the lock.
    private let lock = NSLock()
    private var codes: [Int32]

    init(_ codes: [Int32]) { self.codes = codes }

    func next() -> Int32 {
        lock.lock()
        defer { lock.unlock() }
        return codes.isEmpty ? 0 : codes.removeFirst()
    }
}

/// Collects values from another thread.
final class Recorder<Value: Sendable>: @unchecked Sendable {
    // Safe: guarded by the lock.
    private let lock = NSLock()
    private var recorded: [Value] = []

    func record(_ value: Value) {
        lock.lock()
        defer { lock.unlock() }
        recorded.append(value)
    }

    var values: [Value] {
        lock.lock()
        defer { lock.unlock() }
        return recorded
    }
}

extension Store {
    /// The turns of every block from `start`, block by block.
    func blocks(from start: JournalStart = .after(0)) throws -> [JournalBlock] {
        var blocks: [JournalBlock] = []
        try readJournal(from: start) { block in
            blocks.append(block)
            return true
        }
        return blocks
    }

    var turns: [UInt8] { get throws { try blocks().flatMap(\.turns) } }

    /// Starts the thread, submits, and waits until all of it is durable.
    func commit(_ batches: [WriteBatch], signal: CommitSignal) -> Bool {
        var last: UInt64 = 0
        for batch in batches {
            guard let ticket = submit(batch) else { return false }
            last = ticket
        }
        return signal.wait { self.committedTicket >= last }
    }
}

func batch(
    _ turn: [UInt8] = [], at time: Int64 = 0, _ urgency: WriteBatch.Urgency = .group,
    _ fill: (inout WriteBatch) -> Void = { _ in }
) -> WriteBatch {
    var batch = WriteBatch(time: Instant(milliseconds: time), urgency: urgency)
    batch.turn = turn
    fill(&batch)
    return batch
}

func configuration(_ directory: TemporaryDirectory) -> StoreConfiguration {
    var configuration = StoreConfiguration(
        path: directory.path, mapSize: 64 << 20, retryDelay: Milliseconds(1))
    configuration.schedule.wearBudgetPerDay = nil
    return configuration
}
