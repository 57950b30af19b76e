import Glibc

/// Reads a password: the first line of a file, at most 4 KiB.
func readSecret(path: String) throws(UplinkError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileError(path, errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    // Safe: the length is the array's.
    let count = unsafe read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw fileError(path, errno) }
    let line = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return String(decoding: line, as: UTF8.self)
}
