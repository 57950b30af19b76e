import Model

/// The values of an aggregate with how often each came, in order: exact while no more than 512
/// differ, and beyond that rounded down to multiples of a power of two.
///
/// That quantum is always the smallest with which no more than 512 multiples are taken, so it only
/// grows, and what is held depends on nothing but the values: neither on their order nor on how
/// partial sketches were merged. Readings of a sensor with a fixed resolution stay exact for ever.
struct ValueSketch: PartContent {
    /// Ascending.
    private(set) var values: [Double] = []
    private(set) var counts: [Int64] = []
    private(set) var total: Int64 = 0
    /// The quantum is two to this; nil while values are exact.
    private(set) var exponent: Int?

    /// Different values that are kept.
    private(set) var limit = ValueSketch.limit

    static let limit = 512
    static let bytes = 2 * ((limit + 1) * MemoryLayout<Double>.stride + 32)

    init() {}

    init(limit: Int) { self.limit = limit }

    /// How far a value may be from the one it stands for; 0 while exact.
    var error: Double { quantum / 2 }

    private var quantum: Double {
        exponent.map { Double(sign: .plus, exponent: $0, significand: 1) } ?? 0
    }

    mutating func add(_ value: Double) {
        total += 1
        insert(rounded(value + 0), 1)
        if values.count > limit { coarsen() }
    }

    mutating func merge(_ other: ValueSketch) {
        guard other.total > 0 else { return }
        if let level = other.exponent, level > exponent ?? .min { round(to: level) }
        total += other.total
        guard other.values.count * 8 > values.count else {
            for (value, count) in zip(other.values, other.counts) {
                insert(rounded(value), count)
                if values.count > limit { coarsen() }
            }
            return
        }
        let (mine, myCounts) = (values, counts)
        values = []
        counts = []
        reserve(min(mine.count + other.values.count, 2 * limit))
        var index = 0
        for (value, count) in zip(other.values, other.counts) {
            let value = rounded(value)
            while index < mine.count, mine[index] < value {
                append(mine[index], myCounts[index])
                index += 1
            }
            append(value, count)
        }
        while index < mine.count {
            append(mine[index], myCounts[index])
            index += 1
        }
        if values.count > limit { coarsen() }
        if values.capacity > 2 * values.count { shrink() }
    }

    private mutating func reserve(_ count: Int) {
        values.reserveCapacity(count)
        counts.reserveCapacity(count)
    }

    /// Gives back what is not in use.
    private mutating func shrink() {
        let (mine, myCounts) = (values, counts)
        values = []
        counts = []
        reserve(mine.count)
        values += mine
        counts += myCounts
    }

    private mutating func insert(_ value: Double, _ count: Int64) {
        guard let last = values.last, value <= last else { return append(value, count) }
        let place = values.firstPlace(notBelow: value)
        if values[place] == value {
            counts[place] += count
        } else {
            makeRoom()
            values.insert(value, at: place)
            counts.insert(count, at: place)
        }
    }

    /// Takes in a value that is not less than the last.
    private mutating func append(_ value: Double, _ count: Int64) {
        if values.last == value {
            counts[counts.count - 1] += count
        } else {
            makeRoom()
            values.append(value)
            counts.append(count)
        }
    }

    /// Doubling would go far beyond the limit.
    private mutating func makeRoom() {
        if values.count == values.capacity, values.count > limit / 2, values.count <= limit {
            reserve(limit + 1)
        }
    }

    private func rounded(_ value: Double) -> Double {
        guard let exponent, value != 0, Int(value.exponent) - exponent < 52 else { return value }
        return (value / quantum).rounded(.down) * quantum + 0
    }

    private mutating func coarsen() {
        // Finer quanta than the smallest gap keep all values apart.
        var level = exponent.map { $0 + 1 } ?? .max
        if exponent == nil {
            for (low, high) in zip(values, values.dropFirst()) {
                level = min(level, Int((high - low).exponent))
            }
        }
        repeat {
            round(to: level)
            level += 1
        } while values.count > limit
    }

