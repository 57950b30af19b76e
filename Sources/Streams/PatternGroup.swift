import Language
import Model

/// For how many devices of a group a condition is true.
struct PatternGroup: Sendable {
    /// By key.
    private(set) var members: [Int32: Member] = [:]
    private(set) var trueCount = 0
    /// When a member was last true, at least; one entry a member.
    private var expiries = Heap<Expiry>()
    /// Enough were true when it was last asked.
    var isUp = false
    /// The window that is open.
    var start = Instant.distantPast
    var end = Instant.distantFuture

    struct Member: Hashable, Sendable {
        var isTrue = false
        /// It stays so, window after window, until its next row.
        var isHeld = false
        /// When it became true, or was last.
        var since = Instant.distantPast
    }

    private struct Expiry: Comparable, Sendable {
        var time: Instant
        var key: Int32

        static func < (left: Expiry, right: Expiry) -> Bool {
            (left.time, left.key) < (right.time, right.key)
        }
    }

    /// The key's latest row decides.
    mutating func set(_ key: Int32, isTrue: Bool, at time: Instant) {
        let before = members[key] ?? Member()
        if before.isTrue != isTrue { trueCount += isTrue ? 1 : -1 }
        members[key] = Member(isTrue: isTrue, since: before.isTrue ? before.since : time)
    }

    /// The key was true, which counts until it is forgotten.
    mutating func add(_ key: Int32, at time: Instant, expires: Bool, isHeld: Bool = false) {
        let wasTrue = members[key]?.isTrue == true
        members[key] = Member(isTrue: true, isHeld: isHeld, since: time)
        if wasTrue { return }
        trueCount += 1
        if expires { expiries.insert(Expiry(time: time, key: key)) }
    }

    /// The key exists.
    mutating func meet(_ key: Int32) {
        if members[key] == nil { members[key] = Member() }
    }

    /// The key is no longer true of itself; what it was in the open window counts.
    mutating func release(_ key: Int32) {
        guard members[key]?.isHeld == true else { return }
        members[key]?.isHeld = false
        guard members[key]?.since != end else { return }
        members[key]?.isTrue = false
        trueCount -= 1
    }

    /// Forgets what was true at `time` or before, and not since.
    mutating func forget(through time: Instant) {
        while let first = expiries.first, first.time <= time {
            _ = expiries.removeFirst()
            if let member = members[first.key], member.since > time {
                expiries.insert(Expiry(time: member.since, key: first.key))
            } else {
                members[first.key]?.isTrue = false
                trueCount -= 1
            }
        }
    }

    /// Begins with the next window.
    mutating func close() {
        trueCount = 0
        for index in members.values.indices {
            members.values[index].isTrue = members.values[index].isHeld
            if members.values[index].isHeld { trueCount += 1 }
        }
        end = .distantFuture
    }

    /// The earliest of those that are true.
    var since: Instant {
        members.values.reduce(.distantFuture) { $1.isTrue ? min($0, $1.since) : $0 }
    }

    func write(into writer: inout ByteWriter) {
        writer.bool(isUp)
        writer.instant(start)
        writer.instant(end)
        writer.list(members.sorted { $0.key < $1.key }) { writer, member in
            writer.unsigned(Int(member.key))
            writer.unsigned(member.value.isHeld ? 2 : member.value.isTrue ? 1 : 0)
            writer.instant(member.value.since)
        }
    }

    init() {}

    init(from reader: inout ByteReader, keys: Int, expires: Bool) throws(RecordError) {
        isUp = try reader.bool()
        start = try reader.instant()
        end = try reader.instant()
        for _ in 0..<(try reader.count()) {
            let key = try reader.count()
            guard key < keys, members[Int32(key)] == nil else {
                throw .malformed(at: reader.offset)
            }
            let state = try reader.count(upTo: 2)
            let member = Member(
                isTrue: state > 0, isHeld: state == 2, since: try reader.instant())
            members[Int32(key)] = member
            guard state > 0 else { continue }
            trueCount += 1
            if expires { expiries.insert(Expiry(time: member.since, key: Int32(key))) }
        }
    }
}

