import CoAP
import Testing

@Suite("Relations of observers (RFC 7641)")
struct RelationTableTests {
    typealias Table = RelationTable<String, ContentFormat?>

    private static let peer = SocketAddress.loopback(port: 9)
    private static let day: UInt64 = 86_400_000

    private func key(_ token: UInt64, port: UInt16 = 9) -> Table.Key {
        Table.Key(.loopback(port: port), RequestToken(value: token, count: 1))
    }

    /// A table with one relation to a peer that is there.
    private func table(_ limits: Table.Limits = Table.Limits()) -> Table {
        var table = Table(limits: limits)
        _ = table.register(key(1), "t", .json, told: [1], now: 0)
        _ = table.prove(Self.peer)
        return table
    }

    private func tell(_ table: inout Table, at now: UInt64, id: UInt16 = 7) -> Table.Terms? {
        guard table.changed("t") == [key(1)] else { return nil }
        table.hold(key(1), telling: [2])
        defer { _ = table.sent(key(1), messageID: id) }
        return table.release(key(1), now: now)
    }

    @Test("nobody is told anything before it has been heard to be there")
    func proof() {
        var table = Table()
        let first = table.register(key(1), "t", nil, told: [1], now: 0)
        #expect(first?.mustProve == true)
        #expect(table.changed("t") == [])
        #expect(table.changed("t") == [])
        #expect(table.counters.coalesced == 1)
        #expect(table.prove(Self.peer) == [key(1)], "what changed meanwhile is told now")
        #expect(table.prove(Self.peer) == [])
        #expect(table.prove(.loopback(port: 1)) == [])
        let second = table.register(key(2), "u", nil, told: [1], now: 0)
        #expect(second?.mustProve == false, "one proof is for all relations of the peer")
    }

    @Test("the first notification is confirmable, then one in so many, and never two at a time")
    func confirmable() {
        var limits = Table.Limits()
        limits.unconfirmed = 3
        var table = table(limits)
        let kinds = (0..<9).map { tell(&table, at: UInt64($0) * 40_000)?.isConfirmable }
        // Due after two others, but not before the one before has had its 93 s.
        #expect(kinds == [true, false, false, true, false, false, true, false, false])
        #expect(table.counters.confirmable == 3)
        #expect(table.counters.notifications == 9)
        var fast = self.table(limits)
        let early = (0..<6).map { tell(&fast, at: UInt64($0))?.isConfirmable }
        #expect(early == [true, false, false, false, false, false])
        #expect(tell(&fast, at: 93_000)?.isConfirmable == true)
    }

    @Test("after a day a notification is confirmable, however few there were")
    func daily() {
        var table = table()
        #expect(tell(&table, at: 0)?.isConfirmable == true)
        #expect(tell(&table, at: Self.day - 1)?.isConfirmable == false)
        #expect(tell(&table, at: Self.day)?.isConfirmable == true)
    }

    @Test("sequence numbers grow, within 24 bits, and start above where an old relation ended")
    func sequence() {
        var table = Table()
        let late: UInt64 = 0xff_ffff * 64
        let first = table.register(key(1), "t", nil, told: [], now: late)
        #expect(first?.sequence == 0xff_ffff)
        _ = table.prove(Self.peer)
        #expect(tell(&table, at: late)?.sequence == 0)
        #expect(tell(&table, at: late)?.sequence == 1)
        let again = table.register(key(1), "t", .cbor, told: [], now: late)
        #expect(again?.sequence == 2, "the same interest again goes on counting")
        #expect(table.interest(key(1))?.form == .cbor)
        let later = table.register(key(2), "t", nil, told: [], now: 64_000)
        #expect(later?.sequence == 1_000)
    }

    @Test("one notification waits for the store; what changes meanwhile is told in one more")
    func oneAtATime() {
        var table = table()
        #expect(table.changed("t") == [key(1)])
        table.hold(key(1), telling: [2])
        #expect(table.changed("t") == [])
        #expect(table.changed("t") == [])
        #expect(table.release(key(1), now: 0) != nil)
        #expect(table.sent(key(1), messageID: 7) == true, "another is due")
        #expect(table.release(key(1), now: 0) == nil, "and it is not held yet")
        #expect(table.counters.coalesced == 1)
        table.hold(key(1), telling: [3])
        #expect(table.interest(key(1))?.told == [3])
        #expect(table.release(key(1), now: 0) != nil)
        #expect(table.sent(key(1), messageID: 8) == false)
    }

    @Test("a relation ends by Observe = 1, by a reset of its last notification, and by silence")
    func ends() {
        var table = table()
        #expect(table.cancel(key(1)) == true)
        #expect(table.cancel(key(1)) == false)
        #expect(table.isEmpty && !table.isObserved("t") && !table.observes(Self.peer))
        #expect(table.release(key(1), now: 0) == nil)

        table = self.table()
        _ = tell(&table, at: 0, id: 7)
        #expect(table.reset(Self.peer, messageID: 6) == false)
        #expect(table.reset(.loopback(port: 1), messageID: 7) == false)
        #expect(table.reset(Self.peer, messageID: 7) == true)
        #expect(table.isEmpty)

        table = self.table()
        _ = table.register(key(2), "u", nil, told: [], now: 0)
        _ = table.register(key(1, port: 10), "u", nil, told: [], now: 0)
        table.lose(Self.peer)
        table.lose(Self.peer)
        #expect(table.count == 1)
        #expect(table.counters.lost == 2)
        #expect(Array(table.subjects) == ["u"])
    }

    @Test("a reset that nobody signed makes the next notification confirmable, and ends nothing")
    func doubt() {
        var table = table()
        #expect(tell(&table, at: 0)?.isConfirmable == true)
        #expect(tell(&table, at: 0, id: 8)?.isConfirmable == false)
        table.doubt(messageID: 9)
        #expect(tell(&table, at: 2_000, id: 8)?.isConfirmable == false)
        table.doubt(messageID: 8)
        #expect(tell(&table, at: 1_999, id: 8)?.isConfirmable == false)
        #expect(tell(&table, at: 2_000, id: 8)?.isConfirmable == true)
        #expect(tell(&table, at: 4_000, id: 8)?.isConfirmable == false)
    }

    @Test("the same token for another thing takes the place of the first")
    func replaced() {
        var table = table()
        _ = table.register(key(1), "u", nil, told: [], now: 0)
        #expect(table.count == 1)
        #expect(table.isObserved("u") && !table.isObserved("t"))
    }

    @Test("past a limit the newest is refused, for one peer and for all")
    func limits() {
        var limits = Table.Limits()
        (limits.total, limits.perPeer) = (3, 2)
        var table = table(limits)
        #expect(table.register(key(2), "t", nil, told: [], now: 0) != nil)
        #expect(table.register(key(3), "t", nil, told: [], now: 0) == nil)
        #expect(table.register(key(1, port: 10), "t", nil, told: [], now: 0) != nil)
        #expect(table.register(key(1, port: 11), "t", nil, told: [], now: 0) == nil)
        #expect(table.counters.refused == 2)
        #expect(table.count == 3)
    }
}
