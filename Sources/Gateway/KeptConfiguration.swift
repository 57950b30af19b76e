import Model

/// The texts of a configuration as the store keeps them, so that the journal can be read under the
/// configuration that was in force.
struct KeptConfiguration {
    /// In the order in which they were read.
    var sources: [(file: String, text: [UInt8])]

    private static let version: UInt8 = 1
    /// Larger ones are not kept.
    private static let limit = 4 << 20

    init(_ sources: [(file: String, text: [UInt8])]) { self.sources = sources }

    /// Nil where it is not to be kept.
    var bytes: [UInt8]? {
        guard sources.reduce(0, { $0 + $1.text.count }) <= KeptConfiguration.limit else {
            return nil
        }
        var writer = ByteWriter()
        writer.byte(KeptConfiguration.version)
        writer.list(sources) { writer, source in
            writer.string(source.file)
            writer.unsigned(source.text.count)
            writer.bytes += source.text
        }
        return writer.bytes
    }

    init(bytes: [UInt8]) throws(RecordError) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == KeptConfiguration.version else { throw .malformed(at: 0) }
        sources = []
        for _ in 0..<(try reader.count()) {
            let file = try reader.string()
            let count = try reader.count()
            guard count <= bytes.count - reader.offset else {
                throw .truncated(at: reader.offset)
            }
            sources.append((file, Array(bytes[reader.offset..<reader.offset + count])))
            reader = ByteReader(bytes, at: reader.offset + count)
        }
    }
}
