import CoAP
import Loop
import Testing

extension CoAPTests {
    /// Requests of ours, to another endpoint and to devices made of raw sockets.
    @Suite struct ClientTests {
        private var quick: CoAPEndpoint.Configuration {
            var configuration = CoAPEndpoint.Configuration()
            configuration.ackTimeoutMilliseconds = 1_000
            configuration.ackRandomFactorThousandths = 1_000
            configuration.retransmitMax = 1
            return configuration
        }

        /// An endpoint that only asks, and what came of it.
        private final class Client {
            let host: Host
            var completions: [Token: Completion] = [:]
            init(_ configuration: CoAPEndpoint.Configuration) throws {
                host = try Host(configuration)
                host.endpoint.onCompletion = { [unowned self] token, completion in
                    completions[token] = completion
                }
            }
            func send(_ request: ClientRequest, to peer: SocketAddress) throws -> Token {
                try host.endpoint.send(request, to: peer, now: Clock.monotonic)
            }
        }

        @Test func aRequestIsAnsweredByAnotherEndpoint() throws {
            let server = try Host()
            var seen: Request?
            server.endpoint.onRequest = { request in
                seen = request
                return .reply(Response(.changed, format: .cbor, payload: [0xa0]))
            }
            let client = try Client(quick)
            let token = try client.send(
                ClientRequest(
                    .post, path: ["command", "set_mode"], queries: ["a=b", "c"], format: .cbor,
                    accept: .json, payload: [0xa1, 1, 2]), to: server.address)
            try client.host.work {
                server.endpoint.drain(budget: 8, now: Clock.monotonic)
                return !client.completions.isEmpty
            }
            #expect(
                client.completions == [token: .response(.changed, payload: [0xa0], format: .cbor)])
            let request = try #require(seen)
            #expect(request.method == .post)
            #expect(request.path.strings == ["command", "set_mode"])
            #expect(request.queries.strings == ["a=b", "c"])
            #expect(request.contentFormat == .cbor && request.accept == .json)
            #expect(request.payload == [0xa1, 1, 2])
            #expect(client.host.endpoint.counters.clientResponses == 1)
        }

