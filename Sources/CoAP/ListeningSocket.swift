import CCoAP
import Glibc

/// The descriptor behind one of libcoap's listeners, which libcoap itself does not tell.
struct ListeningSocket {
    private let descriptor: Int32

    /// Finds it by its address among the descriptors of this process; nil if it is not among the
    /// first few thousand.
    init?(boundTo address: SocketAddress) {
        for candidate in Int32(3)..<4_096 {
            var native = coap_address_t()
            native.size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let result = unsafe native.withSocketAddress { unsafe getsockname(candidate, $0, &$1) }
            guard result == 0 else { continue }
            let family = unsafe Int32(native.addr.sa.sa_family)
            guard family == (address.family == .ipv4 ? AF_INET : AF_INET6) else { continue }
            if unsafe SocketAddress(&native) == address {
                descriptor = candidate
                return
            }
        }
        return nil
    }

    func setReceiveBuffer(_ bytes: Int32) {
        var bytes = bytes
        let size = socklen_t(MemoryLayout<Int32>.size)
        // The option is one integer of our own. Past the limit for everybody needs a capability.
        if unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, size) != 0 {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, size)
        }
    }

    /// Datagrams dropped for want of room so far.
    var drops: UInt64 {
        var values = [UInt32](repeating: 0, count: 16)
        var size = socklen_t(values.count * MemoryLayout<UInt32>.size)
        // The kernel writes at most `size` bytes; the ninth number is SK_MEMINFO_DROPS.
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, &values, &size) == 0,
            size >= 36
        else { return 0 }
        return UInt64(values[8])
    }
}
