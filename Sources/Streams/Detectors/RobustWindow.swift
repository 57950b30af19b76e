import Model

/// The last `window` values, also in order of size, for their median and median absolute deviation.
struct RobustWindow: Sendable {
    private let floor: Double
    private var values: [Double]
    private var sorted: [Double]
    private var position = 0
    private var count = 0

    init(window: Int, floor: Double) {
        self.floor = floor
        values = Array(repeating: 0, count: window)
        sorted = values
    }

    mutating func append(_ value: Double) {
        let x = value + 0  // Minus zero has no place of its own in the order.
        var index = count
        if count < values.count {
            count += 1
        } else {
            index = place(of: values[position])
            while index + 1 < count, sorted[index + 1] < x {
                sorted[index] = sorted[index + 1]
                index += 1
            }
        }
        while index > 0, sorted[index - 1] > x {
            sorted[index] = sorted[index - 1]
            index -= 1
        }
        sorted[index] = x
        values[position] = x
        position = position + 1 == values.count ? 0 : position + 1
    }

    /// Where the first value that is not below `x` is.
    private func place(of x: Double) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < x { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The value in robust sigmas from the median; nil until there are `window` values.
    func score(_ x: Double) -> Double? {
        guard count == values.count else { return nil }
        let median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
        return Score.standardised(x - median, sigma: max(floor, sigma(around: median)))
    }

    /// 1.4826 times the median absolute deviation. Where more than half the values are equal that
    /// is 0; then it is 1.2533 times the mean absolute deviation.
    private func sigma(around median: Double) -> Double {
        var below = place(of: median) - 1
        var above = below + 1
        var nearest = 0.0
        var next = 0.0
        for _ in 0...count / 2 {
            nearest = next
            let down = below >= 0 ? median - sorted[below] : .infinity
            let up = above < count ? sorted[above] - median : .infinity
            next = min(down, up)
            if down < up { below -= 1 } else { above += 1 }
        }
        let deviation = count.isMultiple(of: 2) ? (nearest + next) / 2 : next
        if deviation > 0 { return 1.4826 * deviation }
        var sum = 0.0
        for value in sorted { sum += (value - median).magnitude }
        return 1.2533 * sum / Double(count)
    }

    /// Heap bytes.
    var bytes: Int { 2 * [Double].bytes(of: values.count) }

    func write(into writer: inout ByteWriter) {
        writer.unsigned(position)
        writer.unsigned(count)
        for value in values[..<count] { writer.double(value) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        position = try reader.count(upTo: values.count - 1)
        count = try reader.count(upTo: values.count)
        guard count == values.count || position == count else {
            throw .malformed(at: reader.offset)
        }
        for index in 0..<count { values[index] = try reader.finite() }
        sorted.replaceSubrange(..<count, with: values[..<count].sorted())
    }
}
