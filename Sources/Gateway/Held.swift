package import CoAP
package import Model

/// What waits for a commit, in the order of the tickets it waits for.
package struct Held {
    /// One thing that may leave once its ticket is durable.
    package enum Item {
        case reply(ReplyTicket, Response)
        case notification(RelationKey, Response)
        /// To the control socket.
        case answer([UInt8])
        /// To those who watch the device.
        case line([UInt8], device: String)
        case transmission(Transmission)
    }

    // A queue in an array: the front moves on and is cut off when it is most of the array.
    private var items: [(ticket: UInt64, item: Item)] = []
    private var front = 0

    package init() {}

    package var count: Int { items.count - front }

    /// Appends what may leave once `ticket` is durable; tickets only grow.
    package mutating func add(
        replies: [(ticket: ReplyTicket, response: Response)], transmissions: [Transmission],
        until ticket: UInt64
    ) {
        for reply in replies { items.append((ticket, .reply(reply.ticket, reply.response))) }
        for transmission in transmissions { items.append((ticket, .transmission(transmission))) }
    }

    /// Appends a notification; a relation has one at most.
    mutating func add(notification key: RelationKey, _ response: Response, until ticket: UInt64) {
        items.append((ticket, .notification(key, response)))
    }

    mutating func add(answers: [[UInt8]], until ticket: UInt64) {
        for answer in answers { items.append((ticket, .answer(answer))) }
    }

    mutating func add(line: [UInt8], of device: String, until ticket: UInt64) {
        items.append((ticket, .line(line, device: device)))
    }

    /// The oldest item whose ticket is at most `committed`, taken out.
    package mutating func next(upTo committed: UInt64) -> Item? {
        guard front < items.count, items[front].ticket <= committed else { return nil }
        defer {
            front += 1
            if front == items.count {
                items.removeAll(keepingCapacity: true)
                front = 0
            } else if front > 4096, front * 2 > items.count {
                items.removeFirst(front)
                front = 0
            }
        }
        return items[front].item
    }
}
