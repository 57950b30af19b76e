import Glibc
import Model

/// Who a store is: written once, when it is created.
struct Identity: Sendable {
    /// Eight random hexadecimal digits.
    var gateway: String
    /// Creation time in seconds: a store that replaces a lost one has a greater epoch, so the
    /// record ids of both never meet.
    var epoch: UInt64

    static let schemaVersion: UInt64 = 1
    private static let magic = Array("iotflow store".utf8)
    private static let key = Array("identity".utf8)

    /// Reads the identity; throws where the store is not ours, or newer than this program.
    static func load(
        _ transaction: borrowing Transaction, path: String
    ) throws(StoreError) -> Identity {
        guard let row = try transaction.get(.meta, key), row.starts(with: magic) else {
            throw .foreignDatabase(path: path)
        }
        var reader = ByteReader(row, at: magic.count)
        do {
            // The version comes first and stays first: later versions must be able to say so.
            let version = try reader.unsigned()
            guard version <= schemaVersion else {
                throw StoreError.newerSchema(path: path, found: version, known: schemaVersion)
            }
            return Identity(gateway: try reader.string(), epoch: try reader.unsigned())
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged(table: Table.meta.name)
        }
    }

    /// A new identity, stored.
    static func create(_ transaction: borrowing Transaction) throws(StoreError) -> Identity {
        // A leading one, cut off again, keeps leading zeros.
        let random = UInt64.random(in: 0..<1 << 32) | 1 << 32
        let gateway = String(String(random, radix: 16).dropFirst())
        let identity = Identity(gateway: gateway, epoch: UInt64(max(time(nil), 0)))
        try identity.store(transaction, version: schemaVersion)
        return identity
    }

    /// Writes the row; another version than ours only in tests.
    func store(
        _ transaction: borrowing Transaction, version: UInt64
    ) throws(StoreError) {
        var row = ByteWriter()
        row.bytes = Identity.magic
        row.unsigned(version)
        row.string(gateway)
        row.unsigned(epoch)
        try transaction.put(.meta, Identity.key, row.bytes)
    }
}
