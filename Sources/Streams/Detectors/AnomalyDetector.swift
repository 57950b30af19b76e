import Model

/// One detector of one key, fed in the total order with finite values up to ±1e150.
protocol AnomalyDetector: Sendable {
    /// Parameters in the order of `Detector.parameters`, all there and in range.
    init(_ parameters: [Double])

    /// Takes in a value; its score, nil during the warm-up. Scores are finite.
    mutating func observe(_ x: Double, at time: Instant) -> Double?

    /// Bytes it occupies.
    var bytes: Int { get }

    func write(into writer: inout ByteWriter)
    /// Into one that was built with the same parameters.
    mutating func restore(from reader: inout ByteReader) throws(RecordError)
}

/// The bounds that keep detectors finite.
enum Score {
    /// The largest input, whose square summed over a window is still finite.
    static let inputMax = 1e150
    /// The largest score.
    static let max = 1e6

    /// The deviation in sigmas, between ±1e6. Without spread, anything but the mean is at the end.
    static func standardised(_ deviation: Double, sigma: Double) -> Double {
        if deviation == 0 { return 0 }
        let ratio = deviation / sigma
        return Swift.max(-max, Swift.min(max, ratio))
    }

    /// Kept within what inputs may be, whatever feedback does.
    static func bounded(_ x: Double) -> Double { Swift.max(-inputMax, Swift.min(inputMax, x)) }
}

extension Array {
    /// What an array of this many elements occupies on the heap.
    static func bytes(of count: Int) -> Int { 32 + count * MemoryLayout<Element>.stride }
}

extension ByteReader {
    /// A number that is one.
    mutating func finite() throws(RecordError) -> Double {
        let value = try double()
        guard value.isFinite else { throw .malformed(at: offset) }
        return value
    }

    mutating func count(upTo limit: Int) throws(RecordError) -> Int {
        let value = try count()
        guard value <= limit else { throw .malformed(at: offset) }
        return value
    }
}
