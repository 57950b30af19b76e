import Foundation
import Glibc

/// A loopback address for a socket call.
func withLoopback<Result>(
    port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    // Safe: every sockaddr_in is a sockaddr, and the pointer stays inside the closure.
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

func newSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }

/// A port that nobody listened on a moment ago.
func freePort() throws -> Int {
    let descriptor = newSocket()
    defer { close(descriptor) }
    guard unsafe withLoopback(port: 0, { unsafe bind(descriptor, $0, $1) }) == 0 else {
        throw Timeout(description: "no free port")
    }
    return localPort(descriptor)
}

func localPort(_ descriptor: Int32) -> Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Safe: the length is the address's.
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe getsockname(descriptor, $0, &length)
        }
    }
    return Int(in_port_t(bigEndian: address.sin_port))
}

func isListening(on port: Int) -> Bool {
    let descriptor = newSocket()
    defer { close(descriptor) }
    return unsafe withLoopback(port: port) { unsafe connect(descriptor, $0, $1) } == 0
}

/// A broker of a few lines that answers as a script says, for what a real one cannot be made to do.
/// It runs on a thread of its own until the listening socket is closed.
final class ScriptedBroker: Sendable {
    /// Answers one packet: its bytes, with the fixed header, to the bytes to send back; nil hangs
    /// up.
    typealias Script = @Sendable ([UInt8]) -> [UInt8]?

    let port: Int
    private let listener: Int32

    init(_ script: @escaping Script) throws {
        let listener = newSocket()
        guard unsafe withLoopback(port: 0, { unsafe bind(listener, $0, $1) }) == 0,
            listen(listener, 8) == 0
        else { throw Timeout(description: "no listener") }
        self.listener = listener
        port = localPort(listener)
        Thread.detachNewThread {
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { return }
                Self.serve(peer, script)
                close(peer)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ peer: Int32, _ script: Script) {
        var received: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            // Safe: the length is the array's.
            let count = unsafe read(peer, &block, block.count)
            guard count > 0 else { return }
            received += block[..<count]
            while let length = packetLength(received), received.count >= length {
                guard let answer = script(Array(received[..<length])) else { return }
                received.removeFirst(length)
                // Safe: as above.
                _ = unsafe send(peer, answer, answer.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// The first packet's whole length, once its fixed header is there (MQTT 5 section 2.1.4).
    private static func packetLength(_ bytes: [UInt8]) -> Int? {
        var length = 0
        for index in 1..<5 {
            guard index < bytes.count else { return nil }
            length |= Int(bytes[index] & 0x7f) << (7 * (index - 1))
            if bytes[index] < 0x80 { return length + index + 1 }
        }
        return nil
    }
}