    private mutating func round(to level: Int) {
        exponent = level
        let (fine, fineCounts) = (values, counts)
        values = []
        counts = []
        reserve(min(fine.count, limit + 1))
        for (value, count) in zip(fine, fineCounts) { append(rounded(value), count) }
    }
}

// MARK: Results

extension ValueSketch {
    /// The value at an index as the middle of where it may lie.
    private func middle(_ index: Int) -> Double { values[index] + error }

    private func value(at rank: Int64) -> Double {
        var below: Int64 = 0
        for index in values.indices {
            below += counts[index]
            if rank < below { return middle(index) }
        }
        return middle(values.count - 1)
    }

    /// Type 7: linear between the two values next to `quantile * (n - 1)`. Not for no values.
    func quantile(_ quantile: Double) -> Double {
        typeSeven(quantile, count: total) { value(at: $0) }
    }

    /// The most frequent value, the least of several.
    var mode: Double {
        var best = 0
        for index in counts.indices where counts[index] > counts[best] { best = index }
        return middle(best)
    }

    /// The median of the distances from the median.
    var medianDeviation: Double {
        let center = quantile(0.5)
        let distances = values.indices.map { (abs(middle($0) - center), counts[$0]) }
            .sorted { $0.0 < $1.0 }
        return typeSeven(0.5, count: total) { rank in
            var below: Int64 = 0
            for (distance, count) in distances {
                below += count
                if rank < below { return distance }
            }
            return 0
        }
    }

    /// Up to 22 bins whose width is 1, 2 or 5 times a power of ten, as JSON.
    var histogram: String {
        let (low, high) = (middle(0), middle(values.count - 1))
        let width = niceWidth((high - low) / 20)
        guard width > 0, (low / width).isFinite else {
            return "{\"from\":\(low),\"width\":0,\"counts\":[\(total)]}"
        }
        let from = (low / width).rounded(.down)
        func bin(_ value: Double) -> Int {
            Int(max(0, min(21, (value / width).rounded(.down) - from)))
        }
        var bins = Array(repeating: Int64(0), count: bin(high) + 1)
        for index in values.indices { bins[bin(middle(index))] += counts[index] }
        let counts = bins.map { "\($0)" }.joined(separator: ",")
        return "{\"from\":\(from * width),\"width\":\(width),\"counts\":[\(counts)]}"
    }

    private func niceWidth(_ least: Double) -> Double {
        guard least > 1e-300, least < 1e300 else { return 0 }
        var power = 1.0
        while power * 10 <= least { power *= 10 }
        while power > least { power /= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least } ?? 10 * power
    }
}

/// The value at a quantile from 0 to 1, linear between the two next to it.
func typeSeven(_ quantile: Double, count: Int64, at rank: (Int64) -> Double) -> Double {
    let place = max(0, min(1, quantile)) * Double(count - 1)
    let below = place.rounded(.down)
    let low = rank(Int64(below))
    let rest = place - below
    if rest == 0 { return low }
    let high = rank(min(Int64(below) + 1, count - 1))
    return low + (high - low) * rest
}

extension [Double] {
    /// Of ascending values: the place of the first that is not less than `value`.
    func firstPlace(notBelow value: Double) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension ValueSketch {
    func write(into writer: inout ByteWriter) {
        writer.bool(exponent != nil)
        writer.signed(Int64(exponent ?? 0))
        writer.list(Array(zip(values, counts))) { writer, entry in
            writer.double(entry.0)
            writer.signed(entry.1)
        }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        let isRounded = try reader.bool()
        let level = try reader.signed()
        guard (-1074...1023).contains(level) else { throw .malformed(at: reader.offset) }
        exponent = isRounded ? Int(level) : nil
        for _ in 0..<(try reader.count()) {
            values.append(try reader.aggregateNumber())
            counts.append(try reader.aggregateCount())
            total += counts[counts.count - 1]
        }
        guard values.count <= ValueSketch.limit, zip(values, values.dropFirst()).allSatisfy(<),
            counts.allSatisfy({ $0 > 0 })
        else { throw .malformed(at: reader.offset) }
    }
}
