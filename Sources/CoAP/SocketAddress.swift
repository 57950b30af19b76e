import CCoAP
import Glibc

/// An IPv4 or IPv6 address with a port, as a plain value. IPv4-mapped IPv6 counts as IPv4.
package struct SocketAddress: Hashable, Sendable {
    package enum Family: Hashable, Sendable { case ipv4, ipv6 }

    package let family: Family
    /// The address as a number: 32 bits of it for IPv4, all 128 for IPv6.
    package let host: UInt128
    package var port: UInt16
    /// The interface of a link-local IPv6 address, 0 for none.
    package let scope: UInt32

    /// A mapped IPv6 address (`::ffff:a.b.c.d`) becomes the IPv4 address that it stands for.
    package init(family: Family, host: UInt128, port: UInt16, scope: UInt32 = 0) {
        let isMapped = family == .ipv6 && host >> 32 == 0xffff
        self.family = isMapped ? .ipv4 : family
        self.host = isMapped || family == .ipv4 ? host & 0xffff_ffff : host
        self.port = port
        self.scope = isMapped || family == .ipv4 ? 0 : scope
    }

    /// `127.0.0.1:5683`, `[::1]:5683`, `[fe80::1%2]:5683`; without a port, `defaultPort`.
    /// Nil for anything else, names included.
    package init?(_ text: String, defaultPort: UInt16 = 5683) {
        var host = Substring(text)
        var port = defaultPort
        let isBracketed = host.first == "["
        if let colon = text.lastIndex(of: ":"),
            isBracketed
                ? text[..<colon].hasSuffix("]") : !text[..<colon].contains(":")
        {
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            port = number
            host = text[..<colon]
        }
        if isBracketed {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        }
        var scope: UInt32 = 0
        if let percent = host.firstIndex(of: "%") {
            guard let number = UInt32(host[host.index(after: percent)...]) else { return nil }
            scope = number
            host = host[..<percent]
        }
        var four = in_addr()
        var six = in6_addr()
        // inet_pton fills our own structures and reads a terminated string.
        if !isBracketed, unsafe inet_pton(AF_INET, String(host), &four) == 1 {
            self.init(family: .ipv4, host: UInt128(UInt32(bigEndian: four.s_addr)), port: port)
        } else if unsafe inet_pton(AF_INET6, String(host), &six) == 1 {
            self.init(family: .ipv6, host: UInt128(six), port: port, scope: scope)
        } else {
            return nil
        }
    }

    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(family: .ipv4, host: 0x7f00_0001, port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The form that `init(_:)` reads.
    package var description: String {
        var text: [CChar] = Array(repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch family {
        case .ipv4:
            var four = in_addr(s_addr: UInt32(truncatingIfNeeded: host).bigEndian)
            // inet_ntop writes at most the length it is told.
            unsafe inet_ntop(AF_INET, &four, &text, socklen_t(text.count))
            return "\(string(text)):\(port)"
        case .ipv6:
            var six = in6_addr(host)
            // As above.
            unsafe inet_ntop(AF_INET6, &six, &text, socklen_t(text.count))
            return "[\(string(text))\(scope == 0 ? "" : "%\(scope)")]:\(port)"
        }
    }

    private func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension UInt128 {
    /// The address as one big-endian number.
    init(_ address: in6_addr) {
        // The union's words are plain integers in network order.
        let words = unsafe address.__in6_u.__u6_addr32
        self =
            UInt128(UInt32(bigEndian: words.0)) << 96 | UInt128(UInt32(bigEndian: words.1)) << 64
            | UInt128(UInt32(bigEndian: words.2)) << 32 | UInt128(UInt32(bigEndian: words.3))
    }
}

extension in6_addr {
    init(_ number: UInt128) {
        self.init()
        func word(_ shift: Int) -> UInt32 {
            UInt32(truncatingIfNeeded: number >> UInt128(shift)).bigEndian
        }
        // As above.
        unsafe __in6_u.__u6_addr32 = (word(96), word(64), word(32), word(0))
    }
}
