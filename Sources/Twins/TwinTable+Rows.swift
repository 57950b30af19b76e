package import Model

extension TwinTable {
    /// Written as the first byte of every row; a row that starts otherwise is not ours.
    private static let rowVersion: UInt8 = 1

    /// Appends the device's whole row. Equal twins have equal bytes.
    package func encode(_ device: Device, into writer: inout ByteWriter) {
        let row = Int(device.index) < rows.count ? rows[Int(device.index)] : Row()
        writer.byte(TwinTable.rowVersion)
        writer.instant(row.lastSeen)
        writer.list(row.slotsInOrder) { writer, slot in
            let record = row.records[slot]
            writer.unsigned(Int(row.names[slot]))
            writer.value(record.reported)
            if record.reported != nil {
                writer.unsigned(UInt64(record.reportedVersion))
                writer.instant(record.reportedTime)
                writer.instant(record.arrival)
                writer.byte(record.reportedSource.rawValue)
                writer.bool(record.isClockSuspect)
            }
            writer.unsigned(UInt64(record.desiredVersion))
            if record.desiredVersion != 0 {
                writer.value(record.desired)
                writer.instant(record.desiredTime)
                writer.byte(record.desiredSource.rawValue)
            }
        }
    }

    /// Replaces the device's row by a stored one; damaged bytes leave it as it is. Not a change:
    /// the device is not dirty afterwards unless it was before.
    package mutating func decode(_ device: Device, from reader: inout ByteReader)
        throws(RecordError)
    {
        guard admits(device), try reader.byte() == TwinTable.rowVersion else {
            throw .malformed(at: max(0, reader.offset - 1))
        }
        let lastSeen = try reader.instant()
        let count = try reader.count()
        guard count <= TwinTable.propertyLimit else { throw .malformed(at: reader.offset) }
        var properties: [(name: UInt16, record: PropertyRecord)] = []
        for _ in 0..<count {
            let name = try reader.count()
            guard name <= Int(UInt16.max), properties.last.map({ $0.name < name }) ?? true else {
                throw .malformed(at: reader.offset)
            }
            properties.append((UInt16(name), try PropertyRecord(from: &reader)))
        }
        replace(device, lastSeen: lastSeen, properties: properties)
    }
}

extension PropertyRecord {
    fileprivate init(from reader: inout ByteReader) throws(RecordError) {
        self.init(tolerance: 0)
        reported = try reader.value()
        if reported != nil {
            reportedVersion = try reader.version()
            reportedTime = try reader.instant()
            arrival = try reader.instant()
            reportedSource = try reader.source()
            isClockSuspect = try reader.bool()
        }
        desiredVersion = try reader.version()
        if desiredVersion != 0 {
            desired = try reader.value()
            desiredTime = try reader.instant()
            desiredSource = try reader.source()
        }
    }
}

extension ByteReader {
    fileprivate mutating func version() throws(RecordError) -> UInt32 {
        guard let version = UInt32(exactly: try unsigned()) else { throw .malformed(at: offset) }
        return version
    }

    fileprivate mutating func source() throws(RecordError) -> TwinSource {
        guard let source = TwinSource(rawValue: try byte()) else {
            throw .malformed(at: offset - 1)
        }
        return source
    }
}
