import Loop
import Wire

/// Where the CLI asks the running gateway: a Unix socket with a thread of its own, so that a slow
/// reader never keeps the loop.
///
/// A client sends words separated by tabs and a line break, and gets bytes until the end of file.
final class ControlSocket: Sendable {
    private let socket: StreamSocket
    private let inquiry: Inquiry

    private static let questionMax = 4096

    init(path: String, inquiry: Inquiry) throws(LoopError) {
        self.inquiry = inquiry
        // The store's lock says that no other gateway runs here, so an old socket is a leftover.
        socket = try StreamSocket.listen(at: path)
    }

    func start() {
        _ = WorkerThread(name: "control") { [self] in
            while let client = socket.accept() { serve(client) }
        }
    }

    func close() { socket.shutdown() }

    private func serve(_ client: StreamSocket) {
        let line = client.read(until: [0x0a], countMax: ControlSocket.questionMax)
        guard let line else { return }
        let words = ControlSocket.words(line)
        if words.first == "watch" { return watch(words.count > 1 ? words[1] : nil, client) }
        guard let answer = inquiry.ask(words) else { return }
        _ = client.write(answer)
    }

    /// Lines until the client goes: a thread of its own, so that others are heard meanwhile.
    private func watch(_ device: String?, _ client: StreamSocket) {
        let watchers = inquiry.watchers
        guard let watcher = watchers.add(device: device) else {
            _ = client.write(Document.failure("too many watch already").json)
            return
        }
        let thread = WorkerThread(name: "watcher") {
            watcher.serve(client)
            watchers.remove(watcher)
        }
        guard let thread else { return watchers.remove(watcher) }
        thread.detach()
    }

    private static func words(_ line: [UInt8]) -> [String] {
        String(decoding: line, as: UTF8.self).split(separator: "\t").map(String.init)
    }
}

extension StreamSocket {
    /// What comes before the first `end`; nil where it does not come in time, or is too long.
    func read(until end: [UInt8], countMax: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < countMax {
            let part = read(1024)
            guard !part.isEmpty else { return nil }
            bytes += part
            if let range = bytes.firstRange(of: end) { return Array(bytes[..<range.lowerBound]) }
        }
        return nil
    }
}

/// Asks a running gateway for lines without end, and hands each to `body` until it answers false;
/// false where no gateway answers at `path`.
package func follow(_ words: [String], at path: String, _ body: ([UInt8]) -> Bool) -> Bool {
    guard let gateway = try? StreamSocket.connect(to: path),
        gateway.write(Array((words.joined(separator: "\t") + "\n").utf8))
    else { return false }
    var line: [UInt8] = []
    while true {
        let part = gateway.read(65_536)
        if part.isEmpty {
            if !line.isEmpty { _ = body(line) }
            return true
        }
        for byte in part {
            guard byte == 0x0a else {
                line.append(byte)
                continue
            }
            // An empty line only asks whether anybody listens.
            if !line.isEmpty, !body(line) { return true }
            line.removeAll(keepingCapacity: true)
        }
    }
}

/// Asks a running gateway; nil where none answers at `path`.
package func ask(_ words: [String], at path: String) -> [UInt8]? {
    guard let gateway = try? StreamSocket.connect(to: path),
        gateway.write(Array((words.joined(separator: "\t") + "\n").utf8))
    else { return nil }
    var answer: [UInt8] = []
    while true {
        let part = gateway.read(65_536)
        if part.isEmpty { return answer.isEmpty ? nil : answer }
        answer += part
    }
}
