package import Model

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

    /// Numbers put together by steps that are aligned to the epoch and whole: the first is the one
    /// that the range begins in. Steps without a sample are left out; a value counts as holding
    /// until the next sample, or to the end of the range.
    package func buckets(
        _ blocks: [[UInt8]], step: Milliseconds
    ) throws(RecordError) -> [HistoryBucket] {
        let start = range.lowerBound.floored(to: step)
        let end = lastStep(step)
        var times: [Instant] = []
        var values: [Double] = []
        var isSorted = true
        /// The newest sample before the first step: what holds at its beginning.
        var before = (time: Instant.distantPast, value: 0.0)
        for bytes in blocks {
            let block = try HistoryBlock(bytes)
            guard block.start < end else { continue }
            times.reserveCapacity(times.count + block.count)
            values.reserveCapacity(values.count + block.count)
            try block.forEachNumber { time, value in
                if time < start {
                    if time >= before.time { before = (time, value) }
                } else if time < end {
                    if let last = times.last, last >= time { isSorted = false }
                    times.append(time)
                    values.append(value)
                }
            }
        }
        if !isSorted {
            let samples = HistoryQuery.withoutRepeats(
                HistoryQuery.sorted(
                    zip(times, values).map { HistorySample(time: $0, value: .number($1)) }))
            times = samples.map(\.time)
            values = samples.map { $0.value.double ?? 0 }
        }
        var roller = HistoryRoller(step: step)
        if before.time > .distantPast {
            _ = roller.take(before.value, at: before.time)
            _ = roller.cut()
        }
        var buckets: [HistoryBucket] = []
        for (time, value) in zip(times, values) {
            if let bucket = roller.take(value, at: time) { buckets.append(bucket) }
        }
        if let open = roller.bucket {
            let last = roller.close(at: min(open.start + step, range.upperBound))
            if let last { buckets.append(last) }
        }
        return buckets
    }

    /// The end of the step that the range ends in.
    private func lastStep(_ step: Milliseconds) -> Instant {
        let floor = range.upperBound.floored(to: step)
        return floor < range.upperBound ? floor + step : floor
    }

    /// The same out of spans that were put together before, and whose length divides the step.
    package func buckets(
        rolled blocks: [[UInt8]], step: Milliseconds
    ) throws(RecordError) -> [HistoryBucket] {
        let start = range.lowerBound.floored(to: step)
        let end = lastStep(step)
        var parts: [HistoryBucket] = []
        var length = step
        for bytes in blocks {
            let block = try RollupBlock(bytes)
            length = block.step
            parts += try block.buckets().filter { $0.start >= start && $0.start < end }
        }
        var buckets: [HistoryBucket] = []
        /// The end of the last part, and its last value, which holds until the next.
        var held = (from: Instant.distantFuture, value: 0.0)
        for part in HistoryQuery.merged(parts) {
            let place = part.start.floored(to: step)
            if let last = buckets.last, last.start == place {
                if part.start > held.from {
                    buckets[buckets.count - 1].hold(held.value, from: held.from, to: part.start)
                }
            } else {
                if let last = buckets.last, last.start + step > held.from {
                    buckets[buckets.count - 1].hold(
                        held.value, from: held.from, to: last.start + step)
                }
                buckets.append(HistoryBucket(start: place))
                if held.from < part.start {
                    buckets[buckets.count - 1].hold(
                        held.value, from: max(place, held.from), to: part.start)
                }
            }
            buckets[buckets.count - 1].merge(part)
            held = (part.start + length, part.last)
        }
        if let last = buckets.last {
            // The last part may also tell of what is behind the range: it is taken back again.
            let rest = min(last.start + step, range.upperBound)
            if rest > held.from || (held.from - rest).count < last.weight {
                buckets[buckets.count - 1].hold(held.value, from: held.from, to: rest)
            }
        }
        return buckets
    }

    /// Parts by their starts; those of one start are one. An open one may have been stored since:
    /// the same is not counted twice.
    private static func merged(_ parts: [HistoryBucket]) -> [HistoryBucket] {
        let sorted = parts.enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
        var merged: [HistoryBucket] = []
        var latest: HistoryBucket?
        for (_, part) in sorted where part != latest {
            latest = part
            if let last = merged.last, last.start == part.start {
                // What came late is not what it was last.
                var part = part
                if part.weight == 0 { part.last = last.last }
                merged[merged.count - 1].merge(part)
            } else {
                merged.append(part)
            }
        }
        return merged
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
