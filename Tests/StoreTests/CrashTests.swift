import Foundation
import Glibc
import Loop
import Model
import Store
import Testing

@Suite(.serialized) struct CrashTests {
    /// A process submits without a pause and notes each ticket that it was told is committed, until
    /// it is killed at some moment. Several times over, in one directory.
    @Test func aKilledProcessLosesNothingItWasToldIsCommitted() async throws {
        let directory = TemporaryDirectory()
        let notes = TemporaryDirectory()
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var before: UInt64 = 0
        for round in 0..<6 {
            let delay = random.next() % 60_000_000
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    path = directory.path as String, note = notes.path + "/note" as String,
                    delay = delay as UInt64, before = before as UInt64
                ] in
                try submitUntilKilled(path, note: note, first: before + 1, delay: delay)
            }
            let noted = try Data(contentsOf: URL(fileURLWithPath: notes.path + "/note"))
            let promised = noted.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let store = try Store.open(configuration(directory))
            let turns = try store.turns
            let numbers = stride(from: 0, to: turns.count, by: 8).map { start in
                turns[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            let last = UInt64(numbers.count)
            #expect(numbers == Array(1..<last + 1), "seed \(seed), round \(round)")
            #expect(last >= promised, "seed \(seed), round \(round)")
            // What was committed with a turn is there with it, and nothing else is.
            let recovery = try store.recover()
            #expect(recovery.outboxSequence == last)
            let twin = recovery.twins.first?.value ?? []
            #expect(twin.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } == last)
            let records = try store.readOutbox(
                after: 0, lane: 1, countMax: .max, bytesMax: .max)
            #expect(records.map(\.sequence) == numbers)
            before = last
        }
        #expect(before > 0, "seed \(seed)")
    }

    @Test func aFirstStartKilledAtAnyMomentIsTakenUpAgain() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for round in 0..<8 {
            let directory = TemporaryDirectory()
            let delay = random.next() % 12_000_000
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = directory.path as String, delay = delay as UInt64] in
                let killer = killerThread(delay: delay)
                let store = try Store.open(StoreConfiguration(path: path))
                killer?.join()
                _ = store
            }
            #expect(throws: Never.self, "seed \(seed), round \(round)") {
                try Store.open(configuration(directory))
            }
        }
    }
}

/// Never returns: a second thread kills the process, `delay` nanoseconds after the first commit.
private func submitUntilKilled(
    _ path: String, note: String, first: UInt64, delay: UInt64
) throws {
    var configuration = StoreConfiguration(path: path, mapSize: 64 << 20)
    configuration.schedule.wearBudgetPerDay = nil
    let store = try Store.open(configuration)
    // Safe: the path is lent for the call.
    let file = unsafe open(note, O_WRONLY | O_CREAT, 0o600)
    let isCommitted = BoundedQueue<Int>(countMax: 1, costMax: 1)
    try store.start { [unowned store] in
        let committed = store.committedTicket
        let number = bigEndian(first - 1 + committed)
        // Safe: the array is valid during the call.
        _ = unsafe number.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
        isCommitted.wake()
    }
    let killer = killerThread(delay: delay) { _ = isCommitted.popAll(until: nil) }
    var number = first
    while killer != nil {
        let ticket = store.submit(
            batch(bigEndian(number)) { batch in
                batch.twins = [(key: 1, value: bigEndian(number))]
                batch.outbox = [(lane: 1, sequence: number, value: bigEndian(number))]
            })
        if ticket != nil { number += 1 }
    }
}

/// Kills the process some nanoseconds after `event` returns.
private func killerThread(
    delay: UInt64, after event: @escaping @Sendable () -> Void = {}
) -> WorkerThread? {
    WorkerThread(name: "killer") {
        event()
        var time = timespec(tv_sec: 0, tv_nsec: Int(delay))
        // Safe: `time` outlives the call.
        unsafe nanosleep(&time, nil)
        kill(getpid(), SIGKILL)
    }
}

private func bigEndian(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
}
