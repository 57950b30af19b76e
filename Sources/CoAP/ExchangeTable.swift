/// Which messages were already seen, and what was answered (RFC 7252 sections 4.2 and 4.5).
///
/// A repeat of an answered request gets the same answer again, a repeat of one still being worked
/// on is swallowed, and neither reaches a handler. Bounded in total and for each peer: past a bound
/// the oldest exchange makes room. All operations take constant time; entries have a fixed size,
/// and answers that are more than a code live in one ring of bytes that overwrites its oldest.
package struct ExchangeTable {
    /// What is known of a message that arrived.
    package enum Finding: Hashable, Sendable {
        case new
        /// Seen, and its answer is still owed.
        case pending
        /// Seen and answered without a message.
        case silenced
        case answered(StoredReply)
    }

    /// An answer to give again.
    package struct StoredReply: Hashable, Sendable {
        package var code: Code
        var start: UInt64
        var count: UInt16
    }

    /// EXCHANGE_LIFETIME and NON_LIFETIME with the default parameters, in seconds (section 4.8.2).
    package static let confirmableLifetime: UInt32 = 247
    package static let nonConfirmableLifetime: UInt32 = 145

    /// Exchanges forgotten before their lifetime because the table was full.
    package private(set) var evictions: UInt64 = 0
    /// The same because their peer had too many.
    package private(set) var peerEvictions: UInt64 = 0

    private enum State: UInt8 { case pending, answered, silenced, forgotten }

    private struct Entry {
        var key: UInt64
        var replyStart: UInt64 = 0
        var second: UInt32
        /// The record of its peer.
        var peer: UInt32
        /// Neighbours in age, the younger one of the same peer. `none` past the ends.
        var older: UInt32
        var younger: UInt32 = none
        var youngerOfPeer: UInt32 = none
        var replyCount: UInt16 = 0
        var code: UInt8 = 0
        var state: State
        var isConfirmable: Bool
    }

    private struct Peer {
        var oldest = none
        var newest = none
        var count = 0
    }

    private static let none = UInt32.max

    private let capacity: Int
    private let capacityPerPeer: Int
    private var entries: [Entry] = []
    private var freeEntries: [UInt32] = []
    private var index = HashIndex()
    private var oldest = none
    private var newest = none
    private var peers: [Peer] = []
    private var freePeers: [UInt32] = []
    private var peerIndex = HashIndex()
    private var replies: ReplyRing

    /// Both capacities count exchanges; `replyBytes` is for answers that have a payload.
    package init(capacity: Int, capacityPerPeer: Int, replyBytes: Int = 256 * 1024) {
        precondition(capacity > 0 && capacityPerPeer > 0 && capacity < Int(UInt32.max))
        self.capacity = capacity
        self.capacityPerPeer = capacityPerPeer
        replies = ReplyRing(capacity: replyBytes)
    }

    package var count: Int { index.count }

    /// What is known of `key` at `second` (monotonic); an exchange past its lifetime is new.
    package func find(_ key: ExchangeKey, at second: UInt32) -> Finding {
        guard let number = index.find(key.rawValue) else { return .new }
        let entry = entries[Int(number)]
        if isOver(entry, at: second) { return .new }
        switch entry.state {
        case .forgotten: return .new
        case .pending: return .pending
        case .silenced: return .silenced
        case .answered:
            return .answered(
                StoredReply(
                    code: Code(rawValue: entry.code), start: entry.replyStart,
                    count: entry.replyCount))
        }
    }

    private func isOver(_ entry: Entry, at second: UInt32) -> Bool {
        let lifetime =
            entry.isConfirmable ? Self.confirmableLifetime : Self.nonConfirmableLifetime
        return second &- entry.second > lifetime
    }

    /// The bytes beyond the code, or nil if there were none or the ring has moved on.
    package func bytes(of reply: StoredReply) -> [UInt8]? {
        replies.read(start: reply.start, count: Int(reply.count))
    }

    /// Notes a message whose answer is still owed.
    package mutating func begin(_ key: ExchangeKey, isConfirmable: Bool, at second: UInt32) {
        insert(key, .pending, isConfirmable: isConfirmable, at: second)
    }

    /// Notes a message that was taken and needs no answer, now or on repeats.
    package mutating func silence(_ key: ExchangeKey, isConfirmable: Bool, at second: UInt32) {
        insert(key, .silenced, isConfirmable: isConfirmable, at: second)
    }

    /// Notes the answer to a message, known before or not. Pass no bytes where the code says it
    /// all.
    package mutating func answer(
        _ key: ExchangeKey, code: Code, bytes: [UInt8] = [], isConfirmable: Bool, at second: UInt32
    ) {
        let number: Int
        if let known = index.find(key.rawValue), entries[Int(known)].state == .pending,
            !isOver(entries[Int(known)], at: second)
        {
            number = Int(known)
            entries[number].state = .answered
        } else {
            number = insert(key, .answered, isConfirmable: isConfirmable, at: second)
        }
        entries[number].code = code.rawValue
        entries[number].replyCount = 0
        guard !bytes.isEmpty, let start = replies.append(bytes) else { return }
        entries[number].replyStart = start
        entries[number].replyCount = UInt16(bytes.count)
    }

    /// Lets a repeat of `key` be taken as new: its answer may be worked out afresh.
    package mutating func forget(_ key: ExchangeKey) {
        guard let number = index.find(key.rawValue) else { return }
        entries[Int(number)].state = .forgotten
    }

    @discardableResult
    private mutating func insert(
        _ key: ExchangeKey, _ state: State, isConfirmable: Bool, at second: UInt32
    ) -> Int {
        if let known = index.find(key.rawValue) {
            // Forgotten, or past its lifetime: it keeps its place in the order of age.
            entries[Int(known)].state = state
            entries[Int(known)].second = second
            entries[Int(known)].isConfirmable = isConfirmable
            entries[Int(known)].replyCount = 0
            return Int(known)
        }
        removeDead(at: second)
        let peer = peerRecord(of: key.peer)
        if peers[Int(peer)].count >= capacityPerPeer {
            remove(peers[Int(peer)].oldest, sparing: peer)
            peerEvictions += 1
        } else if index.count >= capacity {
            remove(oldest, sparing: peer)
            evictions += 1
        }
        let entry = Entry(
            key: key.rawValue, second: second, peer: peer, older: newest, state: state,
            isConfirmable: isConfirmable)
        let number: UInt32
        if let free = freeEntries.popLast() {
            number = free
            entries[Int(free)] = entry
        } else {
            number = UInt32(entries.count)
            entries.append(entry)
        }
        index.set(key.rawValue, to: number)
        if newest == Self.none { oldest = number } else { entries[Int(newest)].younger = number }
        newest = number
        link(number, to: Int(peer))
        return Int(number)
    }

    /// Two of the dead leave for each that comes, so the table empties itself without a timer.
    private mutating func removeDead(at second: UInt32) {
        for _ in 0..<2 where oldest != Self.none {
            guard second &- entries[Int(oldest)].second > Self.confirmableLifetime else { break }
            remove(oldest)
        }
    }

    private mutating func peerRecord(of peer: UInt64) -> UInt32 {
        if let known = peerIndex.find(peer) { return known }
        let number: UInt32
        if let free = freePeers.popLast() {
            number = free
            peers[Int(free)] = Peer()
        } else {
            number = UInt32(peers.count)
            peers.append(Peer())
        }
        peerIndex.set(peer, to: number)
        return number
    }

    /// Makes `number` the peer's youngest.
    private mutating func link(_ number: UInt32, to peer: Int) {
        let last = peers[peer].newest
        if last == Self.none {
            peers[peer].oldest = number
        } else {
            entries[Int(last)].youngerOfPeer = number
        }
        peers[peer].newest = number
        peers[peer].count += 1
    }

    /// Removes an entry that is the oldest of its peer, as all that are removed are. The record of
    /// its peer goes with its last entry, unless it is about to get another.
    private mutating func remove(_ number: UInt32, sparing spared: UInt32 = none) {
        let entry = entries[Int(number)]
        if entry.older == Self.none {
            oldest = entry.younger
        } else {
            entries[Int(entry.older)].younger = entry.younger
        }
        if entry.younger == Self.none {
            newest = entry.older
        } else {
            entries[Int(entry.younger)].older = entry.older
        }
        let peer = Int(entry.peer)
        peers[peer].oldest = entry.youngerOfPeer
        peers[peer].count -= 1
        if peers[peer].count == 0 {
            peers[peer].newest = Self.none
        }
        if peers[peer].count == 0, entry.peer != spared {
            peerIndex.remove(ExchangeKey(rawValue: entry.key).peer)
            freePeers.append(entry.peer)
        }
        index.remove(entry.key)
        freeEntries.append(number)
    }
}

/// The newest bytes written, addressed by how many were written before them.
struct ReplyRing {
    private let capacity: Int
    private var bytes: [UInt8] = []
    private var written: UInt64 = 0

    init(capacity: Int) { self.capacity = max(capacity, 1) }

    /// Where `more` starts, nil if it could never fit.
    mutating func append(_ more: [UInt8]) -> UInt64? {
        guard more.count <= capacity, more.count <= Int(UInt16.max) else { return nil }
        if bytes.isEmpty { bytes = Array(repeating: 0, count: capacity) }
        let start = written
        for byte in more {
            bytes[Int(written % UInt64(capacity))] = byte
            written += 1
        }
        return start
    }

    func read(start: UInt64, count: Int) -> [UInt8]? {
        guard count > 0, written - start <= UInt64(capacity) else { return nil }
        return (0..<count).map { bytes[Int((start + UInt64($0)) % UInt64(capacity))] }
    }
}
