import Crypto
import Glibc

/// The key that audit checkpoints are signed with: a file of 32 random bytes beside the database,
/// made at the first start, for its owner's eyes only.
enum AuditKey {
    static let file = "audit.key"

    /// Reads the key, or makes one where there is none.
    static func load(in directory: String) throws(StoreError) -> SigningKey {
        let path = directory + "/" + file
        if let key = try read(path) { return key }
        let key = SigningKey()
        // A new file that becomes the key at once or never: a start that is cut short leaves none.
        let new = path + ".new"
        try write(key.secret, to: new)
        // Safe: both paths are lent for the call.
        guard unsafe rename(new, path) == 0 else { throw StoreError("make \(path)", errno) }
        return key
    }

    private static func read(_ path: String) throws(StoreError) -> SigningKey? {
        // Safe: the path is lent for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw StoreError("open \(path)", errno) }
        defer { close(descriptor) }
        var secret = [UInt8](repeating: 0, count: SigningKey.secretSize + 1)
        // Safe: the buffer holds as many bytes as are asked for.
        let count = unsafe secret.withUnsafeMutableBytes {
            unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
        }
        guard count >= 0 else { throw StoreError("read \(path)", errno) }
        guard let key = SigningKey(secret: Array(secret.prefix(count))) else {
            throw .damaged(table: file)
        }
        return key
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        // Safe: the path is lent for the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError("make \(path)", errno) }
        defer { close(descriptor) }
        // Safe: the array is valid during the call.
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        guard count == bytes.count, fsync(descriptor) == 0 else {
            throw StoreError("write \(path)", errno)
        }
    }
}
