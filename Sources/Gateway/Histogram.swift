/// Durations in microseconds, counted in buckets a sixteenth of an octave wide: any quantile to
/// within 6 %, in a fixed 4 KiB.
package struct Histogram: Sendable {
    private var buckets: [UInt64] = Array(repeating: 0, count: Histogram.bucketCount)
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0

    private static let bucketCount = 512

    package init() {}

    package mutating func record(microseconds: UInt64) {
        buckets[Histogram.bucket(of: microseconds)] += 1
        count += 1
        maximum = max(maximum, microseconds)
    }

    /// The upper end of the bucket that holds the `share` quantile; nil while nothing is recorded.
    package func quantile(_ share: Double) -> UInt64? {
        guard count > 0 else { return nil }
        let rank = min(count, max(1, UInt64((Double(count) * share).rounded(.up))))
        var seen: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            seen += bucket
            if seen >= rank { return min(maximum, Histogram.upperBound(of: index)) }
        }
        return maximum
    }

    private static func bucket(of value: UInt64) -> Int {
        guard value >= 16 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let fraction = Int(value >> (exponent - 4)) & 15
        return min(bucketCount - 1, (exponent - 3) * 16 + fraction)
    }

    private static func upperBound(of bucket: Int) -> UInt64 {
        guard bucket >= 16 else { return UInt64(bucket) }
        let exponent = bucket / 16 + 3
        let low = UInt64(16 + bucket % 16) << (exponent - 4)
        return low + (UInt64(1) << (exponent - 4)) - 1
    }
}
