import Glibc

/// A file that only grows, by whole lines, each append safe on the disk before it returns.
final class AppendFile {
    let path: String
    /// Bytes of whole lines; nothing is ever left behind them.
    private(set) var size: Int
    private let descriptor: Int32

    /// Opens or creates the file and cuts off a last line that has no end.
    init(path: String) throws(UplinkError) {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw fileError(path, errno) }
        self.path = path
        self.descriptor = descriptor
        size = 0
        size = try AppendFile.endOfLastLine(descriptor, path: path)
        guard ftruncate(descriptor, size) == 0, fsync(descriptor) == 0 else {
            throw fileError(path, errno)
        }
        try syncDirectory(of: path)
    }

    deinit { Glibc.close(descriptor) }

    /// Writes `lines` at the end and waits for the disk. Where that fails the file is cut back to
    /// what it was, as far as the disk allows; opening anew repairs the rest.
    func append(_ lines: [UInt8]) throws(UplinkError) {
        var written = 0
        while written < lines.count {
            // Safe: the pointer stays inside the closure and the array is not changed meanwhile.
            let count = unsafe lines.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written, size + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = fileError(path, errno)
                ftruncate(descriptor, size)
                throw error
            }
            written += count
        }
        guard fdatasync(descriptor) == 0 else {
            let error = fileError(path, errno)
            ftruncate(descriptor, size)
            throw error
        }
        size += lines.count
    }

    /// The offset behind the last line break, found from the end.
    private static func endOfLastLine(
        _ descriptor: Int32, path: String
    ) throws(UplinkError) -> Int {
        var end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw fileError(path, errno) }
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while end > 0 {
            let start = max(0, end - block.count)
            let length = end - start
            // Safe: at most `block.count` bytes are asked for.
            let count = unsafe block.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor, buffer.baseAddress, length, start)
            }
            if count < 0, errno == EINTR { continue }
            guard count == length else { throw fileError(path, count < 0 ? errno : EIO) }
            if let index = block[..<length].lastIndex(of: UInt8(ascii: "\n")) {
                return start + index + 1
            }
            end = start
        }
        return 0
    }
}

/// `path` becomes `path.1`, `path.1` becomes `path.2`, and so on; what would be number `kept` + 1
/// goes.
func rotateFiles(path: String, kept: Int) throws(UplinkError) {
    func name(_ number: Int) -> String { number == 0 ? path : "\(path).\(number)" }
    if kept == 0 {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw fileError(path, errno) }
    }
    // From the oldest, so that a crash in between leaves a gap in the numbers and no loss.
    for number in (0..<kept).reversed() {
        guard unsafe rename(name(number), name(number + 1)) == 0 || errno == ENOENT else {
            throw fileError(name(number), errno)
        }
    }
    try syncDirectory(of: path)
}

/// Makes a file's creation or renaming durable.
private func syncDirectory(of path: String) throws(UplinkError) {
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileError(parent, errno) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw fileError(parent, errno) }
}

func fileError(_ path: String, _ code: Int32) -> UplinkError {
    switch code {
    case ENOSPC, EDQUOT: .noSpace(path: path)
    default: .file(path: path, reason: errorText(code))
    }
}

/// The system's words for an errno.
func errorText(_ code: Int32) -> String {
    // Safe: glibc answers with a constant or thread-local string, copied at once.
    unsafe String(cString: strerror(code))
}
