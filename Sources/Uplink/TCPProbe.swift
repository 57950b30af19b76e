import Glibc

/// Finds out without waiting whether somebody accepts TCP connections at an address.
///
/// The client library's own connect blocks for as long as the kernel tries, two minutes for a
/// silent address, and its variant that does not block cannot carry CONNECT properties. So it is
/// called only where a connection has just been made and closed again. The name is looked up in
/// place.
final class TCPProbe {
    let descriptor: Int32
    private let host: String
    private let port: Int

    init(host: String, port: Int) throws(UplinkError) {
        self.host = host
        self.port = port
        descriptor = try Self.connect(host, port)
    }

    deinit { Glibc.close(descriptor) }

    /// False while the answer is still out.
    func isConnected() throws(UplinkError) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&request, 1, 0) > 0 else { return false }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else {
            throw .unreachable(host: host, port: port, reason: errorText(code))
        }
        return true
    }

    private static func connect(_ host: String, _ port: Int) throws(UplinkError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, "\(port)", &hints, &list)
        guard result == 0, let first = unsafe list else {
            let reason = unsafe String(cString: gai_strerror(result))
            throw .unreachable(host: host, port: port, reason: reason)
        }
        // Safe: the list is ours until it is freed, which happens once.
        defer { unsafe freeaddrinfo(first) }
        var last: Int32 = 0
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let address = unsafe next {
            defer { unsafe next = address.pointee.ai_next }
            let descriptor = unsafe socket(
                address.pointee.ai_family,
                Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else {
                last = errno
                continue
            }
            let isUnderWay =
                unsafe Glibc.connect(
                    descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
            if isUnderWay || errno == EINPROGRESS { return descriptor }
            last = errno
            Glibc.close(descriptor)
        }
        throw .unreachable(host: host, port: port, reason: errorText(last))
    }
}
