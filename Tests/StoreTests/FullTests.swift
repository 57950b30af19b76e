import Foundation
import Glibc
import Model
import Store
import Testing

@Suite struct FullTests {
    /// 1 MiB of map: about 190 pages for data.
    private func tiny(_ directory: TemporaryDirectory) -> StoreConfiguration {
        var configuration = configuration(directory)
        configuration.mapSize = 1 << 20
        return configuration
    }

    /// Fills the store with turns of 20 kB until it says that it is full; answers their number.
    private func fill(_ store: Store, _ signal: CommitSignal) throws -> Int {
        for number in 1...100 {
            let ticket = try #require(store.submit(turn(number)))
            #expect(signal.wait { store.committedTicket == ticket || store.status.state != .ready })
            if store.status.state != .ready { return number }
        }
        return 0
    }

    private func turn(_ number: Int) -> WriteBatch {
        batch([UInt8(number)] + [UInt8](repeating: 0, count: 19_999), .strict) { batch in
            batch.twins = [(key: 1, value: [UInt8(number)])]
        }
    }

    @Test func aFullMapIsAStateAndACheckpointLeadsOutOfIt() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        do {
            let store = try Store.open(tiny(directory))
            try store.start { signal.notify() }
            let submitted = try fill(store, signal)
            #expect(store.status.state == .mapFull)
            #expect((20...45).contains(submitted))
            let committed = store.committedTicket
            #expect(committed == UInt64(submitted - 1))

            // The store keeps trying and keeps what it was given, in order.
            let failures = store.statistics.failedCommits
            #expect(signal.wait { store.statistics.failedCommits > failures + 3 })
            #expect(store.committedTicket == committed)
            #expect(try store.recover().twins.first?.value == [UInt8(committed)])

            // The checkpoint covers the journal, which may then be deleted.
            let last = try #require(store.submit(batch { $0.checkpoint = [42] }))
            #expect(signal.wait { store.committedTicket == last })
            #expect(store.status.state == .ready)
            #expect(try store.recover().twins.first?.value == [UInt8(submitted)])
            for number in 1...100 {
                let ticket = try #require(store.submit(turn(number)))
                #expect(
                    signal.wait { store.committedTicket >= ticket || store.status.state != .ready })
                if number % 10 == 0 {
                    let ticket = try #require(store.submit(batch { $0.checkpoint = [43] }))
                    #expect(signal.wait { store.committedTicket >= ticket })
                }
            }
            store.stop()
            #expect(store.statistics.fileBytes <= 1 << 20)
        }
        let recovery = try Store.open(tiny(directory)).recover()
        #expect(recovery.twins.first?.value == [100])
        #expect(recovery.checkpoint?.bytes == [43])
    }

    @Test func aLargerMapAfterARestartIsAnotherWayOut() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let committed: UInt64
        do {
            let store = try Store.open(tiny(directory))
            try store.start { signal.notify() }
            _ = try fill(store, signal)
            committed = store.committedTicket
            store.stop()
            #expect(store.committedTicket == committed, "stop gives up after a few tries")
        }
        var larger = tiny(directory)
        larger.mapSize = 2 << 20
        let store = try Store.open(larger)
        try store.start { signal.notify() }
        #expect(try store.blocks().count == Int(committed), "exactly what was reported")
        #expect(store.commit([turn(77)], signal: signal))
        store.stop()
    }

    @Test func aFullMapDropsAggregatesBeforeItStopsTheGateway() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(tiny(directory))
        try store.start { signal.notify() }
        let value = [UInt8](repeating: 1, count: 1000)
        let alarms = (1...10).map { (lane: UInt8(0), sequence: UInt64($0), value: value) }
        #expect(store.commit([batch { $0.outbox = alarms }], signal: signal))
        var last: UInt64 = 10
        for _ in 0..<100 {
            let rows = (1...10).map { (lane: UInt8(2), sequence: last + UInt64($0), value: value) }
            last += 10
            #expect(store.commit([batch { $0.outbox = rows }], signal: signal))
        }
        let lanes = store.statistics.lanes
        #expect(lanes[0].records == 10 && lanes[0].dropped == 0)
        #expect(lanes[2].dropped > 0)
        #expect(lanes[2].firstDropped == 11)
        #expect(lanes[2].records > 300, "no more went than had to")
        #expect(UInt64(lanes[2].records) + lanes[2].dropped == 1000, "each is there or counted")
        let rest = try store.readOutbox(after: 0, lane: 2, countMax: 2000, bytesMax: 1 << 30)
        #expect(rest.count == lanes[2].records)
        #expect(rest.first?.sequence == lanes[2].lastDropped + 1)
        #expect(rest.last?.sequence == last)
        store.stop()
    }

    @Test(arguments: [
        (ENOSPC, StoreStatus.State.diskFull), (EIO, .failed(EIO)), (-30792, .mapFull),
    ])
    func aFailingCommitLosesNothing(code: Int32, state: StoreStatus.State) throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let states = Recorder<StoreStatus.State>()
        let faults = Faults([code, code, code])
        var configuration = configuration(directory)
        configuration.commitFault = { faults.next() }
        do {
            let store = try Store.open(configuration)
            for number: UInt8 in 1...9 { _ = store.submit(batch([number])) }
            try store.start { [unowned store] in
                states.record(store.status.state)
                signal.notify()
            }
            #expect(signal.wait { store.committedTicket == 9 })
            #expect(store.status.state == .ready)
            store.stop()
            #expect(store.statistics.failedCommits == 3)
            #expect(states.values == [state, state, state, .ready])
            #expect(store.statistics.queuedBatches == 0)
        }
        #expect(try Store.open(configuration).turns == Array(1...9))
    }

    /// A real full disk, where the test may mount one.
    @Test func aFullDiskIsSurvived() throws {
        let directory = TemporaryDirectory()
        // Safe: literals and a path, lent for the call.
        guard unsafe mount("tmpfs", directory.path, "tmpfs", 0, "size=2m") == 0 else {
            try Test.cancel("this process may not mount a file system")
        }
        // Safe: the path is lent for the call.
        defer { unsafe umount2(directory.path, Int32(MNT_DETACH)) }
        let ballast = directory.path + "/lost+found"
        let signal = CommitSignal()
        let last: UInt64
        do {
            let store = try Store.open(configuration(directory))
            try store.start { signal.notify() }
            // Another program takes the rest of the disk but for 300 kB.
            try Data(repeating: 1, count: 1_600_000).write(to: URL(fileURLWithPath: ballast))
            _ = try fill(store, signal)
            #expect(store.status.state == .diskFull)
            let committed = store.committedTicket
            last = try #require(store.submit(batch([99])))
            let failures = store.statistics.failedCommits
            #expect(signal.wait { store.statistics.failedCommits > failures + 3 })
            #expect(store.committedTicket == committed)
            try FileManager.default.removeItem(atPath: ballast)
            #expect(signal.wait { store.committedTicket == last })
            #expect(store.status.state == .ready)
            store.stop()
        }
        let store = try Store.open(configuration(directory))
        #expect(try store.turns.last == 99)
        #expect(try store.turns.filter { $0 != 0 }.count == Int(last), "every turn, once")
    }
}
