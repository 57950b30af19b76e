import Model

/// What an aggregate remembers beyond count, sum and extremes. What nobody needs stays empty.
///
/// Every part is a function of the values (and their times) alone, so partials of the same values
/// are equal, and are written in equal bytes, whatever the order in which they came together.
package struct AggregateDetail: Hashable, Sendable {
    var powers = Part<PowerSums>()
    var trend = Part<TrendSums>()
    var pair = Part<PairSums>()
    var ends = Part<Ends>()
    var ranks = Part<ValueSketch>()
    var distinct = Part<DistinctSketch>()
    var timeline = Part<Timeline>()

    /// A value and its place in the total order.
    struct Stamped: Hashable, Sendable {
        var time: Int64
        var order: UInt64
        var value: Value

        /// The value decides between events that the total order cannot tell apart.
        func isBefore(_ other: Stamped) -> Bool {
            if time != other.time { return time < other.time }
            if order != other.order { return order < other.order }
            if let number = value.double, let next = other.value.double { return number < next }
            return value.description < other.value.description
        }
    }

    /// The first and the last value.
    struct Ends: PartContent {
        var first: Stamped?
        var last: Stamped?

        mutating func note(_ stamped: Stamped) {
            if first.map({ stamped.isBefore($0) }) ?? true { first = stamped }
            if last.map({ $0.isBefore(stamped) }) ?? true { last = stamped }
        }

        mutating func merge(_ other: Ends) {
            if let stamped = other.first { note(stamped) }
            if let stamped = other.last { note(stamped) }
        }
    }

    var first: Stamped? { ends.content?.first }
    var last: Stamped? { ends.content?.last }

    mutating func merge(_ other: AggregateDetail) {
        powers.merge(other.powers) { $0.merge($1) }
        trend.merge(other.trend) { $0.merge($1) }
        pair.merge(other.pair) { $0.merge($1) }
        ends.merge(other.ends) { $0.merge($1) }
        ranks.merge(other.ranks) { $0.merge($1) }
        distinct.merge(other.distinct) { $0.merge($1) }
        timeline.merge(other.timeline) { $0.merge($1) }
    }
}

/// Exact sums of the second, third and fourth powers.
struct PowerSums: PartContent {
    var squares = ExactSum()
    var higher = Part<HigherSums>()
    /// Values whose powers a double cannot hold: the moments are not known.
    var beyond: Int64 = 0

    /// Exact sums of the third and fourth powers.
    struct HigherSums: PartContent {
        var cubes = ExactSum()
        var fourths = ExactSum()
    }

    var cubes: ExactSum { higher.content?.cubes ?? ExactSum() }
    var fourths: ExactSum { higher.content?.fourths ?? ExactSum() }

    /// `sign` is -1 to take a value away again.
    mutating func add(_ value: Double, higher isWanted: Bool, sign: Double) {
        let square = value * value
        let rest = (-square).addingProduct(value, value)
        guard square.isFinite, !isWanted || (square * square).isFinite else {
            beyond += sign < 0 ? -1 : 1
            return
        }
        squares.add(sign * square)
        squares.add(sign * rest)
        guard isWanted else { return }
        higher.change { sums in
            _ = sums.cubes.addProduct(sign * value, square)
            _ = sums.cubes.addProduct(sign * value, rest)
            _ = sums.fourths.addProduct(sign * square, square)
            _ = sums.fourths.addProduct(sign * 2 * square, rest)
            _ = sums.fourths.addProduct(sign * rest, rest)
        }
    }

    mutating func merge(_ other: PowerSums) {
        squares.merge(other.squares)
        higher.merge(other.higher) { sums, more in
            sums.cubes.merge(more.cubes)
            sums.fourths.merge(more.fourths)
        }
        beyond += other.beyond
    }
}

/// Exact sums of times (milliseconds), of their squares, and of their products with the values.
struct TrendSums: PartContent {
    var times: Int128 = 0
    var squares: Int128 = 0
    var products = ExactSum()

    mutating func add(_ value: Double, at time: Int64, sign: Double) {
        let square = Int128(time) * Int128(time)
        times &+= sign < 0 ? -Int128(time) : Int128(time)
        squares &+= sign < 0 ? -square : square
        _ = products.addProduct(sign * value, Double(time))
    }

