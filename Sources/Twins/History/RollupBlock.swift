package import Model

/// A sealed block of spans: what `RollupBuilder` wrote.
package struct RollupBlock: Sendable {
    /// Other than that of a block of samples, so that neither is taken for the other.
    static let version: UInt8 = 0x81

    package let count: Int
    package let step: Milliseconds
    /// The start of the earliest span, and the end of the latest.
    package let start: Instant
    package let end: Instant
    private let form: HistoryForm
    private let origin: Int64
    private let bytes: [UInt8]
    private let offset: Int

    /// Reads the beginning; the spans are read when they are asked for.
    package init(_ bytes: [UInt8]) throws(RecordError) {
        var reader = ByteReader(bytes)
        try reader.version(RollupBlock.version)
        let code = try reader.byte()
        guard let form = HistoryForm(code: code), form == .exact || code >= 8 else {
            throw .malformed(at: reader.offset - 1)
        }
        self.form = form
        count = try reader.count()
        step = Milliseconds(Int64(bitPattern: try reader.unsigned()))
        guard step > .zero, count <= HistoryBuilder.countMax else {
            throw .malformed(at: reader.offset)
        }
        origin = try reader.signed()
        start = try reader.instant()
        end = try reader.instant()
        offset = reader.offset
        self.bytes = bytes
    }

    /// All spans in the order they were added.
    package func buckets() throws(RecordError) -> [HistoryBucket] {
        var bits = BitReader(bytes, at: offset)
        var coder = RollupCoder(form: form)
        var buckets: [HistoryBucket] = []
        for _ in 0..<count {
            let (index, bucket) = coder.read(from: &bits)
            if bits.isExhausted { throw .truncated(at: bytes.count) }
            var placed = bucket
            placed.start = Instant(milliseconds: (origin &+ index) &* step.count)
            buckets.append(placed)
        }
        return buckets
    }
}

/// What spans are written with; it learns the same from writing as from reading.
struct RollupCoder: Sendable {
    let form: HistoryForm
    private var lastIndex: Int64 = -1
    private var lastCount: Int64 = 0
    private var lastWeight: Int64 = 0
    private var lastLeast: Int64 = 0
    /// For exact numbers: the last of each kind.
    private var words: [5 of UInt64] = [0, 0, 0, 0, 0]
    private var xor: [5 of XORCoder] = .init(repeating: XORCoder())
    private var rice: [8 of RiceCoder] = .init(repeating: RiceCoder())

    init(form: HistoryForm) { self.form = form }

    /// The least digits, from `digits` on, with which a span is exact.
    static func form(of bucket: HistoryBucket, digits: Int) -> HistoryForm {
        for digits in digits...HistoryForm.digitsMax {
            let form = HistoryForm.decimal(digits: digits)
            if RollupCoder(form: form).whole(bucket, digits) != nil { return form }
        }
        return .exact
    }

    /// A span in whole multiples of a resolution.
    private struct Whole {
        var least: Int64
        var most: Int64
        var last: Int64
        var sum: Int64
        var weighted: Int64
    }

    /// Nil where a value is none, or where sums would not be exact.
    private func whole(_ bucket: HistoryBucket, _ digits: Int) -> Whole? {
        guard let least = HistoryForm.whole(bucket.min, digits: digits),
            let most = HistoryForm.whole(bucket.max, digits: digits),
            let last = HistoryForm.whole(bucket.last, digits: digits),
            Swift.max(least.magnitude, most.magnitude, last.magnitude) < 1 << 28
        else { return nil }
        let scale = HistoryForm.scale(digits)
        let (sum, weighted) = (
            (bucket.sum * scale).rounded(), (bucket.weighted * scale).rounded()
        )
        // What held before may have had more digits than what came.
        guard abs(bucket.sum * scale - sum) < 1e-3, abs(bucket.weighted * scale - weighted) < 1e-3,
            abs(sum) < 4.5e15, abs(weighted) < 4.5e15, bucket.count < 1 << 24,
            bucket.weight.magnitude < 1 << 24
        else { return nil }
        return Whole(
            least: least, most: most, last: last, sum: Int64(sum), weighted: Int64(weighted))
    }

    mutating func write(
        _ bucket: HistoryBucket, at index: Int64, to bits: inout BitWriter
    ) -> Bool {
        var parts: Whole?
        if case .decimal(let digits) = form {
            parts = whole(bucket, digits)
            if parts == nil { return false }
        }
        let count = Int64(bucket.count)
        rice[0].writeSigned(index &- lastIndex &- 1, to: &bits)
        rice[1].writeSigned(count &- lastCount, to: &bits)
        rice[2].writeSigned(bucket.weight &- lastWeight, to: &bits)
        (lastIndex, lastCount, lastWeight) = (index, count, bucket.weight)
        if let parts {
            rice[3].writeSigned(parts.least &- lastLeast, to: &bits)
            rice[4].writeSigned(parts.most &- parts.least, to: &bits)
            rice[5].writeSigned(parts.last &- parts.least, to: &bits)
            rice[6].writeSigned(parts.sum &- parts.least &* count, to: &bits)
            rice[7].writeSigned(parts.weighted &- parts.least &* bucket.weight, to: &bits)
            lastLeast = parts.least
        } else {
            let numbers = [bucket.min, bucket.max, bucket.last, bucket.sum, bucket.weighted]
            for place in 0..<5 {
                let word = numbers[place].bitPattern
                xor[place].write(word, after: words[place], to: &bits)
                words[place] = word
            }
        }
        return true
    }

    mutating func read(from bits: inout BitReader) -> (index: Int64, bucket: HistoryBucket) {
        lastIndex = lastIndex &+ 1 &+ rice[0].readSigned(from: &bits)
        lastCount = lastCount &+ rice[1].readSigned(from: &bits)
        lastWeight = lastWeight &+ rice[2].readSigned(from: &bits)
        var bucket = HistoryBucket(start: .distantPast)
        bucket.count = Int(lastCount)
        bucket.weight = lastWeight
        if case .decimal(let digits) = form {
            let least = lastLeast &+ rice[3].readSigned(from: &bits)
            let most = least &+ rice[4].readSigned(from: &bits)
            let last = least &+ rice[5].readSigned(from: &bits)
            let sum = rice[6].readSigned(from: &bits) &+ least &* lastCount
            let weighted = rice[7].readSigned(from: &bits) &+ least &* lastWeight
            bucket.min = HistoryForm.number(least, digits: digits)
            bucket.max = HistoryForm.number(most, digits: digits)
            bucket.last = HistoryForm.number(last, digits: digits)
            bucket.sum = HistoryForm.number(sum, digits: digits)
            bucket.weighted = HistoryForm.number(weighted, digits: digits)
            lastLeast = least
        } else {
            for place in 0..<5 {
                words[place] = xor[place].read(after: words[place], from: &bits)
            }
            bucket.min = Double(bitPattern: words[0])
            bucket.max = Double(bitPattern: words[1])
            bucket.last = Double(bitPattern: words[2])
            bucket.sum = Double(bitPattern: words[3])
            bucket.weighted = Double(bitPattern: words[4])
        }
        return (lastIndex, bucket)
    }
}
