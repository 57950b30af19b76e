import Glibc

/// A stream socket, in the file system or over TCP, either end. Reads and writes give up after a
/// while, so that a peer that stands still holds nobody for ever.
package final class StreamSocket: Sendable {
    private let descriptor: Int32

    /// Seconds that one read or write may take.
    private static let patience = 5

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Listens at `path`, in place of whatever socket is there.
    package static func listen(at path: String) throws(LoopError) -> StreamSocket {
        let socket = try open()
        var address = try unixAddress(path)
        // The path is lent to the kernel for each call.
        unsafe unlink(path)
        guard unsafe address.lend({ unsafe bind(socket.descriptor, $0, $1) }) == 0 else {
            throw LoopError("bind")
        }
        guard Glibc.listen(socket.descriptor, 8) == 0, unsafe chmod(path, 0o660) == 0 else {
            throw LoopError("listen")
        }
        return socket
    }

    /// Listens on a TCP port of a numeric address; `port` 0 takes a free one.
    package static func listen(host: String, port: UInt16) throws(LoopError) -> StreamSocket {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        // inet_pton fills our own structures and reads a terminated string.
        if unsafe inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = UInt16(AF_INET)
            four.sin_port = port.bigEndian
            return try unsafe listen(AF_INET, &four, MemoryLayout<sockaddr_in>.size)
        }
        guard unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else {
            throw LoopError("address \(host)", errno: EINVAL)
        }
        six.sin6_family = UInt16(AF_INET6)
        six.sin6_port = port.bigEndian
        return try unsafe listen(AF_INET6, &six, MemoryLayout<sockaddr_in6>.size)
    }

    private static func listen(
        _ family: Int32, _ address: UnsafeRawPointer, _ size: Int
    ) throws(LoopError) -> StreamSocket {
        let socket = try open(family)
        var on: Int32 = 1
        // The option is one integer of ours.
        unsafe setsockopt(
            socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        // sockaddr is the common head of all socket addresses; the caller says how long this is.
        let head = unsafe address.assumingMemoryBound(to: sockaddr.self)
        guard unsafe bind(socket.descriptor, head, socklen_t(size)) == 0,
            Glibc.listen(socket.descriptor, 8) == 0
        else { throw LoopError("bind") }
        return socket
    }

    /// Connects to whoever listens at `path`.
    package static func connect(to path: String) throws(LoopError) -> StreamSocket {
        let socket = try open()
        var address = try unixAddress(path)
        guard unsafe address.lend({ unsafe Glibc.connect(socket.descriptor, $0, $1) }) == 0 else {
            throw LoopError("connect")
        }
        return socket
    }

    /// The next client; nil once `shutdown` was called.
    package func accept() -> StreamSocket? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        var limit = timeval(tv_sec: StreamSocket.patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            // The option is one structure of ours.
            unsafe setsockopt(
                client, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        return StreamSocket(client)
    }

    /// Ends `accept`, now and later.
    package func shutdown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Up to `countMax` bytes; empty at the end or when it took too long.
    package func read(_ countMax: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: countMax)
        // The buffer is ours and as long as said.
        let count = unsafe Glibc.read(descriptor, &buffer, countMax)
        return Array(buffer.prefix(max(0, count)))
    }

    /// Writes everything; false where the peer is gone or stands still.
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            // The slice lives for the call.
            let count = unsafe rest.withUnsafeBytes { buffer in
                unsafe send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func open(_ family: Int32 = AF_UNIX) throws(LoopError) -> StreamSocket {
        let descriptor = socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LoopError("socket") }
        return StreamSocket(descriptor)
    }
}

/// Sends one datagram to the socket at `path`, `@` standing for the abstract namespace. Fails
/// silently: whoever does not listen does not want to know.
package func sendDatagram(_ text: String, to path: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0, var address = try? unixAddress(path) else { return }
    defer { close(descriptor) }
    let message = Array(text.utf8)
    // Both buffers outlive the call.
    _ = unsafe address.lend { unsafe sendto(descriptor, message, message.count, 0, $0, $1) }
}

/// An address with its length.
private struct UnixAddress {
    var address: sockaddr_un
    var length: socklen_t

    mutating func lend<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        let length = length
        // sockaddr is the common head of all socket addresses; the family says which this is.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, length)
            }
        }
    }
}

private func unixAddress(_ path: String) throws(LoopError) -> UnixAddress {
    var address = sockaddr_un()
    address.sun_family = UInt16(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < 108 else { throw LoopError("socket path", errno: ENAMETOOLONG) }
    // sun_path is 108 zeroed bytes and the path is shorter.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
        for (index, byte) in bytes.enumerated() {
            unsafe field[index] = index == 0 && byte == 0x40 ? 0 : byte
        }
    }
    // An abstract name is as long as said; a path ends with its zero.
    return UnixAddress(
        address: address,
        length: socklen_t(2 + bytes.count + (bytes.first == 0x40 ? 0 : 1)))
}
