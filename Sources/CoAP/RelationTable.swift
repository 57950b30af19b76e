/// Who observes what (RFC 7641): which client wants to be told of which subject, in which form
/// and under which token, and what it was told last.
///
/// A pure value; whoever owns it sends. A client is told nothing before its peer has been heard to
/// be there (`isProven`), so that a forged source address makes nobody a target. A relation has at
/// most one notification on its way to the store at a time; what changes meanwhile is told in one
/// more. Relations are not stored: after a restart a client renews its interest once Max-Age has
/// passed (section 3.3.1).
package struct RelationTable<Subject: Hashable & Sendable, Form: Sendable>: Sendable {
    /// Names a relation while it lasts: a peer may use one token for one thing.
    package struct Key: Hashable, Sendable {
        package var peer: SocketAddress
        package var token: RequestToken

        package init(_ peer: SocketAddress, _ token: RequestToken) {
            self.peer = peer
            self.token = token
        }
    }

    /// How many there may be; past a limit the newest is refused.
    package struct Limits: Hashable, Sendable {
        package var total = 4_096
        package var perPeer = 64
        /// Every so many notifications one is confirmable, and asks whether the client is still
        /// interested.
        package var unconfirmed = 32
        /// Milliseconds after which one is confirmable in any case: a day (section 4.5).
        package var silence: UInt64 = 86_400_000
        /// Milliseconds in which a confirmable one is answered or given up (MAX_TRANSMIT_WAIT):
        /// until then no other is sent to that client (section 4.5.1).
        package var answer: UInt64 = 93_000
        /// The same where there is a doubt whether the client is interested.
        package var doubt: UInt64 = 2_000

        package init() {}
    }

    /// What happened to relations since the table was made; they only grow.
    package struct Counters: Hashable, Sendable {
        package var registered: UInt64 = 0
        package var cancelled: UInt64 = 0
        /// Not taken because a limit was reached; the client got a plain answer.
        package var refused: UInt64 = 0
        /// Ended by a reset, and by silence.
        package var reset: UInt64 = 0
        package var lost: UInt64 = 0
        package var notifications: UInt64 = 0
        package var confirmable: UInt64 = 0
        /// Changes that a later notification told of as well.
        package var coalesced: UInt64 = 0

        package init() {}
    }

    /// What came of a registration.
    package struct Registered: Hashable, Sendable {
        /// The value of the Observe option in the answer.
        package var sequence: UInt32
        /// Nothing has been heard from the peer yet that proves it is there: ask it.
        package var mustProve: Bool
    }

    /// How the next notification goes out.
    package struct Terms: Hashable, Sendable {
        package var sequence: UInt32
        package var isConfirmable: Bool
    }

    private struct Relation {
        var subject: Subject
        var form: Form
        var sequence: UInt32
        /// What the client was told last, by its ETag.
        var told: [UInt8]
        var lastMessageID: UInt16?
        var unconfirmed = 0
        /// When the last confirmable notification left, monotonic milliseconds; before the first,
        /// when the relation began.
        var confirmableAt: UInt64
        /// The next notification shall be confirmable: it is the first, or there is a doubt.
        var mustConfirm = true
        var isDoubted = false
        /// A notification waits for the store.
        var isHeld = false
        /// The subject changed meanwhile, or while nobody knew whether the client is there.
        var isStale = false
    }

    private struct PeerRecord {
        var keys: [Key] = []
        var isProven = false
        var confirmableAt: UInt64?
    }

    private let limits: Limits
    private var relations: [Key: Relation] = [:]
    private var peers: [SocketAddress: PeerRecord] = [:]
    private var keys: [Subject: [Key]] = [:]
    package private(set) var counters = Counters()

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { relations.count }
    package var isEmpty: Bool { relations.isEmpty }
    /// What is observed, in no order.
    package var subjects: some Sequence<Subject> { keys.keys }

    /// Somebody observes this.
    package func isObserved(_ subject: Subject) -> Bool { keys[subject] != nil }

    package func observes(_ peer: SocketAddress) -> Bool { peers[peer] != nil }

    /// Takes an interest, in place of what the same token stood for; nil where a limit is reached,
    /// and the answer is a plain one (section 4.1). `told` is the ETag of that answer.
    package mutating func register(
        _ key: Key, _ subject: Subject, _ form: Form, told: [UInt8], now: UInt64
    ) -> Registered? {
        if let known = relations[key], known.subject == subject {
            relations[key]?.form = form
            relations[key]?.told = told
            relations[key]?.isStale = false
            let isProven = peers[key.peer]?.isProven ?? false
            return Registered(sequence: advance(key), mustProve: !isProven)
        }
        _ = remove(key)
        guard relations.count < limits.total,
            (peers[key.peer]?.keys.count ?? 0) < limits.perPeer
        else {
            counters.refused += 1
            return nil
        }
        counters.registered += 1
        // A new relation, perhaps after a restart, begins above where an old one can have ended.
        let sequence = UInt32(truncatingIfNeeded: now / 64) & 0xff_ffff
        relations[key] = Relation(
            subject: subject, form: form, sequence: sequence, told: told, confirmableAt: now)
        peers[key.peer, default: PeerRecord()].keys.append(key)
        keys[subject, default: []].append(key)
        return Registered(
            sequence: sequence, mustProve: !(peers[key.peer]?.isProven ?? false))
    }

    /// The client wants to hear no more (Observe = 1).
    @discardableResult
    package mutating func cancel(_ key: Key) -> Bool {
        guard remove(key) else { return false }
        counters.cancelled += 1
        return true
    }

    /// The client answered a notification with a reset.
    @discardableResult
    package mutating func reset(_ peer: SocketAddress, messageID: UInt16) -> Bool {
        let found = peers[peer]?.keys.first { relations[$0]?.lastMessageID == messageID }
        guard let found, remove(found) else { return false }
        counters.reset += 1
        return true
    }

    /// Somebody has reset a message of this number, and nobody knows who: whoever was told under it
    /// last is asked by the next notification, which is confirmable. A forged reset ends nothing.
    package mutating func doubt(messageID: UInt16) {
        for (key, relation) in relations where relation.lastMessageID == messageID {
            relations[key]?.mustConfirm = true
            relations[key]?.isDoubted = true
        }
    }

    /// The peer answered nothing, or is not there: all that it observed ends.
    package mutating func lose(_ peer: SocketAddress) {
        for key in peers[peer]?.keys ?? [] where remove(key) { counters.lost += 1 }
    }

    /// The peer is there. Answers what it must be told now.
    package mutating func prove(_ peer: SocketAddress) -> [Key] {
        guard peers[peer]?.isProven == false else { return [] }
        peers[peer]?.isProven = true
        return (peers[peer]?.keys ?? []).filter {
            relations[$0]?.isStale == true && relations[$0]?.isHeld == false
        }
    }

    /// What is known of a relation, to make its notification from.
    package func interest(_ key: Key) -> (subject: Subject, form: Form, told: [UInt8])? {
        relations[key].map { ($0.subject, $0.form, $0.told) }
    }

    /// The subject has changed: answers for whom a notification is to be made, and held until the
    /// change is safe.
    package mutating func changed(_ subject: Subject) -> [Key] {
        var ready: [Key] = []
        for key in keys[subject] ?? [] {
            guard let relation = relations[key] else { continue }
            if relation.isHeld || peers[key.peer]?.isProven != true {
                if relation.isStale { counters.coalesced += 1 }
                relations[key]?.isStale = true
            } else {
                ready.append(key)
            }
        }
        return ready
    }

    /// A notification is made and waits; `etag` is what it tells.
    package mutating func hold(_ key: Key, telling etag: [UInt8]) {
        relations[key]?.isHeld = true
        relations[key]?.isStale = false
        relations[key]?.told = etag
    }

    /// The notification may leave: how, or nil where the relation has ended.
    package mutating func release(_ key: Key, now: UInt64) -> Terms? {
        guard let relation = relations[key], relation.isHeld else { return nil }
        relations[key]?.isHeld = false
        let last = peers[key.peer]?.confirmableAt
        let isDue =
            relation.mustConfirm || relation.unconfirmed + 1 >= limits.unconfirmed
            || now >= relation.confirmableAt + limits.silence
        let pause = relation.isDoubted ? limits.doubt : limits.answer
        let isConfirmable = isDue && (last.map { now >= $0 + pause } ?? true)
        counters.notifications += 1
        if isConfirmable {
            counters.confirmable += 1
            relations[key]?.mustConfirm = false
            relations[key]?.isDoubted = false
            relations[key]?.unconfirmed = 0
            relations[key]?.confirmableAt = now
            peers[key.peer]?.confirmableAt = now
        } else {
            relations[key]?.unconfirmed += 1
        }
        return Terms(sequence: advance(key), isConfirmable: isConfirmable)
    }

    /// The notification left under this Message-ID. True where the subject has changed since it was
    /// made, so that another is due.
    package mutating func sent(_ key: Key, messageID: UInt16) -> Bool {
        relations[key]?.lastMessageID = messageID
        return relations[key]?.isStale ?? false
    }

    /// Section 4.4: 24 bits, each greater than the one before within 128 seconds.
    private mutating func advance(_ key: Key) -> UInt32 {
        let next = ((relations[key]?.sequence ?? 0) + 1) & 0xff_ffff
        relations[key]?.sequence = next
        return next
    }

    private mutating func remove(_ key: Key) -> Bool {
        guard let relation = relations.removeValue(forKey: key) else { return false }
        keys[relation.subject]?.removeAll { $0 == key }
        if keys[relation.subject]?.isEmpty == true { keys[relation.subject] = nil }
        peers[key.peer]?.keys.removeAll { $0 == key }
        if peers[key.peer]?.keys.isEmpty == true { peers[key.peer] = nil }
        return true
    }
}

/// A request's token: up to eight bytes, the first lowest.
package struct RequestToken: Hashable, Sendable {
    package var value: UInt64
    package var count: Int

    package init(value: UInt64 = 0, count: Int = 0) {
        self.value = value
        self.count = count
    }
}
