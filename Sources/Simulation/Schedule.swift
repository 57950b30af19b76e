import Model

/// Due times of emitters, the earliest first; ties by emitter, so that the order is total.
struct Schedule: Sendable {
    private var heap: [(time: Instant, emitter: Int)] = []

    var first: Instant? { heap.first?.time }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].emitter) < (heap[right].time, heap[right].emitter)
    }

    mutating func push(time: Instant, emitter: Int) {
        heap.append((time, emitter))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (time: Instant, emitter: Int)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return top }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(child, least) { least = child }
            if least == parent { return top }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
