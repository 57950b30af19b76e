package import Model

/// What one of the sixteen priorities wishes of a property: a register in which the write with the
/// larger stamp wins, wherever it was made.
package struct DesiredSlot: Hashable, Sendable {
    package var slot: DesiredWrite.Slot
    package var stamp: Stamp
    /// Nil once relinquished; kept for its stamp.
    package var value: Value?
    package var source: TwinSource
    /// From then on it counts as relinquished.
    package var expires: Instant?

    package init(
        _ slot: DesiredWrite.Slot, _ value: Value?, stamp: Stamp, source: TwinSource,
        expires: Instant? = nil
    ) {
        self.slot = slot
        self.stamp = stamp
        self.value = value
        self.source = source
        self.expires = expires
    }

    /// Wishes something at `now`.
    package func isLive(at now: Instant) -> Bool {
        value != nil && expires.map { now < $0 } ?? true
    }

    /// The later of two writes of one slot; which of two different ones with the same stamp is
    /// settled by their bytes, so that everybody settles it alike.
    package static func join(_ left: DesiredSlot, _ right: DesiredSlot) -> DesiredSlot {
        if left == right { return left }
        if left.stamp != right.stamp { return left.stamp < right.stamp ? right : left }
        return left.bytes.lexicographicallyPrecedes(right.bytes) ? right : left
    }

    /// Slot by slot; both ascending by slot, as is the result.
    package static func join(_ left: [DesiredSlot], _ right: [DesiredSlot]) -> [DesiredSlot] {
        var result = left
        for entry in right {
            if let place = result.firstIndex(where: { $0.slot >= entry.slot }) {
                if result[place].slot == entry.slot {
                    result[place] = join(result[place], entry)
                } else {
                    result.insert(entry, at: place)
                }
            } else {
                result.append(entry)
            }
        }
        return result
    }

    private var bytes: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    func encode(into writer: inout ByteWriter) {
        writer.byte(slot.number)
        writer.stamp(stamp)
        writer.value(value)
        writer.byte(source.rawValue)
        writer.optional(expires)
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        guard let slot = DesiredWrite.Slot(Int(try reader.byte())) else {
            throw .malformed(at: reader.offset - 1)
        }
        self.slot = slot
        stamp = try reader.stamp()
        value = try reader.value()
        source = try reader.source()
        expires = try reader.optionalInstant()
    }
}

extension ByteWriter {
    mutating func stamp(_ stamp: Stamp) {
        fixed(stamp.clock)
        unsigned(UInt64(stamp.origin))
    }

    mutating func optional(_ instant: Instant?) {
        bool(instant != nil)
        if let instant { self.instant(instant) }
    }
}

extension ByteReader {
    mutating func stamp() throws(RecordError) -> Stamp {
        Stamp(clock: try fixed(), origin: try number())
    }

    mutating func optionalInstant() throws(RecordError) -> Instant? {
        try bool() ? try instant() : nil
    }

    mutating func number<Number: FixedWidthInteger>() throws(RecordError) -> Number {
        guard let number = Number(exactly: try unsigned()) else { throw .malformed(at: offset) }
        return number
    }

    mutating func source() throws(RecordError) -> TwinSource {
        guard let source = TwinSource(rawValue: try byte()) else {
            throw .malformed(at: offset - 1)
        }
        return source
    }
}
