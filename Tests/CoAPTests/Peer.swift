import CoAP
import Foundation
import Glibc
import Loop

/// A device made of one UDP socket: it sends exactly the bytes it is told and shows those it gets.
final class Peer {
    let descriptor: Int32
    let address: SocketAddress

    /// Bound to a free port of the loopback interface, and connected if `target` is given.
    init(family: SocketAddress.Family = .ipv4) throws {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        let descriptor = socket(
            domain, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        self.descriptor = descriptor
        var port: UInt16 = 0
        switch family {
        case .ipv4:
            var name = sockaddr_in()
            name.sin_family = UInt16(AF_INET)
            name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            // Socket calls on a structure of our own, seen as its general form.
            unsafe withUnsafeMutablePointer(to: &name) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe bind(descriptor, $0, size)
                    _ = unsafe getsockname(descriptor, $0, &size)
                }
            }
            port = UInt16(bigEndian: name.sin_port)
            address = .loopback(port: port)
        case .ipv6:
            var name = sockaddr_in6()
            name.sin6_family = UInt16(AF_INET6)
            name.sin6_addr = in6addr_loopback
            var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            // As above.
            unsafe withUnsafeMutablePointer(to: &name) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe bind(descriptor, $0, size)
                    _ = unsafe getsockname(descriptor, $0, &size)
                }
            }
            port = UInt16(bigEndian: name.sin6_port)
            address = SocketAddress(family: .ipv6, host: 1, port: port)
        }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8], to target: SocketAddress) {
        switch target.family {
        case .ipv4:
            var name = sockaddr_in()
            name.sin_family = UInt16(AF_INET)
            name.sin_addr.s_addr = UInt32(truncatingIfNeeded: target.host).bigEndian
            name.sin_port = target.port.bigEndian
            // The kernel copies bytes and address.
            unsafe withUnsafePointer(to: &name) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe sendto(
                        descriptor, bytes, bytes.count, 0, $0,
                        socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .ipv6:
            var name = sockaddr_in6()
            name.sin6_family = UInt16(AF_INET6)
            name.sin6_addr = in6addr_loopback
            name.sin6_port = target.port.bigEndian
            // As above.
            unsafe withUnsafePointer(to: &name) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe sendto(
                        descriptor, bytes, bytes.count, 0, $0,
                        socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// The next datagram, nil if none waits.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        // The kernel writes at most the buffer.
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }
}

extension Peer {
    /// The next datagram as a message.
    func receiveMessage() -> Message? { receive().flatMap(Message.init) }
}

/// An endpoint on a free loopback port, driven by the test that owns it.
final class Host {
    let endpoint: CoAPEndpoint
    let address: SocketAddress
    private let loop: EventLoop

    init(
        _ configuration: CoAPEndpoint.Configuration = CoAPEndpoint.Configuration(),
        on address: SocketAddress = .loopback(port: 0)
    ) throws {
        endpoint = try CoAPEndpoint(configuration)
        self.address = try endpoint.listen(on: address)
        loop = try EventLoop()
        try loop.watch(fd: endpoint.fd)
    }

    /// Works until `done` or until `seconds` have passed; true if `done`.
    @discardableResult
    func work(seconds: UInt64 = 5, until done: () -> Bool) throws -> Bool {
        let end = Clock.monotonic + seconds * 1_000
        while !done() {
            if Clock.monotonic > end { return false }
            _ = try loop.wait(until: Clock.monotonic + 10)
            endpoint.drain(budget: 512, now: Clock.monotonic)
            endpoint.tick(now: Clock.monotonic)
        }
        return true
    }

    /// Sends and works until an answer is there.
    func ask(_ peer: Peer, _ bytes: [UInt8], seconds: UInt64 = 5) throws -> [UInt8]? {
        peer.send(bytes, to: address)
        var answer: [UInt8]?
        try work(seconds: seconds) {
            answer = peer.receive()
            return answer != nil
        }
        return answer
    }

    /// The same in terms of messages.
    func ask(_ peer: Peer, _ message: Message, seconds: UInt64 = 5) throws -> Message? {
        try ask(peer, message.bytes, seconds: seconds).flatMap(Message.init)
    }

    /// Works until everything sent so far has been taken: loopback delivers before `sendto`
    /// returns.
    func settle() {
        for _ in 0..<64 { endpoint.drain(budget: 512, now: Clock.monotonic) }
    }

    /// Runs Debian's coap-client against this endpoint and answers what it printed.
    func coapClient(_ arguments: [String], path: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/coap-client-notls")
        process.arguments = ["-B", "5"] + arguments + ["coap://\(address)\(path)"]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try work(seconds: 10) { !process.isRunning }
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}

/// A CoAP message as bytes, written by hand so that libcoap is not its own witness.
struct Message {
    enum Kind: UInt8 { case con, non, ack, rst }

    var kind = Kind.con
    var code: UInt8 = 3
    var id: UInt16 = 1
    var token: [UInt8] = [0xaa, 0xbb]
    /// Number and value; sorted before encoding.
    var options: [(UInt16, [UInt8])] = []
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        var bytes: [UInt8] = [
            0x40 | kind.rawValue << 4 | UInt8(token.count), code, UInt8(id >> 8), UInt8(id & 0xff),
        ]
        bytes += token
        var last: UInt16 = 0
        for (number, value) in options.sorted(by: { $0.0 < $1.0 }) {
            let (delta, deltaBytes) = Message.extended(Int(number - last))
            let (length, lengthBytes) = Message.extended(value.count)
            bytes.append(delta << 4 | length)
            bytes += deltaBytes + lengthBytes + value
            last = number
        }
        if !payload.isEmpty { bytes += [0xff] + payload }
        return bytes
    }

    private static func extended(_ value: Int) -> (UInt8, [UInt8]) {
        if value < 13 { return (UInt8(value), []) }
        if value < 269 { return (13, [UInt8(value - 13)]) }
        return (14, [UInt8((value - 269) >> 8), UInt8((value - 269) & 0xff)])
    }

    init(
        _ kind: Kind = .con, code: UInt8 = 3, id: UInt16, token: [UInt8] = [0xaa, 0xbb],
        path: [String] = [], options: [(UInt16, [UInt8])] = [], payload: [UInt8] = []
    ) {
        self.kind = kind
        self.code = code
        self.id = id
        self.token = token
        self.options = path.map { (11, Array($0.utf8)) } + options
        self.payload = payload
    }

    /// Nil for anything malformed.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4, bytes[0] >> 6 == 1, let kind = Kind(rawValue: bytes[0] >> 4 & 3)
        else { return nil }
        self.kind = kind
        code = bytes[1]
        id = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let tokenEnd = 4 + Int(bytes[0] & 15)
        guard bytes.count >= tokenEnd else { return nil }
        token = Array(bytes[4..<tokenEnd])
        var rest = bytes[tokenEnd...]
        var number = 0
        func extend(_ nibble: UInt8) -> Int {
            switch nibble {
            case 13: return 13 + Int(rest.popFirst() ?? 0)
            case 14:
                let high = Int(rest.popFirst() ?? 0)
                return 269 + high << 8 + Int(rest.popFirst() ?? 0)
            default: return Int(nibble)
            }
        }
        while let first = rest.popFirst() {
            if first == 0xff {
                payload = Array(rest)
                return
            }
            number += extend(first >> 4)
            let length = extend(first & 15)
            guard rest.count >= length else { return nil }
            options.append((UInt16(number), Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
    }

    func option(_ number: UInt16) -> [UInt8]? { options.first { $0.0 == number }?.1 }

    /// `2.04` and the like.
    var codeText: String { Code(rawValue: code).description }
}
