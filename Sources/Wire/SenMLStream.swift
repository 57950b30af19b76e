import Model

/// Takes SenML (RFC 8428) apart record by record: packs of any length, any number of them one
/// behind the other. What it keeps is one record, and the base fields in force.
///
/// Records before a mistake have been lent already, so unlike a datagram's a pack of a stream is
/// not refused whole.
package struct SenMLStream: Sendable {
    /// Holds the record that `next` has found, and no other.
    package private(set) var pack = TelemetryPack()
    /// Nothing behind the last mistake can be told apart.
    package private(set) var isBroken = false
    private let isCBOR: Bool
    private var isInPack = false
    /// In CBOR, how many records of the pack are still to come; nil where it does not say.
    private var left: Int?

    package init(isCBOR: Bool) { self.isCBOR = isCBOR }

    /// Finds the record that begins at `offset` or behind it, and moves `offset` past it. False
    /// where the bytes hold no further whole record; with `isLast` no more are to come. After a
    /// mistake in a record, which is thrown, the next call goes on behind it.
    package mutating func next(
        _ bytes: Span<UInt8>, at offset: inout Int, isLast: Bool
    ) throws(WireError) -> Bool {
        pack.clear()
        while offset < bytes.count, !isBroken {
            let found =
                isCBOR
                ? try nextItem(bytes, &offset, isLast) : try nextObject(bytes, &offset, isLast)
            guard let record = found else { return false }
            if record.isEmpty { continue }
            let slice = bytes.extracting(record)
            if isCBOR {
                var scanner = CBORScanner()
                try pack.decodeRecord(&scanner, slice)
            } else {
                var scanner = JSONScanner()
                try pack.decodeRecord(&scanner, slice)
            }
            // A record of base fields alone says nothing itself.
            if !pack.records.isEmpty { return true }
        }
        if isLast, isInPack { try breakOff(.truncated(at: offset)) }
        return false
    }

    private mutating func breakOff(_ error: WireError) throws(WireError) -> Never {
        isBroken = true
        throw error
    }

    private mutating func begin() {
        isInPack = true
        pack.base.reset()
    }

    // MARK: JSON

    /// Steps over one bracket, comma or blank, or finds a whole object: its place, or nothing where
    /// it was another byte. Nil where the object does not end here.
    private mutating func nextObject(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ isLast: Bool
    ) throws(WireError) -> Range<Int>? {
        let start = offset
        switch (bytes[start], isInPack) {
        case (0x20, _), (0x0a, _), (0x0d, _), (0x09, _), (UInt8(ascii: ","), true): break
        case (UInt8(ascii: "["), false): begin()
        case (UInt8(ascii: "]"), true): isInPack = false
        case (UInt8(ascii: "{"), true):
            guard let end = objectEnd(bytes, from: start) else {
                if isLast { try breakOff(.truncated(at: bytes.count)) }
                return nil
            }
            offset = end
            return start..<end
        default: try breakOff(.unexpected(at: start))
        }
        offset += 1
        return start..<start
    }

    /// Behind the brace that closes the one at `start`.
    private func objectEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var depth = 0
        var isText = false
        var offset = start
        while offset < bytes.count {
            switch (bytes[offset], isText) {
            case (UInt8(ascii: "\\"), true): offset += 1
            case (UInt8(ascii: "\""), _): isText.toggle()
            case (UInt8(ascii: "{"), false): depth += 1
            case (UInt8(ascii: "}"), false):
                depth -= 1
                if depth == 0 { return offset + 1 }
            default: break
            }
            offset += 1
        }
        return nil
    }

    // MARK: CBOR

    /// Steps over the head or the break of a pack, or finds a whole item: as in JSON.
    private mutating func nextItem(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ isLast: Bool
    ) throws(WireError) -> Range<Int>? {
        let start = offset
        var scanner = CBORScanner(at: start)
        do throws(WireError) {
            if !isInPack {
                let head = try scanner.untagged(bytes)
                guard head.major == .array else { throw .wrongType(at: start) }
                begin()
                left = head.isIndefinite ? nil : Int(clamping: head.argument)
                isInPack = left != 0
            } else if left == nil, bytes[start] == 0xff {
                scanner.offset += 1
                isInPack = false
            } else {
                try scanner.skip(try scanner.head(bytes), bytes)
                left = left.map { $0 - 1 }
                isInPack = left != 0
                offset = scanner.offset
                return start..<offset
            }
        } catch {
            if case .truncated = error, !isLast { return nil }
            try breakOff(error)
        }
        offset = scanner.offset
        return start..<start
    }
}
