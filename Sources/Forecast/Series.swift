package import Model

/// Values at even steps, made of samples that came when they came: the mean of each step; over
/// steps that have none a straight line or, where only changes are known, the value before.
package struct Series: Sendable {
    /// When the first step begins.
    package let start: Instant
    package let step: Milliseconds
    package let values: [Double]
    /// Steps without samples.
    package let filled: Int
    /// The most of those that follow each other.
    package let longestGap: Int

    /// The latest `limit` steps, by default as long as the median between two samples. Nil where
    /// there are no samples, or all are of one time and no step is given.
    package init?(
        _ samples: [(time: Instant, value: Double)], step: Milliseconds? = nil, limit: Int,
        holdsLast: Bool = false
    ) {
        let sorted = samples.sorted { $0.time < $1.time }
        guard let last = sorted.last, let step = step ?? Series.medianStep(sorted) else {
            return nil
        }
        let end = last.time.floored(to: step)
        let reach = step * Int64(limit - 1)
        guard let first = sorted.first(where: { end - $0.time.floored(to: step) <= reach }) else {
            return nil
        }
        start = first.time.floored(to: step)
        self.step = step
        let count = Int((end - start).count / step.count) + 1
        var sums = [Double](repeating: 0, count: count)
        var counts = [Double](repeating: 0, count: count)
        for sample in sorted where sample.time >= start {
            let place = Int((sample.time - start).count / step.count)
            sums[place] += sample.value
            counts[place] += 1
        }
        var values = zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }
        (filled, longestGap) = Series.fill(&values, holdsLast: holdsLast)
        self.values = values
    }

    private static func medianStep(
        _ samples: [(time: Instant, value: Double)]
    ) -> Milliseconds? {
        let spans = zip(samples.dropFirst(), samples).map { $0.time - $1.time }
            .filter { $0 > .zero }.sorted()
        return spans.isEmpty ? nil : spans[spans.count / 2]
    }

    /// The middle of the last step, which its mean is taken to be of.
    package var lastMoment: Instant {
        start + step * Int64(values.count - 1) + Milliseconds(step.count / 2)
    }

    /// The end of the step that lies so many steps behind the last.
    package func end(of steps: Int) -> Instant { start + step * Int64(values.count + steps) }

    /// Draws lines over what is not a number, straight or level. The first and the last value must
    /// be there.
    @discardableResult
    package static func fill(
        _ values: inout [Double], holdsLast: Bool = false
    ) -> (filled: Int, longest: Int) {
        var (filled, longest, last) = (0, 0, 0)
        for place in values.indices where !values[place].isNaN {
            let gap = place - last - 1
            if gap > 0 {
                let rise = holdsLast ? 0 : values[place] - values[last]
                let slope = rise / Double(place - last)
                for step in 1...gap { values[last + step] = values[last] + slope * Double(step) }
                filled += gap
                longest = max(longest, gap)
            }
            last = place
        }
        return (filled, longest)
    }
}
