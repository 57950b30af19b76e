/// A part of a partial that lies elsewhere, so that it takes no more than a word where nobody needs
/// it. None is the same as an empty one.
struct Part<Content: PartContent>: Hashable, Sendable {
    private var storage: [Content] = []

    /// Bytes of one that is there, beside what it holds itself.
    static var bytes: Int { 32 + MemoryLayout<Content>.stride }

    var content: Content? { storage.first }

    /// An empty one where there is none.
    var value: Content { storage.first ?? Content() }

    /// Changes it in place, made if need be.
    @inline(__always)
    mutating func change(_ body: (inout Content) -> Void) {
        if storage.isEmpty { storage.append(Content()) }
        body(&storage[0])
    }

    mutating func merge(_ other: Part, _ body: (inout Content, Content) -> Void) {
        guard let more = other.storage.first else { return }
        if storage.isEmpty { storage = other.storage } else { body(&storage[0], more) }
    }

    static func == (left: Part, right: Part) -> Bool {
        left.value == right.value
    }

    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// What may be a part: it begins empty.
protocol PartContent: Hashable, Sendable {
    init()
}
