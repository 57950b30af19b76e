import Config
import Loop
import Wire

/// `GET /metrics` over HTTP for Prometheus, on a thread of its own; off unless it is configured.
final class MetricsServer: Sendable {
    private let socket: StreamSocket
    private let inquiry: Inquiry

    private static let requestMax = 8192

    init(_ endpoint: Endpoint, inquiry: Inquiry) throws(LoopError) {
        self.inquiry = inquiry
        socket = try StreamSocket.listen(host: endpoint.host, port: UInt16(clamping: endpoint.port))
    }

    func start() {
        _ = WorkerThread(name: "metrics") { [self] in
            while let client = socket.accept() { serve(client) }
        }
    }

    func close() { socket.shutdown() }

    private func serve(_ client: StreamSocket) {
        let head = client.read(until: Array("\r\n\r\n".utf8), countMax: MetricsServer.requestMax)
        guard let head else { return }
        let target = String(decoding: head, as: UTF8.self).split(separator: " ").prefix(2)
        guard target == ["GET", "/metrics"] else {
            return respond(client, "404 Not Found", Array("only /metrics is here\n".utf8))
        }
        guard let status = inquiry.ask(["status"]), let document = try? Document(json: status.span)
        else { return respond(client, "503 Service Unavailable", []) }
        respond(client, "200 OK", Array(document.prometheus.utf8))
    }

    private func respond(_ client: StreamSocket, _ status: String, _ body: [UInt8]) {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: text/plain; version=0.0.4\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        _ = client.write(Array(head.utf8) + body)
    }
}
