import Model

/// What an aggregate remembers beyond count, sum and extremes. What nobody needs stays empty.
///
/// Every part is a function of the values (and their times) alone, so partials of the same values
/// are equal, and are written in equal bytes, whatever the order in which they came together.
package struct AggregateDetail: Hashable, Sendable {
    var powers = PowerSums()
    var trend = TrendSums()
    var pair = PairSums()
    var first: Stamped?
    var last: Stamped?
    var ranks = ValueSketch()
    var distinct = DistinctSketch()
    var timeline = Timeline()

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

    mutating func note(_ stamped: Stamped) {
        if first.map({ stamped.isBefore($0) }) ?? true { first = stamped }
        if last.map({ $0.isBefore(stamped) }) ?? true { last = stamped }
    }

    mutating func merge(_ other: AggregateDetail) {
        powers.merge(other.powers)
        trend.merge(other.trend)
        pair.merge(other.pair)
        if let stamped = other.first { note(stamped) }
        if let stamped = other.last { note(stamped) }
        ranks.merge(other.ranks)
        distinct.merge(other.distinct)
        timeline.merge(other.timeline)
    }
}

/// Exact sums of the second, third and fourth powers.
struct PowerSums: Hashable, Sendable {
    var squares = ExactSum()
    var cubes = ExactSum()
    var fourths = ExactSum()
    /// Values whose powers a double cannot hold: the moments are not known.
    var beyond: Int64 = 0

    /// `sign` is -1 to take a value away again.
    mutating func add(_ value: Double, higher: Bool, sign: Double) {
        let square = value * value
        let rest = (-square).addingProduct(value, value)
        guard square.isFinite, !higher || (square * square).isFinite else {
            beyond += sign < 0 ? -1 : 1
            return
        }
        squares.add(sign * square)
        squares.add(sign * rest)
        guard higher else { return }
        _ = cubes.addProduct(sign * value, square)
        _ = cubes.addProduct(sign * value, rest)
        _ = fourths.addProduct(sign * square, square)
        _ = fourths.addProduct(sign * 2 * square, rest)
        _ = fourths.addProduct(sign * rest, rest)
    }

    mutating func merge(_ other: PowerSums) {
        squares.merge(other.squares)
        cubes.merge(other.cubes)
        fourths.merge(other.fourths)
        beyond += other.beyond
    }
}

/// Exact sums of times (milliseconds), of their squares, and of their products with the values.
struct TrendSums: Hashable, Sendable {
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
struct PairSums: Hashable, Sendable {
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
        writer.optional(powers != PowerSums()) {
            powers.squares.write(into: &$0)
            powers.cubes.write(into: &$0)
            powers.fourths.write(into: &$0)
            $0.signed(powers.beyond)
        }
        writer.optional(trend != TrendSums()) {
            $0.fixed(UInt128(bitPattern: trend.times))
            $0.fixed(UInt128(bitPattern: trend.squares))
            trend.products.write(into: &$0)
        }
        writer.optional(pair != PairSums()) {
            pair.sum.write(into: &$0)
            pair.squares.write(into: &$0)
            pair.products.write(into: &$0)
        }
        for stamped in [first, last] {
            writer.optional(stamped != nil) { writer in
                writer.signed(stamped?.time ?? 0)
                writer.fixed(stamped?.order ?? 0)
                writer.value(stamped?.value)
            }
        }
        writer.optional(ranks.total > 0) { ranks.write(into: &$0) }
        writer.optional(!distinct.isEmpty) { distinct.write(into: &$0) }
        writer.optional(!timeline.isEmpty) { timeline.write(into: &$0) }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        if try reader.bool() {
            powers = PowerSums(
                squares: try ExactSum(from: &reader), cubes: try ExactSum(from: &reader),
                fourths: try ExactSum(from: &reader), beyond: try reader.aggregateCount())
        }
        if try reader.bool() {
            trend = TrendSums(
                times: Int128(bitPattern: try reader.fixed128()),
                squares: Int128(bitPattern: try reader.fixed128()),
                products: try ExactSum(from: &reader))
        }
        if try reader.bool() {
            pair = PairSums(
                sum: try ExactSum(from: &reader), squares: try ExactSum(from: &reader),
                products: try ExactSum(from: &reader))
        }
        first = try AggregateDetail.stamped(from: &reader)
        last = try AggregateDetail.stamped(from: &reader)
        if try reader.bool() { ranks = try ValueSketch(from: &reader) }
        if try reader.bool() { distinct = try DistinctSketch(from: &reader) }
        if try reader.bool() { timeline = try Timeline(from: &reader) }
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
    /// A boolean and, where it is true, what `body` writes.
    fileprivate mutating func optional(_ isThere: Bool, _ body: (inout ByteWriter) -> Void) {
        bool(isThere)
        if isThere { body(&self) }
    }
}
