import Glibc

/// The directory a store lives in: whether it is ours, and whose it is at the moment.
///
/// Nothing is created or changed before the directory is known to be ours or empty.
enum StoreDirectory {
    static let databaseFile = "data.mdb"
    static let databaseLockFile = "lock.mdb"
    static let lockFile = "lock"

    enum Content { case nothing, store }

    /// What is there. Throws where it is not for us.
    static func inspect(_ path: String) throws(StoreError) -> Content {
        guard let names = try list(path) else { return .nothing }
        guard names.contains(databaseFile), try size(path + "/" + databaseFile) > 0 else {
            // `lost+found` is the root of a file system of our own; the others are left by a first
            // start that was cut short.
            let ours = [
                "lost+found", databaseFile, databaseLockFile, lockFile, AuditKey.file,
                AuditKey.file + ".new",
            ]
            if let foreign = names.filter({ !ours.contains($0) }).min() {
                throw .foreignFile(path: path, file: foreign)
            }
            return .nothing
        }
        let environment: Environment
        do throws(StoreError) {
            environment = try Environment(directory: path, mode: .inspect)
        } catch .database {
            // Not a file of LMDB's, or of another version of it.
            throw .foreignDatabase(path: path)
        }
        // An interrupted first start leaves an empty database, which nobody misses.
        if try environment.isEmpty() { return .nothing }
        guard try environment.openTables([.meta]) else {
            throw .foreignDatabase(path: path)
        }
        _ = try environment.read { transaction throws(StoreError) in
            try Identity.load(transaction, path: path)
        }
        return .store
    }

    /// The names in the directory, or nil when it does not exist.
    private static func list(_ path: String) throws(StoreError) -> [String]? {
        // Safe: the stream is checked, read entry by entry and closed.
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT { return nil }
            if errno == ENOTDIR { throw .notADirectory(path: path) }
            throw .system(operation: "open \(path)", code: errno)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // Safe: d_name is NUL-terminated inside the entry.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    private static func size(_ file: String) throws(StoreError) -> Int {
        var status = stat()
        // Safe: `status` outlives the call.
        guard unsafe stat(file, &status) == 0 else {
            throw .system(operation: "stat \(file)", code: errno)
        }
        return status.st_size
    }
}

/// Holds the directory for this process: an flock on its `lock` file, which also names the process.
/// The lock goes when the object does, or the process.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock where the file exists, so that a foreign directory stays as it was; nil where
    /// it does not.
    static func take(existingIn path: String) throws(StoreError) -> DirectoryLock? {
        // Safe: the path is lent for the call.
        let descriptor = unsafe open(path + "/" + StoreDirectory.lockFile, O_RDWR | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        return try DirectoryLock(descriptor, path)
    }

    /// Creates the file where needed.
    static func take(in path: String) throws(StoreError) -> DirectoryLock {
        let file = path + "/" + StoreDirectory.lockFile
        // Safe: the path is lent for the call.
        return try DirectoryLock(unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640), path)
    }

    private init(_ descriptor: Int32, _ path: String) throws(StoreError) {
        guard descriptor >= 0 else { throw .system(operation: "open lock in \(path)", code: errno) }
        self.descriptor = descriptor
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            let owner = DirectoryLock.owner(descriptor)
            guard code == EWOULDBLOCK else { throw .system(operation: "lock \(path)", code: code) }
            throw .inUse(path: path, process: owner)
        }
    }

    deinit {
        // A child that is between fork and exec holds the file too; closing ours alone would leave
        // the lock to it.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Writes this process's number into the file, for whoever finds it locked.
    func sign() throws(StoreError) {
        let text = Array("\(getpid())\n".utf8)
        // Safe: the array is valid during the call.
        let written = unsafe text.withUnsafeBytes {
            unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
        }
        guard written == text.count, ftruncate(descriptor, text.count) == 0 else {
            throw StoreError("sign lock", errno)
        }
    }

    private static func owner(_ descriptor: Int32) -> Int32 {
        var text = [UInt8](repeating: 0, count: 16)
        // Safe: the array is valid during the call.
        let count = unsafe text.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
        }
        let digits = text.prefix(max(count, 0)).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int32(String(decoding: digits, as: UTF8.self)) ?? 0
    }
}
