package import Model

/// A value of a property at a time.
package struct HistorySample: Hashable, Sendable {
    package var time: Instant
    package var value: Value

    package init(time: Instant, value: Value) {
        self.time = time
        self.value = value
    }
}

/// A block of samples that more may be added to.
///
/// Times are written as differences of differences. Values of a fixed resolution are written as
/// differences of whole numbers, both with adaptive Rice codes; all other numbers as Pelkonen et
/// al. (2015) do. What is read again is the same to the bit, in the order it was added.
package struct HistoryBuilder: Sendable {
    private(set) var form = HistoryForm.boolean
    package private(set) var count = 0
    /// The earliest and the latest time.
    package private(set) var start = Instant.distantFuture
    package private(set) var end = Instant.distantPast

    private var bits = BitWriter()
    private var firstTime: Int64 = 0
    private var firstValue: UInt64 = 0
    private var lastTime: Int64 = 0
    private var lastStep: Int64 = 0
    /// The last value as the form has it: a whole number, or the bits of an exact one.
    private var last: UInt64 = 0
    private var timeCoder = RiceCoder()
    private var valueCoder = RiceCoder()
    private var xorCoder = XORCoder()
    private var placeCoder = PlaceCoder(0, 0)
    private var firstHeight: Int32 = 0
    private var texts: [String] = []
    private var textBytes = 0

    /// What a block holds at most, whatever room there is.
    package static let countMax = 65_535
    private static let textsMax = 64, textBytesMax = 1024

    /// What comes of adding a sample.
    package enum Outcome: Hashable, Sendable {
        case added
        /// It does not fit this block; one of its own is to be begun.
        case misfit
    }

    package init() {}

    /// Bytes that the sealed block has at most.
    package var size: Int { bits.count + 40 + textBytes }

    /// What one more sample may add to the size, but for a text.
    package static let sampleSizeMax = 24

    /// Empties it for the next block.
    package mutating func removeAll() {
        bits.removeAll()
        count = 0
        start = .distantFuture
        end = .distantPast
        texts.removeAll(keepingCapacity: true)
        textBytes = 0
    }

    /// Adds a sample.
    package mutating func add(_ sample: HistorySample) -> Outcome {
        if count == 0 { return begin(sample) }
        guard count < HistoryBuilder.countMax else { return .misfit }
        guard let word = word(sample.value) else { return widen(for: sample) }
        let time = sample.time.milliseconds
        let step = time &- lastTime
        timeCoder.writeSigned(step &- lastStep, to: &bits)
        switch form {
        case .exact: xorCoder.write(word, after: last, to: &bits)
        case .position: placeCoder.write(word, sample.value.height, to: &bits)
        default: valueCoder.writeSigned(Int64(bitPattern: word &- last), to: &bits)
        }
        lastStep = step
        note(sample.time, word)
        return .added
    }

    private mutating func begin(_ sample: HistorySample) -> Outcome {
        form = HistoryForm(sample.value)
        guard let word = word(sample.value) else { return .misfit }
        firstTime = sample.time.milliseconds
        firstValue = word
        lastStep = 0
        timeCoder = RiceCoder()
        valueCoder = RiceCoder()
        xorCoder = XORCoder()
        firstHeight = sample.value.height
        placeCoder = PlaceCoder(word, firstHeight)
        note(sample.time, word)
        return .added
    }

    private mutating func note(_ time: Instant, _ word: UInt64) {
        lastTime = time.milliseconds
        last = word
        start = min(start, time)
        end = max(end, time)
        count += 1
    }

    /// A value as the form has it; nil where it has not.
    private mutating func word(_ value: Value) -> UInt64? {
        switch (form, value) {
        case (.decimal(let digits), .number(let number)):
            HistoryForm.whole(number, digits: digits).map { UInt64(bitPattern: $0) }
        case (.exact, .number(let number)): number.bitPattern
        case (.boolean, .boolean(let boolean)): boolean ? 1 : 0
        case (.integer, .integer(let integer)): UInt64(bitPattern: integer)
        case (.timestamp, .timestamp(let instant)): UInt64(bitPattern: instant.milliseconds)
        case (.text, .text(let text)): index(of: text)
        case (.position, .position(let position)): position.word
        default: nil
        }
    }

    private mutating func index(of text: String) -> UInt64? {
        if let index = texts.firstIndex(of: text) { return UInt64(index) }
        let size = text.utf8.count + 2
        guard
            texts.isEmpty
                || texts.count < HistoryBuilder.textsMax
                    && textBytes + size <= HistoryBuilder.textBytesMax
        else { return nil }
        texts.append(text)
        textBytes += size
        return UInt64(texts.count - 1)
    }

    /// For a number of more digits than those before it: writes the block anew with as many, or
    /// with exact numbers.
    private mutating func widen(for sample: HistorySample) -> Outcome {
        guard case .decimal(let digits) = form, case .number(let number) = sample.value else {
            return .misfit
        }
        let wanted = HistoryForm.decimal(number, digits: digits + 1) ?? .exact
        // The bytes are its own: they can be read, and each value fits the wider form.
        guard let samples = try? HistoryBlock(sealed).samples() else { return .misfit }
        var wider = HistoryBuilder()
        wider.form = wanted
        for sample in samples + [sample] {
            guard wider.addAsIs(sample) else { return .misfit }
        }
        self = wider
        return .added
    }

    /// Adds a sample to a block whose form is decided.
    private mutating func addAsIs(_ sample: HistorySample) -> Bool {
        if count > 0 { return word(sample.value) != nil && add(sample) == .added }
        guard let word = word(sample.value) else { return false }
        firstTime = sample.time.milliseconds
        firstValue = word
        note(sample.time, word)
        return true
    }

    /// The block as it is stored; not of an empty one.
    package var sealed: [UInt8] {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(size)
        writer.byte(HistoryBlock.version)
        writer.byte(form.code)
        writer.unsigned(count)
        writer.instant(start)
        writer.unsigned(UInt64(bitPattern: end.milliseconds &- start.milliseconds))
        writer.unsigned(UInt64(bitPattern: firstTime &- start.milliseconds))
        if form == .text { writer.list(texts) { $0.string($1) } }
        switch form {
        case .exact: writer.fixed(firstValue)
        case .position:
            writer.fixed(firstValue)
            writer.signed(Int64(firstHeight))
        default: writer.signed(Int64(bitPattern: firstValue))
        }
        writer.bytes += bits.padded
        return writer.bytes
    }
}

