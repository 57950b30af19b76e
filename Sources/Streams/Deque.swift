/// A first-in first-out array: elements leave at the front in constant amortised time, because the
/// space they leave is only closed when half of the array is such space.
struct Deque<Element: Sendable>: Sendable {
    private var storage: [Element] = []
    private var start = 0

    var count: Int { storage.count - start }
    var first: Element? { start < storage.count ? storage[start] : nil }
    var last: Element? { start < storage.count ? storage[storage.count - 1] : nil }
    var elements: ArraySlice<Element> { storage[start...] }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func removeFirst() {
        precondition(start < storage.count)
        start += 1
        if start == storage.count {
            storage.removeAll(keepingCapacity: true)
            start = 0
        } else if start * 2 >= storage.count, start >= 16 {
            storage.removeFirst(start)
            start = 0
        }
    }

    mutating func removeLast() {
        precondition(start < storage.count)
        storage.removeLast()
    }
}
