import Glibc

/// Why events could not be read, or results not be written.
struct EventError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }

    /// What the system said of a file.
    init(file path: String) {
        // `strerror`'s text is copied at once.
        let reason = unsafe String(cString: strerror(errno))
        description = "\(path): \(reason)"
    }
}

/// A file, or standard input for `-`, read in blocks: what of a block is not used yet stays in
/// front of the next.
struct EventInput: ~Copyable {
    let path: String
    private(set) var bytes: [UInt8] = []
    /// Nothing comes behind `bytes`.
    private(set) var isAtEnd = false
    private let descriptor: Int32
    private var block = [UInt8](repeating: 0, count: 256 << 10)

    /// The longest record there may be.
    private static let recordLimit = 16 << 20

    init(_ path: String) throws(EventError) {
        self.path = path
        // The path is copied into a C string for the call.
        descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw EventError(file: path) }
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    /// All bytes of a file.
    static func whole(_ path: String) throws(EventError) -> [UInt8] {
        var input = try EventInput(path)
        var bytes: [UInt8] = []
        while !input.isAtEnd {
            try input.advance(by: input.bytes.count)
            bytes += input.bytes
        }
        return bytes
    }

    /// Drops the first `used` bytes and reads on.
    mutating func advance(by used: Int) throws(EventError) {
        bytes.removeFirst(used)
        if bytes.count > EventInput.recordLimit {
            throw EventError("\(path): a record is longer than 16 MiB")
        }
        while true {
            // `read` writes at most the array's own length.
            let count = unsafe block.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw EventError(file: path)
            }
            if count == 0 { isAtEnd = true } else { bytes += block[..<count] }
            return
        }
    }
}

/// A file, or standard output for `-`, written in blocks.
struct EventOutput: ~Copyable {
    var bytes: [UInt8] = []
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(EventError) {
        self.path = path
        // The path is copied into a C string for the call.
        descriptor =
            path == "-" ? 1 : unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw EventError(file: path) }
        bytes.reserveCapacity(128 << 10)
    }

    deinit { if descriptor > 2 { close(descriptor) } }

    /// Writes what has come together, if it is much.
    mutating func flushIfLarge() throws(EventError) { if bytes.count >= 64 << 10 { try flush() } }

    mutating func flush() throws(EventError) {
        var written = 0
        while written < bytes.count {
            // The slice lives for the call.
            let count = unsafe bytes[written...].withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw EventError(file: path)
            }
            written += count
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
