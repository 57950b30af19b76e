package import Model

extension HistoryTable {
    /// Writes everything that a later `restore` needs to seal the same blocks.
    package func snapshot(into writer: inout ByteWriter) {
        writer.unsigned(sequence)
        writer.list(series) { writer, series in
            writer.unsigned(UInt64(series.device.index))
            writer.unsigned(UInt64(series.property.index))
            writer.instant(series.lastRecorded)
            writer.block(series.block.count > 0 ? series.block.sealed : [])
            writer.bool(series.late >= 0)
            if series.late >= 0 {
                let late = lateBlocks[Int(series.late)]
                writer.block(late.count > 0 ? late.sealed : [])
            }
            writer.bool(series.rolled >= 0)
            if series.rolled >= 0 {
                rollups[Int(series.rolled)].minutes.encode(to: &writer)
                rollups[Int(series.rolled)].hours.encode(to: &writer)
            }
        }
    }

    /// Takes back what `snapshot` wrote. A table that is off reads it and keeps nothing.
    package mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        var restored = HistoryTable(isEnabled ? limits : nil)
        restored.sequence = try reader.unsigned()
        for _ in 0..<(try reader.count()) {
            let device = Device(index: UInt32(try reader.count()))
            guard let property = UInt16(exactly: try reader.unsigned()) else {
                throw .malformed(at: reader.offset)
            }
            let lastRecorded = try reader.instant()
            let block = try HistoryBuilder(reopening: try reader.block())
            let late = try reader.bool() ? try HistoryBuilder(reopening: try reader.block()) : nil
            var rollup = HistoryTable.emptyRollup
            let isRolled = try reader.bool()
            if isRolled {
                try rollup.minutes.restore(from: &reader)
                try rollup.hours.restore(from: &reader)
            }
            guard isEnabled, Int(device.index) < HistoryTable.deviceMax,
                let place = restored.place(of: device, Property(index: property))
            else { continue }
            restored.series[place].block = block
            restored.series[place].lastRecorded = lastRecorded
            if isRolled {
                restored.series[place].rolled = Int32(restored.rollups.count)
                restored.rollups.append(rollup)
            }
            if let late {
                restored.series[place].late = Int32(restored.lateBlocks.count)
                restored.lateBlocks.append(late)
            }
        }
        restored.fitSizes()
        self = restored
    }

    /// More devices than any configuration may have.
    private static let deviceMax = 1 << 22
}
