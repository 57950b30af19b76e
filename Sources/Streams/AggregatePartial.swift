package import Language
package import Model

/// What an aggregate remembers of the values it has seen. Two of them merge into what one would
/// remember of all the values, in any order: the sums are exact, and the sketches depend on nothing
/// but the values.
package struct AggregatePartial: Hashable, Sendable {
    /// Values seen, or rows for a `count` without a field.
    package var count: Int64 = 0
    package var sum = ExactSum()
    /// Infinity where there is none.
    package var minimum = Double.infinity
    /// Minus infinity where there is none.
    package var maximum = -Double.infinity
    /// One, or none where nobody needs it: an array only so that it lies elsewhere and small
    /// partials stay small.
    var detail: [AggregateDetail] = []

    /// Which parts somebody reads; the others stay empty.
    package struct Needs: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let sum = Needs(rawValue: 1)
        package static let extremes = Needs(rawValue: 2)
        /// Sums of squares.
        package static let squares = Needs(rawValue: 4)
        /// Sums of third and fourth powers.
        package static let higherPowers = Needs(rawValue: 8)
        /// Sums with times.
        package static let trend = Needs(rawValue: 16)
        /// Sums with a second field.
        package static let pair = Needs(rawValue: 32)
        /// The first and the last value.
        package static let ends = Needs(rawValue: 64)
        package static let ranks = Needs(rawValue: 128)
        package static let distinct = Needs(rawValue: 256)
        package static let timeline = Needs(rawValue: 512)

        /// What lies in `detail`.
        static let detailed: Needs = [
            .squares, .higherPowers, .trend, .pair, .ends, .ranks, .distinct, .timeline,
        ]

        package init(_ function: AggregateFunction) {
            switch function {
            case .count: self = []
            case .sum, .avg: self = .sum
            case .min, .max, .range: self = .extremes
            case .first, .last, .rate: self = .ends
            case .median, .percentile, .mode, .mad, .histogram: self = .ranks
            case .stddev, .stddevPop, .variance: self = [.sum, .squares]
            case .skewness, .kurtosis: self = [.sum, .squares, .higherPowers]
            case .distinct, .approxDistinct: self = .distinct
            case .slope: self = [.sum, .trend]
            case .timeWeightedAvg, .integral: self = [.sum, .extremes, .ends, .timeline]
            case .correlation: self = [.sum, .squares, .pair]
            }
        }

        /// The most that a partial with these can take, in bytes. One of a window that only closed
        /// ones are merged into is sealed.
        package func bytes(isSealed: Bool = false) -> Int {
            var bytes = MemoryLayout<AggregatePartial>.stride
            if isDisjoint(with: .detailed) { return bytes }
            bytes += MemoryLayout<AggregateDetail>.stride + 32
            if contains(.squares) { bytes += Part<PowerSums>.bytes }
            if contains(.higherPowers) { bytes += Part<PowerSums.HigherSums>.bytes }
            if contains(.trend) { bytes += Part<TrendSums>.bytes }
            if contains(.pair) { bytes += Part<PairSums>.bytes }
            if contains(.ends) { bytes += Part<AggregateDetail.Ends>.bytes }
            if contains(.ranks) { bytes += Part<ValueSketch>.bytes + ValueSketch.bytes }
            if contains(.distinct) { bytes += Part<DistinctSketch>.bytes + DistinctSketch.bytes }
            if contains(.timeline) {
                bytes += Part<Timeline>.bytes + Timeline.bytes(isSealed: isSealed)
            }
            return bytes
        }
    }

    package init() {}

    /// Takes one value in. Texts, times and places have no number to take: they are counted, and
    /// can be first, last or distinct. `order` decides between values of the same time, and
    /// `second` is the other field of the row.
    package mutating func add(
        _ value: Value, needs: Needs, at time: Instant = Instant(milliseconds: 0),
        order: UInt64 = 0, with second: Double? = nil
    ) {
        if needs.contains(.pair), second == nil { return }
        switch value {
        case .number(let number):
            count += 1
            if needs.contains(.sum) { sum.add(number) }
            if needs.contains(.extremes) { widen(number) }
        case .integer(let integer):
            count += 1
            if needs.contains(.sum) { sum.add(integer) }
            if needs.contains(.extremes) { widen(Double(integer)) }
        case .boolean(let boolean):
            let number = boolean ? 1.0 : 0.0
            count += 1
            if needs.contains(.sum) { sum.add(number) }
            if needs.contains(.extremes) { widen(number) }
        case .text, .timestamp, .position: count += 1
        }
        if !needs.isDisjoint(with: .detailed) {
            addDetail(value, needs, time.milliseconds, order, second)
        }
    }

    package mutating func add(_ number: Double, needs: Needs) {
        add(.number(number), needs: needs)
    }

    private mutating func widen(_ number: Double) {
        // Adding zero makes -0 into 0, so that the order of the two cannot be seen.
        if number < minimum { minimum = number + 0 }
        if number > maximum { maximum = number + 0 }
    }

    @inline(never)
    private mutating func addDetail(
        _ value: Value, _ needs: Needs, _ time: Int64, _ order: UInt64, _ second: Double?
    ) {
        if detail.isEmpty { detail = [AggregateDetail()] }
        if needs.contains(.ends) {
            let stamped = AggregateDetail.Stamped(time: time, order: order, value: value)
            detail[0].ends.change { $0.note(stamped) }
        }
        if needs.contains(.distinct) {
            detail[0].distinct.change { $0.add(DistinctSketch.hash(value)) }
        }
        guard let number = value.double else { return }
        addSums(number, needs, time, second, sign: 1)
        if needs.contains(.ranks) { detail[0].ranks.change { $0.add(number) } }
        if needs.contains(.timeline) {
            let point = Timeline.Point(time: time, order: order, value: number + 0)
            detail[0].timeline.change { $0.add(point) }
        }
    }

    private mutating func addSums(
        _ number: Double, _ needs: Needs, _ time: Int64, _ second: Double?, sign: Double
    ) {
        if needs.contains(.squares) {
            let isHigher = needs.contains(.higherPowers)
            detail[0].powers.change { $0.add(number, higher: isHigher, sign: sign) }
        }
        if needs.contains(.trend) {
            detail[0].trend.change { $0.add(number, at: time, sign: sign) }
        }
        if needs.contains(.pair), let second {
            detail[0].pair.change { $0.add(number, with: second, sign: sign) }
        }
    }

    /// Takes away a value that was added before, of `needs` that are sums.
    mutating func remove(
        _ value: Value, needs: Needs, at time: Instant, with second: Double?
    ) {
        if needs.contains(.pair), second == nil { return }
        count -= 1
        guard let number = value.double else { return }
        if needs.contains(.sum) {
            var one = ExactSum()
            if case .integer(let integer) = value { one.add(integer) } else { one.add(number) }
            sum.subtract(one)
        }
        if !needs.isDisjoint(with: .detailed), !detail.isEmpty {
            addSums(number, needs, time.milliseconds, second, sign: -1)
        }
    }

    /// Takes in what another partial of the same aggregate has seen.
    package mutating func merge(_ other: AggregatePartial) {
        count += other.count
        sum.merge(other.sum)
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        guard let more = other.detail.first else { return }
        if detail.isEmpty { detail = other.detail } else { detail[0].merge(more) }
    }

    /// Only what `needs` name.
    package func reduced(to needs: Needs) -> AggregatePartial {
        guard let parts = detail.first else { return self }
        var result = self
        result.detail = []
        if needs.isDisjoint(with: .detailed) { return result }
        var kept = AggregateDetail()
        if needs.contains(.squares) { kept.powers = parts.powers }
        if needs.contains(.trend) { kept.trend = parts.trend }
        if needs.contains(.pair) { kept.pair = parts.pair }
        if needs.contains(.ends) { kept.ends = parts.ends }
        if needs.contains(.ranks) { kept.ranks = parts.ranks }
        if needs.contains(.distinct) { kept.distinct = parts.distinct }
        if needs.contains(.timeline) { kept.timeline = parts.timeline }
        result.detail = [kept]
        return result
    }

    /// Forgets what only values from before the latest could still need.
    package mutating func seal() {
        guard let timeline = detail.first?.timeline.content, timeline.isLong else { return }
        detail[0].timeline.change { $0.seal() }
    }
}

extension AggregatePartial {
    /// Writes what `init(from:)` reads; partials of the same values write the same bytes.
    package func write(into writer: inout ByteWriter) {
        writer.signed(count)
        let hasSum = sum != ExactSum()
        writer.bool(hasSum)
        if hasSum { sum.write(into: &writer) }
        writer.bool(minimum <= maximum)
        if minimum <= maximum {
            writer.double(minimum)
            writer.double(maximum)
        }
        writer.bool(!detail.isEmpty)
        detail.first?.write(into: &writer)
    }

    package init(from reader: inout ByteReader) throws(RecordError) {
        count = try reader.aggregateCount()
        if try reader.bool() { sum = try ExactSum(from: &reader) }
        if try reader.bool() {
            minimum = try reader.double()
            maximum = try reader.double()
        }
        if try reader.bool() { detail = [try AggregateDetail(from: &reader)] }
    }
}

extension ByteReader {
    /// How many values an aggregate has seen: no more than can ever be.
    mutating func aggregateCount() throws(RecordError) -> Int64 {
        let count = try signed()
        guard (0..<1 << 53).contains(count) else { throw .malformed(at: offset) }
        return count
    }
}
