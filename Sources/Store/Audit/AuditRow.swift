/// What stands in one row of the audit, entries and checkpoints in the order they were written.
package enum AuditRow: Hashable, Sendable {
    /// A step with its place in the chain: `cbor` is its number and what happened, `hash` covers
    /// both and the hash before.
    case entry(sequence: UInt64, hash: [UInt8], cbor: [UInt8])
    /// The signed checkpoint behind the entry of this number.
    case checkpoint(sequence: UInt64, signature: [UInt8], cbor: [UInt8])
    /// A step that a version of the program without a chain wrote.
    case plain(sequence: UInt64, bytes: [UInt8])

    /// From the table, where a checkpoint's key is its entry's with one byte more. `start` is the
    /// first entry with a hash; 0 where none has one.
    init(key: [UInt8], value: [UInt8], start: UInt64) {
        let sequence = AuditRow.sequence(ofKey: key)
        if AuditRow.isCheckpoint(key: key) {
            self = .checkpoint(
                sequence: sequence, signature: Array(value.prefix(64)),
                cbor: Array(value.dropFirst(64)))
        } else if start == 0 || sequence < start {
            self = .plain(sequence: sequence, bytes: value)
        } else {
            self = .entry(
                sequence: sequence, hash: Array(value.prefix(32)), cbor: Array(value.dropFirst(32)))
        }
    }

    static func key(ofCheckpoint sequence: UInt64) -> [UInt8] { Key.bytes(sequence) + [1] }
    static func isCheckpoint(key: [UInt8]) -> Bool { key.count > 8 }
    static func sequence(ofKey key: [UInt8]) -> UInt64 { Key.number(key.prefix(8)) }

    /// An entry as it is hashed: the deterministic CBOR of its number and of what happened, which
    /// is given as CBOR.
    package static func numbered(_ sequence: UInt64, _ entry: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x82]
        switch sequence {
        case 0..<24: bytes.append(UInt8(sequence))
        case 24..<0x100: bytes += [0x18, UInt8(sequence)]
        case 0x100..<0x1_0000: bytes += [0x19] + Key.bytes(sequence).suffix(2)
        case 0x1_0000..<0x1_0000_0000: bytes += [0x1a] + Key.bytes(sequence).suffix(4)
        default: bytes += [0x1b] + Key.bytes(sequence)
        }
        return bytes + entry
    }

    /// Takes apart what `numbered` made; nil where it did not.
    package static func parts(
        of cbor: [UInt8]
    ) -> (sequence: UInt64, entry: ArraySlice<UInt8>)? {
        guard cbor.count > 1, cbor[0] == 0x82, cbor[1] < 0x1c else { return nil }
        let width = cbor[1] < 0x18 ? 0 : 1 << Int(cbor[1] - 0x18)
        guard cbor.count > 2 + width else { return nil }
        let sequence = width == 0 ? UInt64(cbor[1]) : Key.number(cbor[2..<2 + width])
        return (sequence, cbor[(2 + width)...])
    }
}
