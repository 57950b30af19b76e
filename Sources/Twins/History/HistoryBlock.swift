package import Model

/// A sealed block of samples: what `HistoryBuilder` wrote.
package struct HistoryBlock: Sendable {
    static let version: UInt8 = 1

    package let count: Int
    /// The earliest and the latest time.
    package let start: Instant
    package let end: Instant
    let form: HistoryForm
    private let texts: [String]
    private let firstTime: Int64
    private let firstValue: UInt64
    private let firstHeight: Int32
    private let bytes: [UInt8]
    private let offset: Int

    /// Reads the beginning; the samples are read when they are asked for.
    package init(_ bytes: [UInt8]) throws(RecordError) {
        var reader = ByteReader(bytes)
        try reader.version(HistoryBlock.version)
        guard let form = HistoryForm(code: try reader.byte()) else {
            throw .malformed(at: reader.offset - 1)
        }
        self.form = form
        count = try reader.count()
        guard (1...HistoryBuilder.countMax).contains(count) else {
            throw .malformed(at: reader.offset)
        }
        start = try reader.instant()
        end = Instant(
            milliseconds: start.milliseconds &+ Int64(bitPattern: try reader.unsigned()))
        firstTime = start.milliseconds &+ Int64(bitPattern: try reader.unsigned())
        texts =
            form == .text
            ? try reader.list { reader throws(RecordError) in try reader.string() } : []
        firstValue =
            form == .exact || form == .position
            ? try reader.fixed() : UInt64(bitPattern: try reader.signed())
        firstHeight =
            form == .position ? Int32(truncatingIfNeeded: try reader.signed()) : 0
        offset = reader.offset
        self.bytes = bytes
    }

    /// Lends every sample in the order they were added. Throws at the end where bytes are damaged.
    @inline(__always)
    package func forEach(_ body: (Instant, Value) -> Void) throws(RecordError) {
        let kind = form
        try forEachWord { time, word, height in
            if let value = value(word, height, kind) { body(Instant(milliseconds: time), value) }
        }
    }

    /// Lends every sample that is a number, an integer or a boolean, as a number.
    @inline(__always)
    package func forEachNumber(_ body: (Instant, Double) -> Void) throws(RecordError) {
        switch form {
        case .decimal(let digits):
            try forEachWord { time, word, _ in
                body(
                    Instant(milliseconds: time),
                    HistoryForm.number(Int64(bitPattern: word), digits: digits))
            }
        case .exact:
            try forEachWord { time, word, _ in
                body(Instant(milliseconds: time), Double(bitPattern: word))
            }
        case .integer, .boolean:
            try forEachWord { time, word, _ in
                body(Instant(milliseconds: time), Double(Int64(bitPattern: word)))
            }
        case .text, .position, .timestamp: break
        }
    }

    /// Whether `forEachNumber` lends anything.
    package var isNumeric: Bool { form != .text && form != .position && form != .timestamp }

    @inline(__always)
    private func forEachWord(_ body: (Int64, UInt64, Int32) -> Void) throws(RecordError) {
        var bits = BitReader(bytes, at: offset)
        var (timeCoder, valueCoder, xorCoder) = (RiceCoder(), RiceCoder(), XORCoder())
        var (time, step, word) = (firstTime, Int64(0), firstValue)
        var place = PlaceCoder(word, firstHeight)
        body(time, word, firstHeight)
        let (isExact, isPlace) = (form == .exact, form == .position)
        for _ in 1..<count {
            step &+= timeCoder.readSigned(from: &bits)
            time &+= step
            if isExact {
                word = xorCoder.read(after: word, from: &bits)
            } else if isPlace {
                word = place.read(from: &bits)
            } else {
                word &+= UInt64(bitPattern: valueCoder.readSigned(from: &bits))
            }
            if bits.isExhausted { throw .truncated(at: bytes.count) }
            body(time, word, place.height)
        }
    }

    /// Nil where damaged bytes say what the form cannot be.
    private func value(_ word: UInt64, _ height: Int32, _ form: HistoryForm) -> Value? {
        switch form {
        case .boolean: .boolean(word != 0)
        case .integer: .integer(Int64(bitPattern: word))
        case .timestamp: .timestamp(Instant(milliseconds: Int64(bitPattern: word)))
        case .text: word < UInt64(texts.count) ? .text(texts[Int(word)]) : nil
        case .position: GeoPosition(word: word, height: height).map { .position($0) }
        case .decimal(let digits):
            .number(HistoryForm.number(Int64(bitPattern: word), digits: digits))
        case .exact:
            Double(bitPattern: word).isFinite ? .number(Double(bitPattern: word)) : nil
        }
    }

    /// All samples in the order they were added.
    package func samples() throws(RecordError) -> [HistorySample] {
        var samples: [HistorySample] = []
        samples.reserveCapacity(count)
        try forEach { samples.append(HistorySample(time: $0, value: $1)) }
        return samples
    }
}
