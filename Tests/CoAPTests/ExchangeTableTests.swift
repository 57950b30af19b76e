import CoAP
import Testing

@Suite struct ExchangeTableTests {
    private func key(_ peer: UInt64, _ message: UInt64) -> ExchangeKey {
        ExchangeKey(rawValue: peer << 16 | message)
    }

    @Test func anExchangeIsNewThenPendingThenAnswered() {
        var table = ExchangeTable(capacity: 8, capacityPerPeer: 8)
        #expect(table.find(key(1, 1), at: 0) == .new)
        table.begin(key(1, 1), isConfirmable: true, at: 0)
        #expect(table.find(key(1, 1), at: 1) == .pending)
        #expect(table.find(key(1, 2), at: 1) == .new)
        #expect(table.find(key(2, 1), at: 1) == .new)
        table.answer(key(1, 1), code: .created, bytes: [1, 2, 3], isConfirmable: true, at: 2)
        guard case .answered(let reply) = table.find(key(1, 1), at: 2) else {
            Issue.record("not answered")
            return
        }
        #expect(reply.code == .created)
        #expect(table.bytes(of: reply) == [1, 2, 3])
        table.forget(key(1, 1))
        #expect(table.find(key(1, 1), at: 2) == .new)
    }

    @Test(arguments: [(true, UInt32(247)), (false, 145)])
    func lifetimesAreThoseOfTheSpecification(isConfirmable: Bool, lifetime: UInt32) {
        var table = ExchangeTable(capacity: 8, capacityPerPeer: 8)
        table.silence(key(1, 1), isConfirmable: isConfirmable, at: 100)
        #expect(table.find(key(1, 1), at: 100 + lifetime) == .silenced)
        #expect(table.find(key(1, 1), at: 101 + lifetime) == .new)
        // The number may then be used for something else.
        table.answer(key(1, 1), code: .changed, isConfirmable: true, at: 101 + lifetime)
        #expect(table.find(key(1, 1), at: 300 + lifetime) != .new)
        #expect(table.count == 1)
    }

    @Test func theOldestMakesRoomWhenTheTableIsFull() {
        var table = ExchangeTable(capacity: 4, capacityPerPeer: 4)
        for peer in UInt64(1)...6 { table.silence(key(peer, 0), isConfirmable: true, at: 0) }
        #expect(
            (1...6).map { table.find(key($0, 0), at: 1) == .new } == [
                true, true, false, false, false, false,
            ])
        #expect(table.count == 4 && table.evictions == 2)
    }

    @Test func aBusyPeerPushesOutOnlyItsOwn() {
        var table = ExchangeTable(capacity: 100, capacityPerPeer: 3)
        table.silence(key(7, 0), isConfirmable: true, at: 0)
        for message in UInt64(0)..<50 { table.silence(key(8, message), isConfirmable: true, at: 0) }
        #expect(table.find(key(7, 0), at: 1) == .silenced)
        #expect((0..<50).filter { table.find(key(8, $0), at: 1) == .silenced } == [47, 48, 49])
        #expect(table.count == 4 && table.peerEvictions == 47 && table.evictions == 0)
    }

    @Test func theDeadLeaveWithoutBeingCountedAsEvicted() {
        var table = ExchangeTable(capacity: 4, capacityPerPeer: 4)
        for peer in UInt64(1)...4 { table.silence(key(peer, 0), isConfirmable: true, at: 0) }
        for peer in UInt64(5)...8 { table.silence(key(peer, 0), isConfirmable: true, at: 300) }
        #expect(table.count == 4 && table.evictions == 0)
    }

    @Test func answersLongAgoOverwrittenLeaveTheCode() {
        var table = ExchangeTable(capacity: 64, capacityPerPeer: 64, replyBytes: 16)
        for message in UInt64(0)..<5 {
            table.answer(
                key(1, message), code: .created, bytes: Array(repeating: UInt8(message), count: 5),
                isConfirmable: true, at: 0)
        }
        let kept = (UInt64(0)..<5).map { message -> [UInt8]? in
            guard case .answered(let reply) = table.find(key(1, message), at: 0) else { return nil }
            #expect(reply.code == .created)
            return table.bytes(of: reply)
        }
        #expect(kept == [nil, nil] + (2..<5).map { Array(repeating: UInt8($0), count: 5) })
    }

    /// Against a model that is slow and obviously right.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func itAgreesWithALinearModel(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var table = ExchangeTable(capacity: 32, capacityPerPeer: 6)
        var model: [ExchangeKey] = []
        for step in 0..<20_000 {
            let key = key(random.next() % 12, random.next() % 8)
            let isKnown = model.contains(key)
            guard (table.find(key, at: 0) != .new) == isKnown else {
                Issue.record("seed \(seed), step \(step): \(key)")
                return
            }
            if isKnown { continue }
            table.silence(key, isConfirmable: true, at: 0)
            let ofPeer = model.filter { $0.rawValue >> 16 == key.rawValue >> 16 }
            if ofPeer.count >= 6 {
                model.removeAll { $0 == ofPeer[0] }
            } else if model.count >= 32 {
                model.removeFirst()
            }
            model.append(key)
        }
        #expect(table.count == model.count)
        #expect(table.evictions > 0 && table.peerEvictions > 0)
    }
}

/// The generator of Steele, Lea and Flood; its whole state is the seed that a failing test prints.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