extension PatternState {
    /// The span that a device counts for after it was true.
    var groupSpan: Milliseconds? { shape.kinds.count == 1 ? plan.rule.within : nil }

    /// The group steps of which this row makes enough devices true, by bit.
    mutating func groupEdges(
        _ columns: [Value?], _ slot: Int, at time: Instant, _ registry: Registry
    ) -> UInt32 {
        loadCaptures(slot, nil)
        var result: UInt32 = 0
        for (place, step) in shape.groups.enumerated() {
            let index = slot * shape.groups.count + place
            let isTrue = shape.conditions[step].map { holds($0, columns) } == true
            let key = owners[slot]
            if let span = groupSpan {
                groups[index].meet(key)
                groups[index].forget(through: time - span)
                if groups[index].isUp {
                    groups[index].isUp = isEnough(index, slot, step, registry)
                }
                if isTrue { groups[index].add(key, at: time, expires: true) }
            } else {
                groups[index].set(key, isTrue: isTrue, at: time)
            }
            let isUp = isEnough(index, slot, step, registry)
            if isUp, !groups[index].isUp { result |= 1 << UInt32(step) }
            groups[index].isUp = isUp
        }
        return result
    }

    /// Whether the quantifier is met now.
    private func isEnough(_ index: Int, _ slot: Int, _ step: Int, _ registry: Registry) -> Bool {
        let count = groups[index].trueCount
        guard count > 0, case .group(let quantifier, _, _) = plan.rule.steps[step].what else {
            return false
        }
        let share: Double
        switch quantifier {
        case .any: return true
        case .atLeast(let least): return count >= least
        case .all: share = 100
        case .percent(let percent): share = percent
        }
        func isShare(of population: Int) -> Bool {
            Double(count) >= (share * Double(population) / 100).rounded(.up)
        }
        // Those that were seen are fewer than there are, or all that is known: rows may be of
        // something else than devices. To count the others takes a while.
        return isShare(of: groups[index].members.count)
            && isShare(of: partitions.population(of: slot, sources, registry))
    }

    // MARK: Windows

    mutating func observeInWindow(
        _ columns: [Value?], slot: Int, start: Instant, end: Instant
    ) {
        let key = owners[slot]
        if let until = plan.rule.until, holds(until, columns) {
            groups[slot] = PatternGroup()
        } else if shape.conditions[0].map({ holds($0, columns) }) == true {
            countInWindow(slot, start: start, end: end)
        } else {
            groups[slot].meet(key)
            groups[slot].release(key)
        }
    }

    /// The latest row of a slot is true in the window that it is, or lies in.
    mutating func countInWindow(_ slot: Int, start: Instant, end: Instant) {
        var (start, end) = (start, end)
        if let window = plan.window, let (size, every) = window.aligned {
            start = end.floored(to: every, offset: window.offset)
            end = start + size
        }
        if groups[slot].end == .distantFuture { groups[slot].start = start }
        groups[slot].end = end
        groups[slot].add(owners[slot], at: end, expires: false, isHeld: isAnythingStale)
    }

    /// Whether a value that the row was asked for has not been there for too long.
    private var isAnythingStale: Bool {
        mutating get {
            let first = width + plan.rule.aggregates.count
            for (index, call) in plan.rule.calls.enumerated() {
                if case .stale = call.kind, row[first + index] == .boolean(true) { return true }
            }
            return false
        }
    }

    mutating func judgeWindow(_ slot: Int, at end: Instant, _ registry: Registry) {
        guard groups[slot].end <= end else { return }
        if isEnough(slot, slot, 0, registry) { report(slot, at: end, since: groups[slot].start) }
        groups[slot].close()
    }
}
