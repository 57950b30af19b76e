package import Model

/// What to tell of a property's history.
package enum HistoryFunction: String, Hashable, Sendable, CaseIterable {
    /// The mean over time: each value counts for as long as it held.
    case avg
    case min, max, last, count
}

/// One step's worth of samples, put together.
package struct HistoryBucket: Hashable, Sendable {
    package var start: Instant
    package private(set) var count = 0
    package private(set) var min = Double.infinity
    package private(set) var max = -Double.infinity
    package private(set) var last = 0.0
    /// Values times the milliseconds that they held, and those milliseconds.
    private var weighted = 0.0
    private var weight = 0.0

    package init(start: Instant) { self.start = start }

    mutating func hold(_ value: Double, from: Instant, to: Instant) {
        let length = Double((to - from).count)
        weighted += value * length
        weight += length
    }

    mutating func take(_ value: Double) {
        count += 1
        min = Swift.min(min, value)
        max = Swift.max(max, value)
        last = value
    }

    /// What a function makes of it; nil where no sample is in it.
    package func value(_ function: HistoryFunction) -> Value? {
        if function == .count { return .integer(Int64(count)) }
        guard count > 0 else { return nil }
        return switch function {
        case .avg: .number(weight > 0 ? weighted / weight : last)
        case .min: .number(min)
        case .max: .number(max)
        case .last, .count: .number(last)
        }
    }
}

/// A property's history out of its blocks: those in order, those that came late, and open ones.
package struct HistoryQuery: Sendable {
    /// Samples from here on, and before there.
    package var range: Range<Instant>

    package init(range: Range<Instant>) { self.range = range }

    /// The samples of the range in the order of their times, each once. Of two with one time, both
    /// stay when their values differ.
    package func samples(_ blocks: [[UInt8]]) throws(RecordError) -> [HistorySample] {
        var samples: [HistorySample] = []
        var isSorted = true
        for bytes in blocks {
            let block = try HistoryBlock(bytes)
            guard block.end >= range.lowerBound, block.start < range.upperBound else { continue }
            try block.forEach { time, value in
                guard range.contains(time) else { return }
                if let last = samples.last, last.time > time { isSorted = false }
                samples.append(HistorySample(time: time, value: value))
            }
        }
        if !isSorted { samples = HistoryQuery.sorted(samples) }
        return HistoryQuery.withoutRepeats(samples)
    }

    /// Numbers of the range put together by steps that are aligned to the epoch; steps without a
    /// sample are left out. A value counts as holding until the next sample.
    package func buckets(
        _ blocks: [[UInt8]], step: Milliseconds
    ) throws(RecordError) -> [HistoryBucket] {
        var times: [Instant] = []
        var values: [Double] = []
        var isSorted = true
        for bytes in blocks {
            let block = try HistoryBlock(bytes)
            guard block.end >= range.lowerBound, block.start < range.upperBound else { continue }
            times.reserveCapacity(times.count + block.count)
            values.reserveCapacity(values.count + block.count)
            try block.forEachNumber { time, value in
                guard range.contains(time) else { return }
                if let last = times.last, last >= time { isSorted = false }
                times.append(time)
                values.append(value)
            }
        }
        if !isSorted {
            let samples = HistoryQuery.withoutRepeats(
                HistoryQuery.sorted(
                    zip(times, values).map { HistorySample(time: $0, value: .number($1)) }))
            times = samples.map(\.time)
            values = samples.map { $0.value.double ?? 0 }
        }
        return HistoryQuery.buckets(times, values, step: step, end: range.upperBound)
    }

    private static func buckets(
        _ times: [Instant], _ values: [Double], step: Milliseconds, end: Instant
    ) -> [HistoryBucket] {
        var buckets: [HistoryBucket] = []
        guard let first = times.first else { return [] }
        var bucket = HistoryBucket(start: first.floored(to: step))
        var boundary = bucket.start + step
        var index = 0
        while index < times.count {
            let time = times[index]
            if time >= boundary {
                if index > 0 {
                    bucket.hold(
                        values[index - 1], from: max(times[index - 1], bucket.start), to: boundary)
                }
                buckets.append(bucket)
                bucket = HistoryBucket(start: time.floored(to: step))
                boundary = bucket.start + step
                // What held before holds up to the first sample.
                if index > 0, time > bucket.start {
                    bucket.hold(values[index - 1], from: bucket.start, to: time)
                }
            } else if index > 0 {
                bucket.hold(values[index - 1], from: times[index - 1], to: time)
            }
            bucket.take(values[index])
            index += 1
        }
        let last = times[index - 1]
        bucket.hold(values[index - 1], from: last, to: max(last, min(boundary, end)))
        buckets.append(bucket)
        return buckets
    }

    /// In the order of times; samples of one time stay as they are.
    private static func sorted(_ samples: [HistorySample]) -> [HistorySample] {
        samples.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    /// An open block may meanwhile have been stored, too.
    private static func withoutRepeats(_ samples: [HistorySample]) -> [HistorySample] {
        var kept: [HistorySample] = []
        kept.reserveCapacity(samples.count)
        for sample in samples {
            let isRepeat = kept.reversed().prefix { $0.time == sample.time }
                .contains { $0.value == sample.value }
            if !isRepeat { kept.append(sample) }
        }
        return kept
    }
}
