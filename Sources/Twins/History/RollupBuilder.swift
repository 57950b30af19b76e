import Model

/// A block of spans of one length, each with what its samples come to, that more may be added to.
///
/// Values of a fixed resolution are written as whole multiples of it: the least against the one
/// before, the others against the least. All others are XORed with the one before.
struct RollupBuilder: Sendable {
    let step: Milliseconds
    private(set) var count = 0
    private(set) var start = Instant.distantFuture
    private(set) var end = Instant.distantPast
    private var coder = RollupCoder(form: .exact)
    private var bits = BitWriter()
    private var origin: Int64 = 0
    /// Digits that were needed so far: the next block begins with them.
    fileprivate var digits = 0

    init(step: Milliseconds) { self.step = step }

    /// Bytes that the sealed block has at most.
    var size: Int { bits.count + 40 }

    /// What one more span may add to the size.
    static let bucketSizeMax = 112

    mutating func removeAll() {
        bits.removeAll()
        count = 0
        start = .distantFuture
        end = .distantPast
    }

    /// Adds a span; false where its values are of a finer resolution than those before it, and a
    /// block of its own is to be begun.
    mutating func add(_ bucket: HistoryBucket) -> Bool {
        if count == 0 {
            origin = bucket.start.milliseconds / step.count
            coder = RollupCoder(form: RollupCoder.form(of: bucket, digits: digits))
            if case .decimal(let digits) = coder.form { self.digits = digits }
        }
        let index = bucket.start.milliseconds / step.count &- origin
        guard coder.write(bucket, at: index, to: &bits) else { return false }
        count += 1
        start = min(start, bucket.start)
        end = max(end, bucket.start + step)
        return true
    }

    /// The block as it is stored; not of an empty one.
    var sealed: [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(size)
        writer.byte(RollupBlock.version)
        writer.byte(coder.form.code)
        writer.unsigned(count)
        writer.unsigned(UInt64(bitPattern: step.count))
        writer.signed(origin)
        writer.instant(start)
        writer.instant(end)
        writer.bytes += bits.padded
        return writer.bytes
    }
}

/// A span's samples going into spans of one length, and those into blocks.
struct Rollup: Sendable {
    private var roller: HistoryRoller
    private var builder: RollupBuilder
    /// No block spans more.
    private let span: Milliseconds

    init(step: Milliseconds, span: Milliseconds) {
        roller = HistoryRoller(step: step)
        builder = RollupBuilder(step: step)
        self.span = span
    }

    /// Takes a sample; answers the block that had to be sealed for it.
    mutating func take(
        _ value: Double, at time: Instant, isLate: Bool, sizeMax: Int
    ) -> HistoryBuilder.Part? {
        if isLate {
            if roller.takeLate(value, at: time) { return nil }
            var bucket = HistoryBucket(start: time.floored(to: roller.step))
            bucket.take(value)
            return fit(bucket, sizeMax: sizeMax)
        }
        guard let ended = roller.take(value, at: time) else { return nil }
        return fit(ended, sizeMax: sizeMax)
    }

    private mutating func fit(
        _ bucket: HistoryBucket, sizeMax: Int
    ) -> HistoryBuilder.Part? {
        var part: HistoryBuilder.Part?
        let end = max(builder.end, bucket.start + roller.step)
        if builder.count > 0,
            builder.size + RollupBuilder.bucketSizeMax > sizeMax
                || end - min(builder.start, bucket.start) > span
        {
            part = builder.seal()
        }
        if !builder.add(bucket) {
            part = builder.seal()
            _ = builder.add(bucket)
        }
        return part
    }

    /// Seals everything, the span that is open, too: what comes later in it is added to it.
    mutating func sealAll(sizeMax: Int) -> [HistoryBuilder.Part] {
        var parts: [HistoryBuilder.Part] = []
        if let bucket = roller.cut(), let part = fit(bucket, sizeMax: sizeMax) {
            parts.append(part)
        }
        if let part = builder.seal() { parts.append(part) }
        return parts
    }

    /// What is open, as sealed blocks; in the open span the newest value holds to its end.
    var open: [[UInt8]] {
        var copy = self
        if let start = roller.bucket?.start,
            let bucket = copy.roller.close(at: start + roller.step)
        {
            _ = copy.fit(bucket, sizeMax: .max)
        }
        return copy.sealAll(sizeMax: .max).map(\.bytes)
    }

    func encode(to writer: inout ByteWriter) {
        roller.encode(to: &writer)
        writer.byte(UInt8(builder.digits))
        writer.block(builder.count > 0 ? builder.sealed : [])
    }

    /// Takes back what `encode` wrote.
    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        roller = try HistoryRoller(step: roller.step, from: &reader)
        let digits = Int(try reader.byte())
        guard digits <= HistoryForm.digitsMax else { throw .malformed(at: reader.offset) }
        builder.digits = digits
        let bytes = try reader.block()
        if bytes.isEmpty { return }
        let block = try RollupBlock(bytes)
        guard block.step == roller.step else { throw .malformed(at: reader.offset) }
        for bucket in try block.buckets() { _ = builder.add(bucket) }
    }
}

extension RollupBuilder {
    /// Nil where there is nothing in it.
    fileprivate mutating func seal() -> HistoryBuilder.Part? {
        if count == 0 { return nil }
        defer { removeAll() }
        return HistoryBuilder.Part(start: start, end: end, bytes: sealed)
    }
}
