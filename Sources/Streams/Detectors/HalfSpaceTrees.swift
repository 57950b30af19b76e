import Model

/// Half-space trees of one value (Tan, Ting, Liu 2011): each tree halves a range of its own
/// `depth` times; how many of the last full window's values lie in a node tells how dense it is.
///
/// The range of a tree is that of the window before, widened around a random point as in the paper.
/// A value goes down each tree to the first node with less than a tenth of the window, or to the
/// leaf. There the density is `mass * 2^depth / window`, 1 if values were spread evenly over the
/// tree's range; the score is `1 / (1 + mean density)`.
struct HalfSpaceTrees: AnomalyDetector {
    private let window: Int
    private let depth: Int
    /// In the unit range, where each tree's range is centred.
    private var centres: [Double]
    /// Of the last full window.
    private var reference: Masses
    /// Of the window that is filling.
    private var latest: Masses
    private var low = Double.infinity
    private var high = -Double.infinity
    private var count = 0
    /// Windows that are full; two at most are counted.
    private var windows = 0

    private struct Masses: Sendable {
        var low = 0.0
        var span = 1.0
        /// Tree by tree, each a heap: node 1 is the root, node i has 2i and 2i + 1 below it.
        var counts: [UInt16]

        /// The leaf's number from the left, of `1 << depth`.
        func leaf(_ x: Double, centre: Double, depth: Int) -> Int {
            let reach = 2 * max(centre, 1 - centre)
            let share = ((x - low) / span - centre + reach) / (2 * reach)
            let leaves = Double(1 << depth)
            return Int(max(0, min(leaves - 1, share * leaves)))
        }
    }

    init(_ parameters: [Double]) {
        window = Int(parameters[0])
        depth = Int(parameters[2])
        let trees = Int(parameters[1])
        var state = UInt64(parameters[3])
        centres = (0..<trees).map { _ in HalfSpaceTrees.random(&state) }
        reference = Masses(counts: Array(repeating: 0, count: trees << (depth + 1)))
        latest = reference
    }

    /// SplitMix64, as a fraction in [0, 1).
    private static func random(_ state: inout UInt64) -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ mixed >> 31) >> 11) / 9_007_199_254_740_992
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        let score = windows < 2 ? nil : score(x)
        if windows > 0 { learn(x) }
        low = min(low, x)
        high = max(high, x)
        count += 1
        if count == window { turn() }
        return score
    }

    private mutating func learn(_ x: Double) {
        for tree in centres.indices {
            let leaf = latest.leaf(x, centre: centres[tree], depth: depth)
            var node = leaf + 1 << depth
            let root = tree << (depth + 1)
            while node > 0 {
                latest.counts[root + node] += 1
                node >>= 1
            }
        }
    }

    private func score(_ x: Double) -> Double {
        let few = Double(window) / 10
        var density = 0.0
        for tree in centres.indices {
            let leaf = reference.leaf(x, centre: centres[tree], depth: depth) + 1 << depth
            let root = tree << (depth + 1)
            for level in 0...depth {
                let mass = Double(reference.counts[root + leaf >> (depth - level)])
                guard mass < few || level == depth else { continue }
                density += mass * Double(1 << level)
                break
            }
        }
        return 1 / (1 + density / Double(window * centres.count))
    }

    /// A window is full: it becomes the reference, and its range is the next one's.
    private mutating func turn() {
        swap(&reference, &latest)
        for index in latest.counts.indices { latest.counts[index] = 0 }
        latest.low = low
        // Equal values are a point of some size, whose surroundings are empty.
        latest.span = max(high - low, max(low.magnitude, high.magnitude) * 1e-9, 1e-150)
        low = .infinity
        high = -.infinity
        count = 0
        windows = min(windows + 1, 2)
    }

    var bytes: Int {
        MemoryLayout<Self>.stride + [Double].bytes(of: centres.count)
            + 2 * [UInt16].bytes(of: reference.counts.count)
    }

    func write(into writer: inout ByteWriter) {
        writer.unsigned(windows)
        writer.unsigned(count)
        if count > 0 {
            writer.double(low)
            writer.double(high)
        }
        for masses in [reference, latest] {
            writer.double(masses.low)
            writer.double(masses.span)
            for count in masses.counts { writer.unsigned(Int(count)) }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        windows = try reader.count(upTo: 2)
        count = try reader.count(upTo: window - 1)
        low = count > 0 ? try reader.finite() : .infinity
        high = count > 0 ? try reader.finite() : -.infinity
        try restore(&reference, from: &reader)
        try restore(&latest, from: &reader)
    }

    private func restore(
        _ masses: inout Masses, from reader: inout ByteReader
    ) throws(RecordError) {
        masses.low = try reader.finite()
        masses.span = try reader.finite()
        guard masses.span > 0 else { throw .malformed(at: reader.offset) }
        for index in masses.counts.indices {
            masses.counts[index] = UInt16(try reader.count(upTo: window))
        }
    }
}
