import CoAP
import Loop
import Testing

@Suite("Notifications on the wire", .serialized)
struct NotifyTests {
    private static let token = RequestToken(value: 0xbbaa, count: 2)

    /// A host that has heard from a peer, and notes every sign of it.
    private final class Stage {
        let host: Host
        let peer: Peer
        var signs: [CoAPEndpoint.Sign] = []
        var requests: [(etags: [[UInt8]], ifMatch: [[UInt8]], token: RequestToken)] = []

        init() throws {
            var configuration = CoAPEndpoint.Configuration()
            configuration.ackTimeoutMilliseconds = 1_000
            configuration.retransmitMax = 1
            host = try Host(configuration)
            peer = try Peer()
            host.endpoint.onSign = { [unowned self] _, sign in signs.append(sign) }
            host.endpoint.onRequest = { [unowned self] request in
                requests.append((request.etags, request.ifMatch, request.token))
                return .reply(Response(.content, payload: [1], observe: 5))
            }
        }

        func hear() throws -> Message? {
            var message: Message?
            try host.work {
                message = peer.receiveMessage()
                return message != nil
            }
            return message
        }
    }

    @Test("a request's token, ETags and conditions are read")
    func options() throws {
        let stage = try Stage()
        let answer = try stage.host.ask(
            stage.peer,
            Message(
                code: 1, id: 1, path: ["twin"],
                options: [(1, [7]), (1, []), (4, [1, 2]), (4, [3]), (6, [])]))
        #expect(answer?.option(6) == [5])
        #expect(stage.requests.first?.etags == [[1, 2], [3]])
        #expect(stage.requests.first?.ifMatch == [[7], []])
        #expect(stage.requests.first?.token == Self.token)
        _ = try stage.host.ask(stage.peer, Message(code: 1, id: 2, path: ["twin"]))
        #expect(stage.requests.last?.etags == [])
        #expect(stage.requests.last?.ifMatch == [])
    }

    @Test("a ping asks whether the peer is there; its reset says so")
    func ping() throws {
        let stage = try Stage()
        stage.host.endpoint.ping(stage.peer.address, now: Clock.monotonic)
        stage.host.endpoint.ping(stage.peer.address, now: Clock.monotonic)
        let ping = try #require(try stage.hear())
        #expect(ping.kind == .con && ping.code == 0)
        stage.peer.send(
            Message(.rst, code: 0, id: ping.id, token: []).bytes, to: stage.host.address)
        try stage.host.work { !stage.signs.isEmpty }
        #expect(stage.signs == [.alive])
    }

    @Test("a notification carries token, sequence and ETag, and a reset of it is told")
    func notification() throws {
        let stage = try Stage()
        for isConfirmable in [false, true] {
            stage.signs = []
            let response = Response(
                .content, format: .json, payload: [0x31], etag: [9], observe: 258)
            let id = stage.host.endpoint.notify(
                stage.peer.address, Self.token, response, isConfirmable: isConfirmable,
                now: Clock.monotonic)
            let message = try #require(try stage.hear())
            #expect(message.kind == (isConfirmable ? .con : .non))
            #expect(message.id == id)
            #expect(message.codeText == "2.05")
            #expect(message.token == [0xaa, 0xbb])
            #expect(message.option(6) == [1, 2])
            #expect(message.option(4) == [9])
            #expect(message.payload == [0x31])
            stage.peer.send(
                Message(.rst, code: 0, id: message.id, token: []).bytes, to: stage.host.address)
            // libcoap tells nobody of the reset of a message that was not confirmable.
            guard isConfirmable else { continue }
            try stage.host.work { !stage.signs.isEmpty }
            #expect(stage.signs == [.reset(messageID: message.id)])
        }
    }

    @Test("a confirmable notification that nobody acknowledges is told of")
    func silence() throws {
        let stage = try Stage()
        _ = stage.host.endpoint.notify(
            stage.peer.address, Self.token, Response(.content), isConfirmable: true,
            now: Clock.monotonic)
        try stage.host.work(seconds: 10) { !stage.signs.isEmpty }
        #expect(stage.signs == [.silent])
    }
}
