package import Model

/// Gathers what properties were, block by block: an open one for each property, of which nothing is
/// allocated per sample, and sealed ones that are to be stored.
///
/// Kept is what a report changed (CR4), an unchanged value after the heartbeat's time again (CR3),
/// and late reports (CR2): those within the open block's time in it, the others in a block of their
/// own. All of it follows from the reports alone, so that replaying them seals the same blocks
/// under the same keys.
package struct HistoryTable: Sendable {
    package private(set) var counters = Counters()
    let limits: Limits
    /// Off, nothing is gathered.
    let isEnabled: Bool
    /// By device index: its properties' names, and where in `series` each is.
    private var rows: [Row] = []
    var series: [Series] = []
    /// Open blocks of late samples; `Series.late` says whose.
    var lateBlocks: [HistoryBuilder] = []
    /// What numbers come to by the minute and by the hour; `Series.rolled` says whose.
    var rollups: [(minutes: Rollup, hours: Rollup)] = []
    private var sealed: [SealedBlock] = []
    /// Counts blocks in the order they were sealed.
    var sequence: UInt64 = 0
    /// What an open block may grow to, so that all of them stay within the memory they have.
    private var sizeMax: Int

    /// How much is held in memory, and how long a block may get.
    package struct Limits: Hashable, Sendable {
        /// A sealed block's size: just what fits one page of its own in the store.
        package var blockBytes: Int
        /// What all open blocks may take together: blocks are sealed earlier when there are many.
        package var memoryBytes: Int
        /// Properties of all devices with a history; those of later ones are counted and refused.
        package var series: Int
        /// An unchanged value is noted again after so long.
        package var heartbeat: Milliseconds

        package init(
            blockBytes: Int = 4080, memoryBytes: Int = 16 << 20, series: Int = 65_536,
            heartbeat: Milliseconds = .minute * 15
        ) {
            self.blockBytes = blockBytes
            self.memoryBytes = memoryBytes
            self.series = series
            self.heartbeat = heartbeat
        }
    }

    /// What happened since the table was made.
    package struct Counters: Hashable, Sendable {
        package var recorded: UInt64 = 0
        package var late: UInt64 = 0
        /// Reports of properties for which there was no room.
        package var refused: UInt64 = 0
        package var sealedBlocks: UInt64 = 0
        package var sealedBytes: UInt64 = 0
    }

    /// A block that nothing is added to any more.
    package struct SealedBlock: Hashable, Sendable {
        package var device: Device
        package var property: Property
        package var kind: Kind
        package var start: Instant
        package var end: Instant
        /// The place among all blocks sealed.
        package var sequence: UInt64
        package var bytes: [UInt8]
    }

    /// What a block holds.
    package enum Kind: UInt8, Hashable, Sendable {
        /// Samples in order, but for those that came late within the block's time.
        case samples
        /// Samples that came late, in the order they came.
        case late
        /// What samples come to, minute by minute and hour by hour.
        case minutes, hours

        /// No block spans more.
        package var span: Milliseconds {
            switch self {
            case .samples, .late: .day
            case .minutes: .day * 7
            case .hours: .day * 60
            }
        }
    }

    private struct Row: Sendable {
        var names: [UInt16] = []
        var places: [Int32] = []
    }

    struct Series: Sendable {
        let device: Device
        let property: Property
        var block = HistoryBuilder()
        var late: Int32 = -1
        var rolled: Int32 = -1
        var lastRecorded = Instant.distantPast
    }

    /// A block gets at least so much room, however many there are.
    private static let sizeMin = 256

    /// Without limits the table is off.
    package init(_ limits: Limits? = nil) {
        isEnabled = limits != nil
        self.limits = limits ?? Limits()
        sizeMax = self.limits.blockBytes
    }

    // MARK: Writing

    /// Takes note of a report, of which the twins said what it was.
    package mutating func note(_ reading: Reading, _ effect: ReportOutcome.Effect) {
        guard isEnabled else { return }
        switch effect {
        case .duplicate, .refused: return
        case .first, .changed, .unchanged, .late: break
        }
        guard let place = place(of: reading.device, reading.property) else {
            counters.refused += 1
            return
        }
        let sample = HistorySample(time: reading.time, value: reading.value)
        switch series[place].take(sample, effect, sizeMax: sizeMax, limits) {
        case .skipped: break
        case .recorded(let part):
            counters.recorded += 1
            if let part { emit(part, place, .samples) }
            roll(sample, place, isLate: effect == .late)
        case .tooLate:
            counters.late += 1
            recordLate(sample, place)
            roll(sample, place, isLate: true)
        }
    }

    /// Adds a number to its minute and its hour.
    private mutating func roll(_ sample: HistorySample, _ place: Int, isLate: Bool) {
        guard let value = sample.value.double else { return }
        if series[place].rolled < 0 {
            series[place].rolled = Int32(rollups.count)
            rollups.append(HistoryTable.emptyRollup)
            fitSizes()
        }
        let rolled = Int(series[place].rolled)
        if let part = rollups[rolled].minutes.take(
            value, at: sample.time, isLate: isLate, sizeMax: sizeMax)
        {
            emit(part, place, .minutes)
        }
        if let part = rollups[rolled].hours.take(
            value, at: sample.time, isLate: isLate, sizeMax: sizeMax)
        {
            emit(part, place, .hours)
        }
    }

    static var emptyRollup: (minutes: Rollup, hours: Rollup) {
        (
            Rollup(step: .minute, span: Kind.minutes.span),
            Rollup(step: .hour, span: Kind.hours.span)
        )
    }

    private mutating func recordLate(_ sample: HistorySample, _ place: Int) {
        if series[place].late < 0 {
            series[place].late = Int32(lateBlocks.count)
            lateBlocks.append(HistoryBuilder())
            fitSizes()
        }
        let late = Int(series[place].late)
        if let part = lateBlocks[late].fit(sample, sizeMax: sizeMax, span: Kind.late.span) {
            emit(part, place, .late)
        }
    }

    private mutating func emit(_ part: HistoryBuilder.Part, _ place: Int, _ kind: Kind) {
        sequence += 1
        counters.sealedBlocks += 1
        counters.sealedBytes += UInt64(part.bytes.count)
        sealed.append(
            SealedBlock(
                device: series[place].device, property: series[place].property, kind: kind,
                start: part.start, end: part.end, sequence: sequence, bytes: part.bytes))
    }

    /// Seals every block that holds something, so that all of the history can be stored.
    package mutating func sealAll() {
        for place in series.indices {
            if let part = series[place].block.seal() { emit(part, place, .samples) }
            let late = Int(series[place].late)
            if late >= 0, let part = lateBlocks[late].seal() { emit(part, place, .late) }
            let rolled = Int(series[place].rolled)
            guard rolled >= 0 else { continue }
            for part in rollups[rolled].minutes.sealAll(sizeMax: sizeMax) {
                emit(part, place, .minutes)
            }
            for part in rollups[rolled].hours.sealAll(sizeMax: sizeMax) {
                emit(part, place, .hours)
            }
        }
    }

    /// After a loss of the table's own state: makes sure that no sequence is given twice.
    package mutating func continueSequence(after sequence: UInt64) {
        self.sequence = max(self.sequence, sequence)
    }

    /// The blocks that were sealed since the last call, in order.
    package mutating func takeSealed() -> [SealedBlock] {
        if sealed.isEmpty { return [] }
        defer { sealed.removeAll(keepingCapacity: true) }
        return sealed
    }

    // MARK: Reading

    /// Properties that have a history.
    package var seriesCount: Int { series.count }

    /// What open blocks hold of a property, as sealed ones would.
    package func open(_ device: Device, _ property: Property, _ kind: Kind = .samples) -> [[UInt8]]
    {
        guard Int(device.index) < rows.count,
            let slot = rows[Int(device.index)].names.firstIndex(of: property.index)
        else { return [] }
        let series = series[Int(rows[Int(device.index)].places[slot])]
        switch kind {
        case .samples: return series.block.count > 0 ? [series.block.sealed] : []
        case .late:
            guard series.late >= 0, lateBlocks[Int(series.late)].count > 0 else { return [] }
            return [lateBlocks[Int(series.late)].sealed]
        case .minutes: return series.rolled < 0 ? [] : rollups[Int(series.rolled)].minutes.open
        case .hours: return series.rolled < 0 ? [] : rollups[Int(series.rolled)].hours.open
        }
    }

    // MARK: Places

    mutating func place(of device: Device, _ property: Property) -> Int? {
        let row = Int(device.index)
        if row < rows.count {
            for slot in 0..<rows[row].names.count where rows[row].names[slot] == property.index {
                return Int(rows[row].places[slot])
            }
        }
        guard series.count < limits.series else { return nil }
        while rows.count <= row { rows.append(Row()) }
        rows[row].names.append(property.index)
        rows[row].places.append(Int32(series.count))
        series.append(Series(device: device, property: property))
        fitSizes()
        return series.count - 1
    }

    mutating func fitSizes() {
        let share = limits.memoryBytes / max(series.count + lateBlocks.count + 2 * rollups.count, 1)
        sizeMax = min(max(share, HistoryTable.sizeMin), limits.blockBytes)
    }
}

