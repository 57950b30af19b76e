import Model

/// The area below values over time, which straight lines join.
///
/// The newest points are kept in order, the older ones only as the area they enclose. So it is
/// exact, whatever the order of arrival and merging, while no point comes more than 512 points late
/// and merged parts do not interleave further than that. Where they do it is `isBroken`, and only
/// bounds are known.
struct Timeline: PartContent {
    private(set) var points: [Point] = []
    private(set) var head: Head?
    private(set) var isBroken = false

    static let kept = 512
    /// Points that are kept where nothing is to come before them any more.
    private static let sealed = 8

    static func bytes(isSealed: Bool) -> Int {
        (isSealed ? 8 * sealed : 2 * kept) * MemoryLayout<Point>.stride + 32
    }

    /// In the total order; the value decides between events that it cannot tell apart.
    struct Point: Hashable, Comparable, Sendable {
        var time: Int64
        var order: UInt64
        var value: Double

        static func < (left: Point, right: Point) -> Bool {
            if left.time != right.time { return left.time < right.time }
            if left.order != right.order { return left.order < right.order }
            return left.value < right.value
        }
    }

    /// What is known of the oldest points.
    struct Head: Hashable, Sendable {
        var first: Point
        var last: Point
        var area: ExactSum

        mutating func extend(to point: Point) {
            area.addArea(last, point)
            last = point
        }
    }

    var isEmpty: Bool { points.isEmpty && head == nil && !isBroken }

    mutating func add(_ point: Point) {
        if isBroken { return }
        if let head, point < head.last { return giveUp() }
        if let last = points.last, point < last {
            var (low, high) = (0, points.count)
            while low < high {
                let middle = (low + high) / 2
                if points[middle] < point { low = middle + 1 } else { high = middle }
            }
            points.insert(point, at: low)
        } else {
            points.append(point)
        }
        if points.count >= 2 * Timeline.kept { shorten() }
    }

    private mutating func giveUp() {
        self = Timeline()
        isBroken = true
    }

    /// Leaves no more than 512 points.
    private mutating func shorten() {
        let excess = points.count - Timeline.kept
        guard excess > 0 else { return }
        for point in points[..<excess] { Timeline.extend(&head, to: point) }
        points.removeFirst(excess)
    }

    /// Whether there is something for `seal` to do.
    var isLong: Bool { points.count > 2 * Timeline.sealed }

    /// Leaves no more than the newest points: whatever comes later comes after them.
    mutating func seal() {
        guard isLong else { return }
        for point in points.dropLast(Timeline.sealed) { Timeline.extend(&head, to: point) }
        if points.capacity > 8 * Timeline.sealed {
            points = Array(points.suffix(Timeline.sealed))
        } else {
            points.removeFirst(points.count - Timeline.sealed)
        }
    }

    private static func extend(_ head: inout Head?, to point: Point) {
        if head?.extend(to: point) == nil {
            head = Head(first: point, last: point, area: ExactSum())
        }
    }

    mutating func merge(_ other: Timeline) {
        if other.isEmpty || isBroken { return }
        if let first = other.points.first, other.head == nil, !other.isBroken,
            !((points.last ?? head?.last).map { first < $0 } ?? false)
        {
            points += other.points
            if points.count >= 2 * Timeline.kept { shorten() }
            return
        }
        if other.isBroken { return giveUp() }
        let heads = [head, other.head].compactMap { $0 }.sorted { $0.first < $1.first }
        if heads.count == 2, heads[1].first < heads[0].last { return giveUp() }
        let all = (points + other.points).sorted()
        var merged: Head?
        var index = 0
        for next in heads {
            while index < all.count, all[index] < next.first {
                Timeline.extend(&merged, to: all[index])
                index += 1
            }
            if index < all.count, all[index] < next.last { return giveUp() }
            if merged == nil {
                merged = next
            } else {
                merged?.extend(to: next.first)
                merged?.area.merge(next.area)
                merged?.last = next.last
            }
        }
        head = merged
        points = Array(all[index...])
        if points.count >= 2 * Timeline.kept { shorten() }
    }

    /// The whole of it as one area; nil where there is nothing or too much is unknown.
    var whole: Head? {
        if isBroken { return nil }
        var result = head
        for point in points { Timeline.extend(&result, to: point) }
        return result
    }
}

extension ExactSum {
    /// Adds twice the area between two points, times in milliseconds.
    mutating func addArea(_ from: Timeline.Point, _ to: Timeline.Point, sign: Double = 1) {
        let span = sign * Double(to.time - from.time)
        _ = addProduct(from.value, span)
        _ = addProduct(to.value, span)
    }
}

extension Timeline {
    private var shortened: Timeline {
        var result = self
        result.shorten()
        return result
    }

    /// Equal where the points are, however many of them happen to be kept.
    static func == (left: Timeline, right: Timeline) -> Bool {
        let (left, right) = (left.shortened, right.shortened)
        return left.points == right.points && left.head == right.head
            && left.isBroken == right.isBroken
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(shortened.points)
        hasher.combine(isBroken)
    }

    func write(into writer: inout ByteWriter) {
        let short = shortened
        writer.bool(isBroken)
        writer.list(short.points) { writer, point in point.write(into: &writer) }
        writer.bool(short.head != nil)
        if let head = short.head {
            head.first.write(into: &writer)
            head.last.write(into: &writer)
            head.area.write(into: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        isBroken = try reader.bool()
        points = try reader.list { (reader) throws(RecordError) in try Point(from: &reader) }
        if try reader.bool() {
            head = Head(
                first: try Point(from: &reader), last: try Point(from: &reader),
                area: try ExactSum(from: &reader))
        }
        guard points.count <= Timeline.kept, zip(points, points.dropFirst()).allSatisfy(<=) else {
            throw .malformed(at: reader.offset)
        }
    }
}

extension Timeline.Point {
    func write(into writer: inout ByteWriter) {
        writer.signed(time)
        writer.fixed(order)
        writer.double(value)
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        time = try reader.aggregateTime()
        order = try reader.fixed()
        value = try reader.aggregateNumber()
    }
}

extension ByteReader {
    /// A time that a stream accepts, in milliseconds since the epoch.
    mutating func aggregateTime() throws(RecordError) -> Int64 {
        let time = try signed()
        guard time.magnitude < 1 << 53 else { throw .malformed(at: offset) }
        return time
    }

    mutating func aggregateNumber() throws(RecordError) -> Double {
        let number = try double()
        guard number.isFinite else { throw .malformed(at: offset) }
        return number
    }
}
