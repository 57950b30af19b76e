import Language
import Model

/// What one key, or one part of it, has begun in a pattern and not brought to its end.
struct PatternSlot: Sendable {
    /// One, or none while nothing is begun, which is mostly so: there may be a million slots.
    private var begun: [Begun] = []
    /// Events seen.
    var ordinal: Int64 = 0
    /// The steps that a partial may be at.
    var occupied: UInt32 = 0
    /// A run, or a silence, has been reported and is not over.
    var hasFired = false

    /// What is only there while something is begun.
    private struct Begun: Sendable {
        var partials: [Partial] = []
        var head = 0
        var cells: [Cell] = []
        var words: [UInt64] = []
    }

    /// Bytes of one slot in which something is begun, the partials aside.
    static let bytes = MemoryLayout<PatternSlot>.stride + MemoryLayout<Begun>.stride

    /// A match that has begun.
    struct Partial: Sendable {
        /// The first event's time.
        var start: Instant
        /// Where the first event is a window: when that began.
        var began: Instant
        /// Of the step it is at: the run's start, the silence's start, or the latest event.
        var since: Instant
        /// The slot's count at the latest event that was part of it.
        var ordinal: Int64
        /// The slot's count of events, or windows, at the first.
        var entered: Int64
        /// Events of the step it is at.
        var count: Int32 = 0
        var step: Int32 = 0
    }

    /// What a partial remembers for later conditions.
    struct Cell: Sendable {
        var value: Value?
        var partial = AggregatePartial()
    }

    /// Where the latest row is among the windows: its number, and how many it came after the one
    /// before.
    struct Window: Sendable {
        var start = Instant.distantPast
        var end = Instant.distantPast
        var number: Int64 = 0
        /// From the row before.
        var advance: Int64 = 1
        var isAdjacent = false

        mutating func move(to start: Instant, _ end: Instant, slide: Milliseconds?) {
            let before = number
            if let slide, slide > .zero {
                let floor = start.milliseconds % slide.count < 0 ? Int64(1) : 0
                number = start.milliseconds / slide.count - floor
                advance = before == 0 && self.start == .distantPast ? 1 : number - before
                isAdjacent = advance == 1 && self.start > .distantPast
            } else {
                number += 1
                advance = 1
                isAdjacent = self.end == start
            }
            (self.start, self.end) = (start, end)
        }
    }

    /// By their start, the earliest first; those before `head` are no more.
    var partials: [Partial] {
        _read { yield begun.isEmpty ? [] : begun[0].partials }
        _modify {
            if begun.isEmpty { begun = [Begun()] }
            yield &begun[0].partials
        }
    }

    /// By partial, of which there must be one, then by the rule's captures.
    var cells: [Cell] {
        _read { yield begun[0].cells }
        _modify { yield &begun[0].cells }
    }

    /// By partial, of which there must be one: which of the last events were true, the latest in
    /// the lowest bit.
    var words: [UInt64] {
        _read { yield begun[0].words }
        _modify { yield &begun[0].words }
    }

    var head: Int { begun.isEmpty ? 0 : begun[0].head }
    var count: Int { begun.isEmpty ? 0 : begun[0].partials.count - begun[0].head }

    mutating func clear() {
        begun = []
        occupied = 0
    }

    /// Forgets the earliest.
    mutating func removeFirst(cells cellCount: Int, words wordCount: Int) {
        begun[0].head += 1
        let head = begun[0].head
        if head == partials.count { return clear() }
        guard head >= 16, head * 2 >= partials.count else { return }
        partials.removeFirst(head)
        cells.removeFirst(head * cellCount)
        words.removeFirst(head * wordCount)
        begun[0].head = 0
    }

    /// Puts the partial at `index` where `place` is.
    mutating func move(_ index: Int, to place: Int, cells cellCount: Int, words wordCount: Int) {
        guard index != place else { return }
        partials[place] = partials[index]
        for cell in 0..<cellCount {
            cells[place * cellCount + cell] = cells[index * cellCount + cell]
        }
        for word in 0..<wordCount {
            words[place * wordCount + word] = words[index * wordCount + word]
        }
    }

    mutating func truncate(to count: Int, cells cellCount: Int, words wordCount: Int) {
        guard count > head else { return clear() }
        partials.removeLast(partials.count - count)
        cells.removeLast(cells.count - count * cellCount)
        words.removeLast(words.count - count * wordCount)
    }
}

/// Something to report.
struct PatternFinding: Hashable, Sendable {
    var slot: Int
    var time: Instant
    var since: Instant
    /// The step that it had got to when its time ran out; nil for a match.
    var timedOutStep: Int?
}
