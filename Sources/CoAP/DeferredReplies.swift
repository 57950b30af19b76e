/// What of a request its answer depends on, wherever and whenever the answer is made.
struct ReplyTerms {
    var isConfirmable = false
    var isSafe = false
    var messageID: UInt16 = 0
    var exchangeKey = ExchangeKey(rawValue: 0)
    /// The Block2 the request asked for, and the Block1 it said it was.
    var block2: Block?
    var block1: Block?
    /// RFC 7967: bit (class - 1) set where no answer of that class is wanted.
    var noResponse: UInt8 = 0

    func isUnwanted(_ code: Code) -> Bool {
        code.codeClass > 0 && noResponse >> UInt8(code.codeClass - 1) & 1 != 0
    }
}

/// The answers that are owed: slots with a generation, so that a ticket works once.
@safe struct DeferredReplies {
    /// One owed answer. Whoever takes it out releases the session reference that it holds.
    @safe struct Owed {
        // Safe: referenced when stored, so libcoap keeps it until it is taken out.
        let session: OpaquePointer
        let token: UInt64
        let tokenCount: Int
        let terms: ReplyTerms
    }

    private struct Slot {
        var owed: Owed?
        var generation: UInt32 = 0
    }

    private let capacity: Int
    private var slots: [Slot] = []
    private var free: [UInt32] = []

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { slots.count - free.count }

    /// The ticket that `add` will fill next, nil when all slots are taken.
    mutating func next() -> ReplyTicket? {
        if free.isEmpty {
            guard slots.count < capacity else { return nil }
            free.append(UInt32(slots.count))
            slots.append(Slot())
        }
        guard let index = free.last else { return nil }
        return ReplyTicket(index: index, generation: slots[Int(index)].generation)
    }

    /// Fills the slot of the ticket that `next` gave just before.
    mutating func add(_ owed: Owed) {
        guard let index = free.popLast() else { return }
        slots[Int(index)].owed = owed
    }

    /// Empties the ticket's slot; nil if it was used already.
    mutating func take(_ ticket: ReplyTicket) -> Owed? {
        let index = Int(ticket.index)
        guard index < slots.count, slots[index].generation == ticket.generation,
            let owed = slots[index].owed
        else { return nil }
        slots[index].owed = nil
        slots[index].generation &+= 1
        free.append(ticket.index)
        return owed
    }

    /// Empties every slot.
    mutating func takeAll() -> [Owed] {
        let all = slots.compactMap(\.owed)
        slots.removeAll()
        free.removeAll()
        return all
    }
}
