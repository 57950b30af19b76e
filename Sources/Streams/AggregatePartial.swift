package import Language
package import Model

/// What an aggregate remembers of the values it has seen. Two of them merge into what one would
/// remember of all the values, exactly and in any order.
package struct AggregatePartial: Hashable, Sendable {
    /// Values seen, or rows for a `count` without a field.
    package var count: Int64 = 0
    package var sum = ExactSum()
    /// Infinity where there is none.
    package var minimum = Double.infinity
    /// Minus infinity where there is none.
    package var maximum = -Double.infinity

    /// Which parts somebody reads; the others stay empty.
    package struct Needs: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let sum = Needs(rawValue: 1)
        package static let extremes = Needs(rawValue: 2)

        package init(_ function: AggregateFunction) {
            switch function {
            case .count: self = []
            case .sum, .avg: self = .sum
            case .min, .max, .range: self = .extremes
            }
        }
    }

    package init() {}

    /// Takes one value in. Text and times have no number to take, and are only counted.
    package mutating func add(_ value: Value, needs: Needs) {
        switch value {
        case .number(let number): add(number, needs: needs)
        case .integer(let integer):
            count += 1
            if needs.contains(.sum) { sum.add(integer) }
            if needs.contains(.extremes) { widen(Double(integer)) }
        case .boolean(let boolean): add(boolean ? 1 : 0, needs: needs)
        case .text, .timestamp: count += 1
        }
    }

    package mutating func add(_ number: Double, needs: Needs) {
        count += 1
        if needs.contains(.sum) { sum.add(number) }
        if needs.contains(.extremes) { widen(number) }
    }

    private mutating func widen(_ number: Double) {
        // Adding zero makes -0 into 0, so that the order of the two cannot be seen.
        if number < minimum { minimum = number + 0 }
        if number > maximum { maximum = number + 0 }
    }

    /// Takes in what another partial of the same aggregate has seen.
    package mutating func merge(_ other: AggregatePartial) {
        count += other.count
        sum.merge(other.sum)
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// The aggregate's result, `type` being `integer` for whole results. Over no values `count` is
    /// 0 and everything else is missing; so is a whole number that does not fit.
    package func result(of function: AggregateFunction, type: ValueType) -> Value? {
        if function == .count { return .integer(count) }
        guard count > 0 else { return nil }
        let number: Double
        switch function {
        case .count: return .integer(count)
        case .sum:
            if type == .integer { return sum.integer.map { .integer($0) } }
            number = sum.value
        case .avg: number = sum.divided(by: count)
        case .min: number = minimum
        case .max: number = maximum
        case .range: number = maximum - minimum
        }
        if type == .integer { return Int64(exactly: number).map { .integer($0) } }
        return number.isFinite ? .number(number) : nil
    }
}

extension AggregatePartial {
    /// Writes what `init(from:)` reads.
    package func write(into writer: inout ByteWriter) {
        writer.signed(count)
        writer.bool(sum != ExactSum())
        if sum != ExactSum() { sum.write(into: &writer) }
        writer.bool(minimum <= maximum)
        if minimum <= maximum {
            writer.double(minimum)
            writer.double(maximum)
        }
    }

    package init(from reader: inout ByteReader) throws(RecordError) {
        count = try reader.aggregateCount()
        if try reader.bool() { sum = try ExactSum(from: &reader) }
        if try reader.bool() {
            minimum = try reader.double()
            maximum = try reader.double()
        }
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