        @Test func aDeviceThatCameToUsIsAskedFromTheSocketItKnows() throws {
            let client = try Client(quick)
            client.host.endpoint.onRequest = { _ in .reply(Response(.created)) }
            let device = try Peer()
            #expect(try client.host.ask(device, Message(code: 2, id: 1, path: ["rd"]).bytes) != nil)
            let token = try client.send(ClientRequest(.get, path: ["3"]), to: device.address)
            let request = try #require(device.receiveMessage())
            #expect(request.kind == .con && request.code == 1 && request.token.count == 8)
            var answer = Message(.ack, code: 0x45, id: request.id, token: request.token)
            answer.payload = [42]
            // Sent to the address that the device registered at: it need not know another.
            device.send(answer.bytes, to: client.host.address)
            try client.host.work { !client.completions.isEmpty }
            #expect(
                client.completions == [token: .response(.content, payload: [42], format: nil)])
        }

        @Test func aDeviceThatNeverCameIsAskedFromOurPortAsWell() throws {
            let client = try Client(quick)
            let device = try Peer()
            let token = try client.send(ClientRequest(.get, path: ["3"]), to: device.address)
            let request = try #require(device.receiveMessage())
            // Its answer, and later its own requests, go to our listener's port.
            device.send(
                Message(.ack, code: 0x45, id: request.id, token: request.token).bytes,
                to: client.host.address)
            try client.host.work { !client.completions.isEmpty }
            #expect(client.completions == [token: .response(.content, payload: [], format: nil)])
            client.host.endpoint.onRequest = { _ in .reply(Response(.changed)) }
            let answer = try client.host.ask(device, Message(id: 0x0909).bytes)
            #expect(answer == [0x62, 0x44, 9, 9, 0xaa, 0xbb])
        }

        @Test func aSeparateResponseIsTakenAndAcknowledged() throws {
            let client = try Client(quick)
            let device = try Peer()
            let token = try client.send(ClientRequest(.post, path: ["slow"]), to: device.address)
            let request = try #require(device.receiveMessage())
            device.send(
                Message(.ack, code: 0, id: request.id, token: []).bytes, to: client.host.address)
            client.host.settle()
            #expect(client.completions.isEmpty)
            let later = Message(.con, code: 0x44, id: 0x7777, token: request.token)
            let answer = try client.host.ask(device, later.bytes)
            #expect(answer == [0x60, 0, 0x77, 0x77])
            #expect(client.completions == [token: .response(.changed, payload: [], format: nil)])
        }

        @Test func silenceIsATimeoutAfterTheRetransmissions() throws {
            let client = try Client(quick)
            let device = try Peer()
            let token = try client.send(ClientRequest(.get, path: ["x"]), to: device.address)
            try client.host.work { !client.completions.isEmpty }
            #expect(client.completions == [token: .timeout])
            var copies: [[UInt8]] = []
            while let bytes = device.receive() { copies.append(bytes) }
            #expect(copies.count == 2)
            #expect(Set(copies).count == 1)
        }

        @Test func anAcknowledgementWithoutAnAnswerTimesOutToo() throws {
            var configuration = quick
            configuration.responseTimeoutMilliseconds = 300
            let client = try Client(configuration)
            let device = try Peer()
            let token = try client.send(ClientRequest(.get, path: ["x"]), to: device.address)
            let request = try #require(device.receiveMessage())
            device.send(
                Message(.ack, code: 0, id: request.id, token: []).bytes, to: client.host.address)
            try client.host.work { !client.completions.isEmpty }
            #expect(client.completions == [token: .timeout])
            #expect(device.receive() == nil)
        }

        @Test func aResetEndsTheRequest() throws {
            let client = try Client(quick)
            let device = try Peer()
            let token = try client.send(ClientRequest(.get, path: ["x"]), to: device.address)
            let request = try #require(device.receiveMessage())
            device.send(
                Message(.rst, code: 0, id: request.id, token: []).bytes, to: client.host.address)
            try client.host.work { !client.completions.isEmpty }
            #expect(client.completions == [token: .reset])
        }

        @Test func aClosedPortIsNoticed() throws {
            let client = try Client(quick)
            let address: SocketAddress
            do { address = try Peer().address }
            let token = try client.send(ClientRequest(.get, path: ["x"]), to: address)
            try client.host.work { !client.completions.isEmpty }
            #expect(client.completions[token] == .unreachable)
            // The session still works once somebody is there.
            #expect(try client.send(ClientRequest(.get, path: ["x"]), to: address) != token)
            try client.host.work { client.completions.count == 2 }
            #expect(client.completions.count == 2)
        }

        @Test func oneRequestAtATimeGoesToOnePeer() throws {
            let client = try Client(quick)
            let device = try Peer()
            let tokens = try (0..<3).map {
                try client.send(ClientRequest(.get, path: ["\($0)"]), to: device.address)
            }
            for _ in 0..<3 {
                let request = try #require(device.receiveMessage())
                #expect(device.receive() == nil)
                device.send(
                    Message(.ack, code: 0x45, id: request.id, token: request.token).bytes,
                    to: client.host.address)
                client.host.settle()
            }
            #expect(Set(client.completions.keys) == Set(tokens))
        }

        @Test func aForeignMessageIDCannotBlockAPeerForEver() throws {
            var configuration = quick
            configuration.responseTimeoutMilliseconds = 300
            let client = try Client(configuration)
            client.host.endpoint.onRequest = { _ in .silent }
            let device = try Peer()
            let first = try client.send(ClientRequest(.get, path: ["a"]), to: device.address)
            let request = try #require(device.receiveMessage())
            // libcoap takes a NON with the message id of our request for its end and forgets it.
            device.send(Message(.non, code: 2, id: request.id).bytes, to: client.host.address)
            try client.host.work { client.completions[first] != nil }
            #expect(client.completions[first] == .timeout)
            let second = try client.send(ClientRequest(.get, path: ["b"]), to: device.address)
            let next = try #require(device.receiveMessage())
            device.send(
                Message(.ack, code: 0x45, id: next.id, token: next.token).bytes,
                to: client.host.address)
            try client.host.work { client.completions[second] != nil }
            #expect(
                client.completions[second] == .response(.content, payload: [], format: nil))
        }

        @Test func nobodyElseMayAnswer() throws {
            let client = try Client(quick)
            let (device, stranger) = (try Peer(), try Peer())
            let token = try client.send(ClientRequest(.get, path: ["x"]), to: device.address)
            let request = try #require(device.receiveMessage())
            let forged = Message(.con, code: 0x45, id: 1, token: request.token)
            #expect(try client.host.ask(stranger, forged.bytes) == [0x70, 0, 0, 1])
            #expect(client.completions.isEmpty)
            device.send(
                Message(.ack, code: 0x45, id: request.id, token: request.token).bytes,
                to: client.host.address)
            try client.host.work { client.completions[token] != nil }
        }

        @Test func aStrayResponseIsReset() throws {
            let client = try Client(quick)
            let device = try Peer()
            let stray = Message(.con, code: 0x45, id: 0x0101, token: [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(try client.host.ask(device, stray.bytes) == [0x70, 0, 1, 1])
            #expect(client.host.endpoint.counters.strayResponses == 1)
        }

        @Test func boundsAreKept() throws {
            var configuration = quick
            configuration.clientRequestsMax = 3
            configuration.clientSessionsMax = 1
            let client = try Client(configuration)
            let devices = try (0..<3).map { _ in try Peer() }
            for device in devices {
                _ = try client.send(ClientRequest(.get, path: ["x"]), to: device.address)
            }
            #expect(throws: CoAPError.tooManyRequests(limit: 3)) {
                try client.send(ClientRequest(.get, path: ["x"]), to: devices[0].address)
            }
            for device in devices {
                let request = try #require(device.receiveMessage())
                device.send(
                    Message(.ack, code: 0x45, id: request.id, token: request.token).bytes,
                    to: client.host.address)
            }
            try client.host.work { client.completions.count == 3 }
            #expect(throws: CoAPError.self) {
                try client.send(
                    ClientRequest(.put, path: [], payload: Array(repeating: 0, count: 2_000)),
                    to: devices[0].address)
            }
            // Sessions over the limit close at the next tick and are made anew when needed.
            client.host.endpoint.tick(now: Clock.monotonic + 1_000)
            _ = try client.send(ClientRequest(.get, path: ["x"]), to: devices[0].address)
            #expect(devices[0].receive() != nil)
        }
    }
}