    mutating func merge(_ other: TrendSums) {
        times &+= other.times
        squares &+= other.squares
        products.merge(other.products)
    }
}

/// Exact sums of a second field and of its products.
struct PairSums: PartContent {
    var sum = ExactSum()
    var squares = ExactSum()
    var products = ExactSum()

    mutating func add(_ value: Double, with second: Double, sign: Double) {
        sum.add(sign * second)
        _ = squares.addProduct(sign * second, second)
        _ = products.addProduct(sign * value, second)
    }

    mutating func merge(_ other: PairSums) {
        sum.merge(other.sum)
        squares.merge(other.squares)
        products.merge(other.products)
    }
}

extension AggregateDetail {
    func write(into writer: inout ByteWriter) {
        writer.part(powers) { powers, writer in
            powers.squares.write(into: &writer)
            powers.cubes.write(into: &writer)
            powers.fourths.write(into: &writer)
            writer.signed(powers.beyond)
        }
        writer.part(trend) { trend, writer in
            writer.fixed(UInt128(bitPattern: trend.times))
            writer.fixed(UInt128(bitPattern: trend.squares))
            trend.products.write(into: &writer)
        }
        writer.part(pair) { pair, writer in
            pair.sum.write(into: &writer)
            pair.squares.write(into: &writer)
            pair.products.write(into: &writer)
        }
        for stamped in [first, last] {
            writer.bool(stamped != nil)
            guard let stamped else { continue }
            writer.signed(stamped.time)
            writer.fixed(stamped.order)
            writer.value(stamped.value)
        }
        writer.part(ranks) { $0.write(into: &$1) }
        writer.part(distinct) { $0.write(into: &$1) }
        writer.part(timeline) { $0.write(into: &$1) }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        if try reader.bool() {
            let squares = try ExactSum(from: &reader)
            let cubes = try ExactSum(from: &reader)
            let fourths = try ExactSum(from: &reader)
            let beyond = try reader.aggregateCount()
            powers.change { powers in
                (powers.squares, powers.beyond) = (squares, beyond)
                guard cubes != ExactSum() || fourths != ExactSum() else { return }
                powers.higher.change { ($0.cubes, $0.fourths) = (cubes, fourths) }
            }
        }
        if try reader.bool() {
            let sums = TrendSums(
                times: Int128(bitPattern: try reader.fixed128()),
                squares: Int128(bitPattern: try reader.fixed128()),
                products: try ExactSum(from: &reader))
            trend.change { $0 = sums }
        }
        if try reader.bool() {
            let sums = PairSums(
                sum: try ExactSum(from: &reader), squares: try ExactSum(from: &reader),
                products: try ExactSum(from: &reader))
            pair.change { $0 = sums }
        }
        let first = try AggregateDetail.stamped(from: &reader)
        let last = try AggregateDetail.stamped(from: &reader)
        if first != nil || last != nil { ends.change { ($0.first, $0.last) = (first, last) } }
        if try reader.bool() {
            let sketch = try ValueSketch(from: &reader)
            ranks.change { $0 = sketch }
        }
        if try reader.bool() {
            let sketch = try DistinctSketch(from: &reader)
            distinct.change { $0 = sketch }
        }
        if try reader.bool() {
            let points = try Timeline(from: &reader)
            timeline.change { $0 = points }
        }
    }

    private static func stamped(
        from reader: inout ByteReader
    ) throws(RecordError) -> Stamped? {
        guard try reader.bool() else { return nil }
        let (time, order) = (try reader.aggregateTime(), try reader.fixed())
        guard let value = try reader.value() else { throw .malformed(at: reader.offset) }
        return Stamped(time: time, order: order, value: value)
    }
}

extension ByteWriter {
    /// Whether the part is there and not empty and, if so, what `body` writes.
    fileprivate mutating func part<Content>(
        _ part: Part<Content>, _ body: (Content, inout ByteWriter) -> Void
    ) {
        bool(part.value != Content())
        if part.value != Content() { body(part.value, &self) }
    }
}
