import Foundation
import Glibc
import Testing
import Wire

/// A device, or whoever else speaks CoAP: a UDP socket that sends what it is told, message by
/// message. It answers pings and acknowledges what is confirmable.
final class Device {
    private let descriptor: Int32
    private var lastID: UInt16 = 100
    private var inbox: [Answer] = []
    /// Whether pings and confirmable messages are answered.
    var isThere = true
    /// Whether notifications are answered with a reset.
    var resets = false
    /// Seconds that a message is waited for.
    private var patience = 20.0 { didSet { limitReads() } }

    /// A message as it came.
    struct Answer {
        var kind: UInt8
        var code: UInt8
        var id: UInt16
        var token: [UInt8]
        var options: [(number: Int, value: [UInt8])] = []
        var payload: [UInt8] = []

        /// `2.05` and the like.
        var codeText: String {
            "\(code >> 5).\(code & 31 < 10 ? "0" : "")\(code & 31)"
        }
        var text: String { String(decoding: payload, as: UTF8.self) }
        var json: Document? { try? Document(json: payload.span) }
        func option(_ number: Int) -> [UInt8]? { options.first { $0.number == number }?.value }
        var etag: [UInt8]? { option(4) }
        var sequence: Int? { option(6).map { $0.reduce(0) { $0 << 8 | Int($1) } } }

        init?(_ bytes: [UInt8]) {
            guard bytes.count >= 4, bytes.count >= 4 + Int(bytes[0] & 15) else { return nil }
            (kind, code) = (bytes[0] >> 4 & 3, bytes[1])
            id = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            let end = 4 + Int(bytes[0] & 15)
            token = Array(bytes[4..<end])
            var rest = bytes[end...]
            var number = 0
            func extended(_ nibble: UInt8) -> Int {
                switch nibble {
                case 13: 13 + Int(rest.popFirst() ?? 0)
                case 14: 269 + Int(rest.popFirst() ?? 0) << 8 + Int(rest.popFirst() ?? 0)
                default: Int(nibble)
                }
            }
            while let first = rest.popFirst(), first != 0xff {
                number += extended(first >> 4)
                let count = extended(first & 15)
                options.append((number, Array(rest.prefix(count))))
                rest = rest.dropFirst(count)
            }
            payload = Array(rest)
        }
    }

    init(of daemon: Daemon) {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = UInt16(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        name.sin_port = daemon.port.bigEndian
        // Socket calls on structures of our own.
        _ = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        limitReads()
    }

    private func limitReads() {
        let micros = Int(patience * 1e6)
        var limit = timeval(tv_sec: micros / 1_000_000, tv_usec: micros % 1_000_000)
        // The option is one structure of ours.
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends a confirmable request and gives its answer.
    func ask(
        _ code: UInt8, _ path: String, _ options: [(number: Int, value: [UInt8])] = [],
        token: UInt8 = 1, payload: String = ""
    ) throws -> Answer {
        lastID += 1
        let (id, parts) = (lastID, path.split(separator: "?"))
        var all = options
        for segment in parts[0].split(separator: "/") { all.append((11, Array(segment.utf8))) }
        for query in parts.dropFirst() { all.append((15, Array(query.utf8))) }
        var bytes: [UInt8] = [0x41, code, UInt8(id >> 8), UInt8(id & 0xff), token]
        var last = 0
        for option in all.enumerated().sorted(by: {
            ($0.element.number, $0.offset) < ($1.element.number, $1.offset)
        }).map(\.element) {
            let (delta, count) = (option.number - last, option.value.count)
            // No option here is numbered so far from the next, nor so long, as to need two bytes.
            bytes.append(UInt8(min(delta, 13) << 4 | min(count, 13)))
            if delta >= 13 { bytes.append(UInt8(delta - 13)) }
            if count >= 13 { bytes.append(UInt8(count - 13)) }
            bytes += option.value
            last = option.number
        }
        if !payload.isEmpty { bytes += [0xff] + Array(payload.utf8) }
        send(bytes)
        return try #require(next(keeping: true) { $0.kind == 2 && $0.id == id && $0.code != 0 })
    }

    /// The next notification; nil when none comes in time.
    func notification(within seconds: Double = 20) -> Answer? {
        patience = seconds
        defer { patience = 20 }
        return next(keeping: false) { $0.kind != 2 && $0.code != 0 }
    }

    /// The next request that comes for the device; it has been taken up.
    func command() -> Answer? {
        next(keeping: true) { $0.kind == 0 && (1...31).contains($0.code) }
    }

    func reset(_ answer: Answer) {
        send([0x70, 0, UInt8(answer.id >> 8), UInt8(answer.id & 0xff)])
    }

    private func next(keeping: Bool, _ isWanted: (Answer) -> Bool) -> Answer? {
        if let found = inbox.firstIndex(where: isWanted) { return inbox.remove(at: found) }
        while let answer = receive() {
            if isWanted(answer) { return answer }
            if keeping, answer.code != 0 { inbox.append(answer) }
        }
        return nil
    }

    private func receive() -> Answer? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        // The kernel writes at most the buffer.
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0, let answer = Answer(Array(buffer.prefix(count))) else { return nil }
        if resets, answer.kind < 2, answer.code == 0x45 {
            reset(answer)
        } else if answer.kind == 0, isThere, (1...31).contains(answer.code) {
            // The device takes a command up: a map in CBOR says so.
            let accepted = [0xa1, 0x65] + Array("state".utf8) + [0x68] + Array("accepted".utf8)
            send(
                [0x60 | UInt8(answer.token.count), 0x44, buffer[2], buffer[3]] + answer.token
                    + [0xc1, 60, 0xff] + accepted)
        } else if answer.kind == 0, isThere {
            // A ping is answered with a reset, anything else with an acknowledgement.
            send([answer.code == 0 ? 0x70 : 0x60, 0, buffer[2], buffer[3]])
        }
        return answer
    }

    private func send(_ bytes: [UInt8]) {
        // The kernel copies the bytes.
        _ = unsafe Glibc.send(descriptor, bytes, bytes.count, 0)
    }
}