extension HistoryTable.Series {
    enum Outcome {
        case skipped
        /// With the block that had to be sealed for it.
        case recorded(HistoryBuilder.Part?)
        /// It is not within the open block's time.
        case tooLate
    }

    /// Adds a sample to the open block, if it is to be kept and belongs there.
    mutating func take(
        _ sample: HistorySample, _ effect: ReportOutcome.Effect, sizeMax: Int,
        _ limits: HistoryTable.Limits
    ) -> Outcome {
        if effect == .unchanged, sample.time - lastRecorded < limits.heartbeat { return .skipped }
        if block.count > 0, sample.time < block.start { return .tooLate }
        if effect == .late, block.count == 0 || sample.time > block.end { return .tooLate }
        lastRecorded = max(lastRecorded, sample.time)
        return .recorded(block.fit(sample, sizeMax: sizeMax, span: HistoryTable.Kind.samples.span))
    }
}

extension HistoryBuilder {
    /// A block that was sealed.
    struct Part {
        var start: Instant
        var end: Instant
        var bytes: [UInt8]
    }

    /// Adds a sample, to a new block where this one has no room for it, would span too much or
    /// holds values of another kind; answers the sealed one then.
    mutating func fit(_ sample: HistorySample, sizeMax: Int, span: Milliseconds) -> Part? {
        var part: Part?
        if count > 0,
            size + HistoryBuilder.sampleSizeMax > sizeMax
                || max(end, sample.time) - min(start, sample.time) > span
        {
            part = seal()
        }
        if add(sample) == .misfit {
            part = part ?? seal()
            _ = add(sample)
        }
        return part
    }

    /// Nil where there is nothing in it.
    mutating func seal() -> Part? {
        if count == 0 { return nil }
        defer { removeAll() }
        return Part(start: start, end: end, bytes: sealed)
    }

    /// Goes on with a block that was sealed; with none where there are no bytes.
    init(reopening bytes: [UInt8]) throws(RecordError) {
        self.init()
        if bytes.isEmpty { return }
        for sample in try HistoryBlock(bytes).samples() { _ = add(sample) }
    }
}
