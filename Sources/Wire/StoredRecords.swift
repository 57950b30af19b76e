package import Model

// The stored forms of what the core emits. A reader that meets an unknown kind reports damage.

extension OutboxRecord {
    package func encode(to writer: inout ByteWriter) {
        writer.unsigned(sequence)
        writer.byte(kind.rawValue)
        writer.string(workflow)
        writer.string(name)
        writer.instant(time)
        writer.bool(start != nil)
        if let start { writer.instant(start) }
        writer.list(key) { $0.field($1) }
        writer.list(fields) { $0.field($1) }
        if !quality.isEmpty { writer.list(quality) { $0.field($1) } }
    }

    package init(from reader: inout ByteReader) throws(RecordError) {
        let sequence = try reader.unsigned()
        guard let kind = Kind(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset - 1)
        }
        let workflow = try reader.string()
        let name = try reader.string()
        let time = try reader.instant()
        let start = try reader.bool() ? try reader.instant() : nil
        self.init(
            sequence: sequence, kind: kind, workflow: workflow, name: name, time: time,
            start: start, key: try reader.fields(), fields: try reader.fields(),
            quality: reader.isAtEnd ? [] : try reader.fields())
    }
}

extension AuditEntry {
    package func encode(to writer: inout ByteWriter) {
        writer.instant(time)
        writer.fixed(command.value)
        writer.unsigned(UInt64(device.index))
        writer.string(name)
        writer.string(from)
        writer.string(to)
        writer.string(reason)
    }

    package init(from reader: inout ByteReader) throws(RecordError) {
        let time = try reader.instant()
        let command = CommandID(value: try reader.fixed128())
        guard let index = UInt32(exactly: try reader.unsigned()) else {
            throw .malformed(at: reader.offset)
        }
        self.init(
            time: time, command: command, device: Device(index: index), name: try reader.string(),
            from: try reader.string(), to: try reader.string(), reason: try reader.string())
    }
}

extension ByteWriter {
    package mutating func field(_ field: Field) {
        string(field.name)
        value(field.value)
    }
}

extension ByteReader {
    package mutating func fields() throws(RecordError) -> [Field] {
        try list { (reader) throws(RecordError) in
            Field(try reader.string(), try reader.value())
        }
    }
}
