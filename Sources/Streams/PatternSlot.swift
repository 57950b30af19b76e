import Language
import Model

/// What one key, or one part of it, has begun in a pattern and not brought to its end.
struct PatternSlot: Sendable {
    /// By their start, the earliest first; those before `head` are no more.
    var partials: [Partial] = []
    var head = 0
    /// By partial, then by the rule's captures.
    var cells: [Cell] = []
    /// By partial: which of the last events were true, the latest in the lowest bit.
    var words: [UInt64] = []
    /// The steps that a partial may be at.
    var occupied: UInt32 = 0
    /// Events seen.
    var ordinal: Int64 = 0
    /// The latest window's number, and how many windows it came after the one before.
    var window = Window()
    var lastMatch = Instant.distantPast
    /// A run, or a silence, has been reported and is not over.
    var hasFired = false
    /// When the next timer is due.
    var queued = Instant.distantFuture
    /// Of the latest row.
    var key: Int32 = 0

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

    /// Where the latest row is among the windows.
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

    var count: Int { partials.count - head }

    mutating func clear() {
        partials.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        head = 0
        occupied = 0
    }

    /// Forgets the earliest.
    mutating func removeFirst(cells cellCount: Int, words wordCount: Int) {
        head += 1
        if head == partials.count { return clear() }
        guard head >= 16, head * 2 >= partials.count else { return }
        partials.removeFirst(head)
        cells.removeFirst(head * cellCount)
        words.removeFirst(head * wordCount)
        head = 0
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
