import Crypto
import Foundation
import Glibc
import Loop
import Model
import Store
import Testing
import Wire

@Suite("the audit is kept", .serialized)
struct AuditStoreTests {
    @Test("an audit goes on over restarts, and all that is stopped cleanly is signed")
    func restarts() throws {
        let directory = TemporaryDirectory()
        var heads: [AuditHead] = []
        for round in 1...4 {
            let signal = CommitSignal()
            let store = try Store.open(configuration(directory))
            #expect(store.statistics.auditEntries == (round - 1) * 450)
            try store.start { signal.notify() }
            let steps = (0..<450).map(auditStep)
            #expect(store.commit([batch { $0.audit = steps }], signal: signal))
            heads.append(try #require(store.statistics.auditHead))
            store.stop()
            #expect(store.statistics.auditCheckpoint?.auditHead == heads.last)
            #expect(store.statistics.auditCheckpoint?.key == store.auditKey)
            let (header, rows) = try Store.openReadOnly(directory.path).audit()
            #expect(header?.head == heads.last && header?.start == 1)
            let verification = verified(header, rows, heads: heads, keys: [store.auditKey])
            #expect(verification.isWhole && verification.entries == round * 450)
            #expect(verification.checkpoints == round)
        }
    }

    @Test("the key is made once, and nobody else may read it")
    func key() throws {
        let directory = TemporaryDirectory()
        let first = try Store.open(configuration(directory)).auditKey
        let file = directory.path + "/audit.key"
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try Store.open(configuration(directory)).auditKey == first)
        #expect(!FileManager.default.fileExists(atPath: file + ".new"))
        for damaged in [Data(), Data(count: 31), Data(count: 33)] {
            try damaged.write(to: URL(fileURLWithPath: file))
            #expect(throws: StoreError.damaged(table: "audit.key")) {
                try Store.open(configuration(directory))
            }
        }
        try FileManager.default.removeItem(atPath: file)
        #expect(try Store.open(configuration(directory)).auditKey != first)
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(
            atPath: file, withIntermediateDirectories: false)
        #expect(throws: StoreError.self) { try Store.open(configuration(directory)) }
    }

    @Test("a lost key is told, for another may have signed what came later")
    func otherKey() throws {
        let directory = TemporaryDirectory()
        _ = try writtenAudit(10, in: directory)
        try FileManager.default.removeItem(atPath: directory.path + "/audit.key")
        let (header, rows) = try writtenAudit(10, in: directory)
        #expect(verified(header, rows).findings == [.foreignKey(20)])
        let keys = rows.compactMap { row -> [UInt8]? in
            guard case .checkpoint(_, _, let cbor) = row else { return nil }
            return AuditCheckpoint(cbor: cbor)?.key
        }
        #expect(verified(header, rows, keys: keys).isWhole, "both are trusted by whoever says so")
    }

    @Test("over its limit the oldest goes, up to a checkpoint that vouches for the rest")
    func retention() throws {
        let directory = TemporaryDirectory()
        let limit = 500_000
        let (header, rows) = try writtenAudit(9000, in: directory, limit: limit)
        let bytes = rows.reduce(0) { $0 + $1.content.count }
        #expect(bytes <= limit && bytes > limit / 3)
        let verification = verified(header, rows)
        #expect(verification.isWhole)
        let trimmed = try #require(verification.trimmed)
        #expect(trimmed % 1000 == 0 && trimmed > 0)
        #expect(verification.first == trimmed + 1 && verification.last == 9000)
        #expect(header?.start == 1)
        // What has gone cannot be compared any more, and without its checkpoint nothing can.
        let old = AuditHead(sequence: 5, hash: [])
        #expect(verified(header, rows, heads: [old]).findings == [.headTrimmed(5)])
        #expect(
            verified(header, Array(rows.dropFirst())).findings.first == .unanchored(trimmed + 1))
        // Sizes are known again after a restart.
        let statistics = try Store.openReadOnly(directory.path).statistics()
        #expect(statistics.auditBytes == bytes)
        #expect(statistics.auditEntries == rows.filter(\.isEntry).count)
    }

    /// As an older version leaves it: entries, and nothing that says where a chain begins.
    @Test("entries without hashes stay, and the chain begins behind them")
    func migration() async throws {
        let directory = TemporaryDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = directory.path as String] in
            let signal = CommitSignal()
            let store = try Store.open(StoreConfiguration(path: path, mapSize: 64 << 20))
            try store.start { signal.notify() }
            let steps = (0..<10).map(auditStep)
            #expect(store.commit([batch([], at: 0, .strict) { $0.audit = steps }], signal: signal))
            kill(getpid(), SIGKILL)
        }
        try directory.patch(Array("audit".utf8) + [1, 10], Array("atdit".utf8) + [1, 10])
        let old = try Store.openReadOnly(directory.path).audit()
        #expect(old.header == nil && old.rows.count == 10)
        #expect(verified(nil, old.rows).plainEntries == 10)
        let (header, rows) = try writtenAudit(5, in: directory)
        #expect(header?.start == 11 && header?.head.sequence == 15)
        let verification = verified(header, rows)
        #expect(verification.isWhole)
        #expect(verification.plainEntries == 10 && verification.entries == 5)
        // They are the first to go when there is no room.
        let (_, trimmed) = try writtenAudit(1, in: directory, limit: 2600)
        #expect(trimmed.first?.sequence == 11)
    }

    /// Kills itself between two commits that it has not been told of.
    @Test("a process killed at any moment leaves a chain that is whole")
    func killed() async throws {
        let directory = TemporaryDirectory()
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var entries = 0
        for round in 0..<5 {
            let delay = random.next() % 50_000_000
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = directory.path as String, delay = delay as UInt64] in
                try auditUntilKilled(path, delay: delay)
            }
            let (header, rows) = try Store.openReadOnly(directory.path).audit()
            let verification = verified(header, rows)
            #expect(verification.isWhole, "seed \(seed), round \(round)")
            #expect(verification.entries >= entries, "seed \(seed), round \(round)")
            entries = verification.entries
        }
        #expect(entries > 0, "seed \(seed)")
        let (header, rows) = try writtenAudit(3, in: directory)
        #expect(verified(header, rows).isWhole)
        #expect(header?.head.sequence == UInt64(entries) + 3)
    }
}

/// Never returns.
private func auditUntilKilled(_ path: String, delay: UInt64) throws {
    var configuration = StoreConfiguration(path: path, mapSize: 64 << 20)
    configuration.schedule.wearBudgetPerDay = nil
    let store = try Store.open(configuration)
    let isCommitted = BoundedQueue<Int>(countMax: 1, costMax: 1)
    try store.start { isCommitted.wake() }
    let killer = WorkerThread(name: "killer") {
        _ = isCommitted.popAll(until: nil)
        var time = timespec(tv_sec: 0, tv_nsec: Int(delay))
        // Safe: `time` outlives the call.
        unsafe nanosleep(&time, nil)
        kill(getpid(), SIGKILL)
    }
    var number = 0
    while killer != nil {
        let steps = (0..<number % 90).map(auditStep)
        _ = store.submit(batch([], at: 0, urgency(number)) { $0.audit = steps })
        number += 1
    }
}

private func urgency(_ number: Int) -> WriteBatch.Urgency { number % 2 == 0 ? .strict : .group }
