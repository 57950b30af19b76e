import Model

extension Document {
    /// Reads one CBOR data item (RFC 8949) and nothing after it: at most `depthMax` levels, no
    /// duplicate keys, indefinite lengths allowed.
    ///
    /// Tags are skipped, but for decimal fractions (4), read as numbers, and epoch times (1).
    /// Undefined is null; simple values nobody has assigned are refused.
    package init(cbor bytes: Span<UInt8>) throws(WireError) {
        var scanner = CBORScanner()
        self = try Document.read(&scanner, bytes, depth: 0)
        guard scanner.offset == bytes.count else { throw .trailing(at: scanner.offset) }
    }

    /// Lends data items one after the other (RFC 8742), each as `init(cbor:)` reads it, up to the
    /// end or to the first that cannot be read.
    package static func readSequence(
        cbor bytes: Span<UInt8>, _ body: (Document) -> Void
    ) throws(WireError) {
        var scanner = CBORScanner()
        while scanner.offset < bytes.count {
            body(try Document.read(&scanner, bytes, depth: 0))
        }
    }

    private static func read(
        _ scanner: inout CBORScanner, _ bytes: Span<UInt8>, depth: Int
    ) throws(WireError) -> Document {
        let start = scanner.offset
        return try read(try scanner.head(bytes), at: start, &scanner, bytes, depth: depth)
    }

    /// Reads the rest of the item whose head stands at `start`; `depth` tells how deep it stands.
    static func read(
        _ head: CBORScanner.Head, at start: Int, _ scanner: inout CBORScanner,
        _ bytes: Span<UInt8>, depth: Int
    ) throws(WireError) -> Document {
        switch head.major {
        case .unsigned, .negative, .simple:
            switch scanner.number(head) {
            case .integer(let integer)?: return .integer(integer)
            case .number(let number)?: return .number(number)
            case nil: return try simple(head, at: start)
            }
        case .bytes:
            var content: [UInt8] = []
            try scanner.append(head, bytes, to: &content)
            return .bytes(content)
        case .text: return .text(try scanner.string(head, bytes))
        case .tag:
            if head.argument == 4 { return .number(try scanner.decimal(bytes)) }
            if head.argument == 1 { return .timestamp(try scanner.epochTime(bytes)) }
            guard depth < depthMax else { throw .tooDeep(at: start) }
            return try read(&scanner, bytes, depth: depth + 1)
        case .array:
            guard depth < depthMax else { throw .tooDeep(at: start) }
            let count = try scanner.count(head, bytesPerItem: 1, bytes)
            var elements: [Document] = []
            while try scanner.another(after: elements.count, of: count, bytes) {
                elements.append(try read(&scanner, bytes, depth: depth + 1))
            }
            return .array(elements)
        case .map:
            guard depth < depthMax else { throw .tooDeep(at: start) }
            let count = try scanner.count(head, bytesPerItem: 2, bytes)
            var entries: [Entry] = []
            var keys: Set<[UInt8]> = []
            while try scanner.another(after: entries.count, of: count, bytes) {
                let keyStart = scanner.offset
                let key = try read(&scanner, bytes, depth: depth + 1)
                guard keys.insert(key.cbor).inserted else { throw .duplicateKey(at: keyStart) }
                entries.append(Entry(key, try read(&scanner, bytes, depth: depth + 1)))
            }
            return .map(entries)
        }
    }

    private static func simple(
        _ head: CBORScanner.Head, at start: Int
    ) throws(WireError) -> Document {
        switch head.information {
        case 20: return .boolean(false)
        case 21: return .boolean(true)
        case 22, 23: return .null
        default: throw .unexpected(at: start)
        }
    }

    /// The CBOR of this document with the shortest encodings, maps in their own order.
    package var cbor: [UInt8] {
        var output: [UInt8] = []
        writeCBOR(to: &output)
        return output
    }

    /// The core deterministic CBOR (RFC 8949 section 4.2.1): maps ordered by their encoded keys, so
    /// that equal content gives equal bytes, for hashing.
    package var deterministicCBOR: [UInt8] {
        var output: [UInt8] = []
        writeCBOR(to: &output, sorted: true)
        return output
    }

    /// Appends the CBOR of this document to `output`, its maps `sorted` by their encoded keys or
    /// not.
    package func writeCBOR(to output: inout [UInt8], sorted: Bool = false) {
        switch self {
        case .null: output.append(0xf6)
        case .boolean(let boolean): output.append(boolean ? 0xf5 : 0xf4)
        case .integer(let integer): writeHead(integer: integer, to: &output)
        case .number(let number): writeFloat(number, to: &output)
        case .text(let text):
            writeHead(.text, UInt64(text.utf8.count), to: &output)
            output += text.utf8
        case .bytes(let bytes):
            writeHead(.bytes, UInt64(bytes.count), to: &output)
            output += bytes
        case .timestamp(let instant):
            writeHead(.tag, 1, to: &output)
            if instant.milliseconds % 1000 == 0 {
                writeHead(integer: instant.milliseconds / 1000, to: &output)
            } else {
                writeFloat(Double(instant.milliseconds) / 1000, to: &output)
            }
        case .array(let elements):
            writeHead(.array, UInt64(elements.count), to: &output)
            for element in elements { element.writeCBOR(to: &output, sorted: sorted) }
        case .map(let entries):
            writeHead(.map, UInt64(entries.count), to: &output)
            if sorted {
                let encoded = entries.map { (key: $0.key.deterministicCBOR, value: $0.value) }
                for entry in encoded.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                    output += entry.key
                    entry.value.writeCBOR(to: &output, sorted: true)
                }
            } else {
                for entry in entries {
                    entry.key.writeCBOR(to: &output)
                    entry.value.writeCBOR(to: &output)
                }
            }
        }
    }

    private func writeHead(
        _ major: CBORScanner.Major, _ argument: UInt64, to output: inout [UInt8]
    ) {
        let initial = major.rawValue << 5
        if argument < 24 {
            output.append(initial | UInt8(argument))
        } else if argument <= 0xff {
            output.append(initial | 24)
            writeBigEndian(argument, width: 1, to: &output)
        } else if argument <= 0xffff {
            output.append(initial | 25)
            writeBigEndian(argument, width: 2, to: &output)
        } else if argument <= 0xffff_ffff {
            output.append(initial | 26)
            writeBigEndian(argument, width: 4, to: &output)
        } else {
            output.append(initial | 27)
            writeBigEndian(argument, width: 8, to: &output)
        }
    }

    private func writeHead(integer: Int64, to output: inout [UInt8]) {
        if integer >= 0 {
            writeHead(.unsigned, UInt64(integer), to: &output)
        } else {
            writeHead(.negative, UInt64(-1 - integer), to: &output)
        }
    }

    /// The shortest of binary16, 32 and 64 that holds the number exactly; NaN is 0x7e00.
    private func writeFloat(_ number: Double, to output: inout [UInt8]) {
        if number.isNaN {
            output += [0xf9, 0x7e, 0x00]
        } else if let half = Float16(exactly: number) {
            output.append(0xf9)
            writeBigEndian(UInt64(half.bitPattern), width: 2, to: &output)
        } else if let single = Float(exactly: number) {
            output.append(0xfa)
            writeBigEndian(UInt64(single.bitPattern), width: 4, to: &output)
        } else {
            output.append(0xfb)
            writeBigEndian(number.bitPattern, width: 8, to: &output)
        }
    }

    private func writeBigEndian(_ value: UInt64, width: Int, to output: inout [UInt8]) {
        for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}
