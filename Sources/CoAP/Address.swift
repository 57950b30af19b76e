import CCoAP
import Glibc

extension SocketAddress {
    init(_ address: UnsafePointer<coap_address_t>) {
        // The family says which member of the union was written.
        if unsafe address.pointee.addr.sa.sa_family == UInt16(AF_INET) {
            let four = unsafe address.pointee.addr.sin
            self.init(
                family: .ipv4, host: UInt128(UInt32(bigEndian: four.sin_addr.s_addr)),
                port: UInt16(bigEndian: four.sin_port))
        } else {
            let six = unsafe address.pointee.addr.sin6
            self.init(
                family: .ipv6, host: UInt128(six.sin6_addr), port: UInt16(bigEndian: six.sin6_port),
                scope: six.sin6_scope_id)
        }
    }

    /// In libcoap's form.
    var libcoap: coap_address_t {
        var address = coap_address_t()
        unsafe coap_address_init(&address)
        // The family written decides the member that is read.
        switch family {
        case .ipv4:
            address.size = socklen_t(MemoryLayout<sockaddr_in>.size)
            unsafe address.addr.sin.sin_family = UInt16(AF_INET)
            unsafe address.addr.sin.sin_port = port.bigEndian
            unsafe address.addr.sin.sin_addr.s_addr = UInt32(truncatingIfNeeded: host).bigEndian
        case .ipv6:
            address.size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            unsafe address.addr.sin6.sin6_family = UInt16(AF_INET6)
            unsafe address.addr.sin6.sin6_port = port.bigEndian
            unsafe address.addr.sin6.sin6_addr = in6_addr(host)
            unsafe address.addr.sin6.sin6_scope_id = scope
        }
        return address
    }

    /// The address with a port that nobody has: its own, or for 0 one that the kernel chooses. Nil
    /// if it is taken. libcoap binds with SO_REUSEADDR, which for UDP would silently share a port.
    var claimed: SocketAddress? {
        let probe = socket(
            family == .ipv4 ? AF_INET : AF_INET6,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return self }
        defer { close(probe) }
        var on: Int32 = 1
        if family == .ipv6 {
            // The option is one integer of our own.
            unsafe setsockopt(
                probe, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on,
                socklen_t(MemoryLayout<Int32>.size))
        }
        var address = libcoap
        var result = unsafe address.withSocketAddress { unsafe bind(probe, $0, $1) }
        if result < 0 { return errno == EADDRINUSE ? nil : self }
        result = unsafe address.withSocketAddress { unsafe getsockname(probe, $0, &$1) }
        if result < 0 { return self }
        var claimed = self
        claimed.port = unsafe SocketAddress(&address).port
        return claimed
    }
}

extension coap_address_t {
    /// Lends the socket address in place, with its size. Naming a member of the union would lend a
    /// copy as long as that member, which for IPv6 is too short.
    mutating func withSocketAddress<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Result
    ) -> Result {
        var length = size
        defer { size = length }
        return unsafe withUnsafeMutableBytes(of: &addr) { bytes in
            // Every member of the union begins with the family, as a socket address does.
            guard let start = bytes.baseAddress else { preconditionFailure("a union has bytes") }
            return unsafe body(start.assumingMemoryBound(to: sockaddr.self), &length)
        }
    }
}
