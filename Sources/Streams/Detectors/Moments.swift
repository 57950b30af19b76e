import Model

/// Count, mean and sum of squared deviations, added to (Welford) and merged (Chan, Golub, LeVeque)
/// without ever subtracting large squares from each other.
struct Moments: Sendable {
    private(set) var count = 0.0
    private(set) var mean = 0.0
    private(set) var squares = 0.0

    mutating func add(_ x: Double) {
        count += 1
        let deviation = x - mean
        mean += deviation / count
        squares += deviation * (x - mean)
    }

    mutating func merge(_ other: Moments) {
        guard other.count > 0 else { return }
        let total = count + other.count
        let deviation = other.mean - mean
        mean += deviation * (other.count / total)
        squares += other.squares + deviation * deviation * (count * other.count / total)
        count = total
    }

    /// The sample's; 0 of fewer than two.
    var sigma: Double { count > 1 ? (squares / (count - 1)).squareRoot() : 0 }

    func write(into writer: inout ByteWriter) {
        writer.double(count)
        writer.double(mean)
        writer.double(squares)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        count = try reader.finite()
        mean = try reader.finite()
        squares = try reader.finite()
        guard count >= 0, squares >= 0 else { throw .malformed(at: reader.offset) }
    }
}

/// The moments of the last `window` values, in constant time on average.
///
/// Values come in blocks of `window`. When a block is complete, the moments of each of its ends
/// are computed backwards; the window is then such an end merged with the beginning of the next
/// block. Nothing is ever taken away, so nothing cancels.
struct TrailingMoments: Sendable {
    private var values: [Double]
    /// `ends[i]` covers `values[i...]` of the block before.
    private var ends: [Moments]
    private var beginning = Moments()
    private var position = 0
    private var isFull = false

    init(window: Int) {
        values = Array(repeating: 0, count: window)
        ends = Array(repeating: Moments(), count: window)
    }

    /// Nil until there are `window` values.
    var moments: Moments? {
        guard isFull else { return nil }
        var result = ends[position]
        result.merge(beginning)
        return result
    }

    mutating func append(_ x: Double) {
        values[position] = x
        beginning.add(x)
        position += 1
        guard position == values.count else { return }
        position = 0
        isFull = true
        beginning = Moments()
        computeEnds()
    }

    private mutating func computeEnds() {
        var moments = Moments()
        var index = values.count
        while index > position {
            index -= 1
            moments.add(values[index])
            ends[index] = moments
        }
    }

    /// Heap bytes.
    var bytes: Int { [Double].bytes(of: values.count) + [Moments].bytes(of: ends.count) }

    func write(into writer: inout ByteWriter) {
        writer.bool(isFull)
        writer.unsigned(position)
        beginning.write(into: &writer)
        for value in isFull ? values[...] : values[..<position] { writer.double(value) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        isFull = try reader.bool()
        position = try reader.count(upTo: values.count - 1)
        try beginning.restore(from: &reader)
        for index in 0..<(isFull ? values.count : position) {
            values[index] = try reader.finite()
        }
        if isFull { computeEnds() }
    }
}

/// Mean and spread of the first values, which all later ones are measured by.
struct Baseline: Sendable {
    private let training: Double
    private let floor: Double
    private var moments = Moments()
    private(set) var sigma = 0.0

    init(training: Double, floor: Double) {
        self.training = training
        self.floor = floor
    }

    var mean: Double { moments.mean }
    var isComplete: Bool { moments.count >= training }

    /// True where the value still belonged to the training.
    mutating func learn(_ x: Double) -> Bool {
        if isComplete { return false }
        moments.add(x)
        sigma = max(floor, moments.sigma)
        return true
    }

    /// The value in sigmas from the mean.
    func standardised(_ x: Double) -> Double { Score.standardised(x - mean, sigma: sigma) }

    func write(into writer: inout ByteWriter) { moments.write(into: &writer) }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try moments.restore(from: &reader)
        sigma = max(floor, moments.sigma)
    }
}
