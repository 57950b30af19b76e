package import Model

/// What to tell of a property's history.
package enum HistoryFunction: String, Hashable, Sendable, CaseIterable {
    /// The mean over time: each value counts for as long as it held.
    case avg
    /// The mean of the values, each counting as much.
    case mean
    case min, max, last, count
}

/// The samples of one span of time, put together.
package struct HistoryBucket: Hashable, Sendable {
    package var start: Instant
    package internal(set) var count = 0
    package internal(set) var min = Double.infinity
    package internal(set) var max = -Double.infinity
    package internal(set) var last = 0.0
    var sum = 0.0
    /// Values times the milliseconds that they held, and those milliseconds.
    var weighted = 0.0
    var weight: Int64 = 0

    package init(start: Instant) { self.start = start }

    mutating func hold(_ value: Double, from: Instant, to: Instant) {
        let length = (to - from).count
        weighted += value * Double(length)
        weight += length
    }

    mutating func take(_ value: Double) {
        count += 1
        sum += value
        min = Swift.min(min, value)
        max = Swift.max(max, value)
        last = value
    }

    /// Adds what another holds of the same span; its last value is the later one.
    mutating func merge(_ other: HistoryBucket) {
        weighted += other.weighted
        weight += other.weight
        if other.count == 0 { return }
        count += other.count
        sum += other.sum
        min = Swift.min(min, other.min)
        max = Swift.max(max, other.max)
        last = other.last
    }

    /// What a function makes of it; nil where no sample is in it.
    package func value(_ function: HistoryFunction) -> Value? {
        if function == .count { return .integer(Int64(count)) }
        guard count > 0 else { return nil }
        return switch function {
        case .avg: .number(weight > 0 ? weighted / Double(weight) : last)
        case .mean: .number(sum / Double(count))
        case .min: .number(min)
        case .max: .number(max)
        case .last, .count: .number(last)
        }
    }
}

/// Puts samples that come in order together, span by span.
struct HistoryRoller: Hashable, Sendable {
    let step: Milliseconds
    private(set) var bucket: HistoryBucket?
    /// The span that was cut, while nothing is known of its rest.
    private var cutSpan: Instant?
    /// The newest sample.
    private var lastTime = Instant.distantPast
    private var lastValue = 0.0

    init(step: Milliseconds) { self.step = step }

    /// Takes a sample that is not earlier than the one before; answers the span that it ends.
    mutating func take(_ value: Double, at time: Instant) -> HistoryBucket? {
        var ended: HistoryBucket?
        if let open = bucket, time - open.start >= step {
            ended = close(at: open.start + step)
        } else if let cut = cutSpan, time - cut >= step {
            ended = rest(of: cut)
        }
        cutSpan = nil
        if bucket == nil {
            bucket = HistoryBucket(start: time.floored(to: step))
            if lastTime > .distantPast, let start = bucket?.start {
                // What held before holds up to the first sample.
                bucket?.hold(lastValue, from: max(start, lastTime), to: time)
            }
        } else {
            bucket?.hold(lastValue, from: lastTime, to: time)
        }
        bucket?.take(value)
        lastTime = time
        lastValue = value
        return ended
    }

    /// Adds a late sample to the open span; false where it belongs to another.
    mutating func takeLate(_ value: Double, at time: Instant) -> Bool {
        guard let open = bucket, time >= open.start, time - open.start < step else { return false }
        var late = HistoryBucket(start: open.start)
        late.take(value)
        late.last = open.last
        bucket?.merge(late)
        return true
    }

    /// Ends the open span; the last value holds up to `end`, if that is later.
    mutating func close(at end: Instant) -> HistoryBucket? {
        defer { bucket = nil }
        if end > lastTime {
            bucket?.hold(lastValue, from: lastTime, to: end)
            lastTime = end
        }
        return bucket
    }

    /// Ends the open span at the newest sample, so that what follows begins where it ended.
    mutating func cut() -> HistoryBucket? {
        cutSpan = bucket?.start ?? cutSpan
        return close(at: lastTime)
    }

    /// What holds from the newest sample to the end of a span that was cut.
    private func rest(of cut: Instant) -> HistoryBucket {
        var rest = HistoryBucket(start: cut)
        rest.hold(lastValue, from: lastTime, to: cut + step)
        rest.min = lastValue
        rest.max = lastValue
        rest.last = lastValue
        return rest
    }

    func encode(to writer: inout ByteWriter) {
        writer.instant(lastTime)
        writer.double(lastValue)
        writer.bool(cutSpan != nil)
        if let cutSpan { writer.instant(cutSpan) }
        writer.bool(bucket != nil)
        guard let bucket else { return }
        writer.instant(bucket.start)
        writer.unsigned(bucket.count)
        for number in [bucket.min, bucket.max, bucket.last, bucket.sum, bucket.weighted] {
            writer.double(number)
        }
        writer.signed(bucket.weight)
    }

    init(step: Milliseconds, from reader: inout ByteReader) throws(RecordError) {
        self.step = step
        lastTime = try reader.instant()
        lastValue = try reader.double()
        cutSpan = try reader.bool() ? try reader.instant() : nil
        guard try reader.bool() else { return }
        var bucket = HistoryBucket(start: try reader.instant())
        bucket.count = try reader.count()
        bucket.min = try reader.double()
        bucket.max = try reader.double()
        bucket.last = try reader.double()
        bucket.sum = try reader.double()
        bucket.weighted = try reader.double()
        bucket.weight = try reader.signed()
        self.bucket = bucket
    }
}
