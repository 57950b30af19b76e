import Glibc

/// Bytes that the calling thread has written to files, from the kernel. (The kernel also counts
/// bytes made dirty, but in units of its page cache: several times too many.)
struct WriteMeter: ~Copyable {
    private let descriptor: Int32
    private var last: UInt64 = 0

    /// Belongs to the calling thread.
    init() {
        // Safe: the path is a literal.
        descriptor = unsafe open("/proc/thread-self/io", O_RDONLY | O_CLOEXEC)
        last = total() ?? 0
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The bytes since the last call; nil where the kernel does not tell.
    mutating func advance() -> Int? {
        guard let now = total(), now >= last else { return nil }
        defer { last = now }
        return Int(now - last)
    }

    private func total() -> UInt64? {
        guard descriptor >= 0 else { return nil }
        var text = [UInt8](repeating: 0, count: 512)
        // Safe: the array is valid during the call.
        let count = unsafe text.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
        }
        guard count > 0 else { return nil }
        let name = "wchar: "
        for line in String(decoding: text.prefix(count), as: UTF8.self).split(separator: "\n")
        where line.hasPrefix(name) {
            return UInt64(line.dropFirst(name.count))
        }
        return nil
    }
}