/// The bits of a double against those of the one before: nothing where they are the same, else
/// those between the equal ones at both ends.
struct XORCoder: Hashable, Sendable {
    private var leadingBits: UInt8 = 64
    private var widthBits: UInt8 = 0

    private var leading: Int {
        get { Int(leadingBits) }
        set { leadingBits = UInt8(newValue) }
    }

    private var width: Int {
        get { Int(widthBits) }
        set { widthBits = UInt8(newValue) }
    }

    mutating func write(_ word: UInt64, after last: UInt64, to bits: inout BitWriter) {
        let difference = word ^ last
        if difference == 0 { return bits.write(0, 1) }
        let zeros = min(difference.leadingZeroBitCount, 31)
        let end = difference.trailingZeroBitCount
        if zeros >= leading, 64 - end <= leading + width {
            bits.write(0b10, 2)
        } else {
            leading = zeros
            width = 64 - zeros - end
            bits.write(0b11, 2)
            bits.write(UInt64(leading), 5)
            bits.write(UInt64(width - 1), 6)
        }
        bits.writeWide(difference >> UInt64(64 - leading - width), width)
    }

    mutating func read(after last: UInt64, from bits: inout BitReader) -> UInt64 {
        if bits.read(1) == 0 { return last }
        if bits.read(1) == 1 {
            leading = Int(bits.read(5))
            width = min(Int(bits.read(6)) + 1, 64 - leading)
        }
        // Damaged bytes may refer to a width that was never given.
        if width == 0 { return last }
        return last ^ bits.readWide(width) << UInt64(64 - leading - width)
    }
}
