import CoAP
import Loop
import Testing

/// Debian's coap-client, which nobody here wrote, against the endpoint.
extension CoAPTests {
    @Suite struct RealClientTests {
        @Test(arguments: Method.allCases)
        func everyMethodReachesTheHandlerWithPathQueryAndPayload(method: Method) throws {
            let host = try Host()
            var seen: [Request] = []
            host.endpoint.onRequest = { request in
                seen.append(request)
                return .reply(
                    Response(.content, format: .text, payload: Array("did \(request.method)".utf8)))
            }
            let hasPayload = method != .get && method != .delete
            let output = try host.coapClient(
                ["-m", "\(method)", "-t", "50"] + (hasPayload ? ["-e", "{}"] : []),
                path: "/telemetry/sensor-1?since=4")
            #expect(output.contains("did \(method)"), "\(output)")
            #expect(seen.count == 1)
            let request = try #require(seen.first)
            #expect(request.method == method)
            #expect(request.path.strings == ["telemetry", "sensor-1"])
            #expect(request.path.matches(0, "telemetry"))
            #expect(!request.path.matches(0, "telemetri") && !request.path.matches(2, "x"))
            #expect(request.queries.strings == ["since=4"])
            #expect(request.contentFormat == .json)
            #expect(request.payload == (hasPayload ? Array("{}".utf8) : []))
            #expect(request.isConfirmable)
            #expect(request.peer.host == 0x7f00_0001)
        }

        @Test func wellKnownCoreIsOursAndComesInBlocks() throws {
            let host = try Host()
            let links = (0..<100).map { "</telemetry/sensor-\($0)>;rt=\"reading\"" }
                .joined(separator: ",")
            host.endpoint.onRequest = { request in
                guard request.path.strings == [".well-known", "core"] else {
                    return .reply(Response(.notFound))
                }
                return .reply(Response(.content, format: .link, payload: Array(links.utf8)))
            }
            #expect(links.utf8.count > 3_000)
            let output = try host.coapClient(["-m", "get"], path: "/.well-known/core")
            #expect(output == links + "\n")
        }

        @Test func nonConfirmablesAreAnsweredOnlyIfTheHandlerWants() throws {
            let host = try Host()
            host.endpoint.onRequest = { request in
                request.path.matches(0, "loud") ? .reply(Response(.changed)) : .silent
            }
            let peer = try Peer()
            let bytes = try #require(try host.ask(peer, Message(.non, id: 7, path: ["loud"]).bytes))
            let answer = try #require(Message(bytes))
            #expect(
                answer.kind == .non && answer.codeText == "2.04" && answer.token == [0xaa, 0xbb])
            peer.send(Message(.non, id: 8, path: ["quiet"]).bytes, to: host.address)
            host.settle()
            #expect(peer.receive() == nil)
            #expect(host.endpoint.counters.requests == 2)
        }

        @Test func theSamePortServesBothFamilies() throws {
            let host = try Host(on: #require(SocketAddress("0.0.0.0:0")))
            let six = try #require(SocketAddress("[::]:\(host.address.port)"))
            #expect(try host.endpoint.listen(on: six) == six)
            #expect(host.endpoint.listeners == [host.address, six])
            var peers: [SocketAddress] = []
            host.endpoint.onRequest = { request in
                peers.append(request.peer)
                return .reply(Response(.changed))
            }
            let (four, other) = (try Peer(), try Peer(family: .ipv6))
            four.send(Message(id: 1).bytes, to: .loopback(port: host.address.port))
            other.send(Message(id: 1).bytes, to: six)
            try host.work { peers.count == 2 }
            #expect(Set(peers) == [four.address, other.address])
            #expect(four.receive() != nil && other.receive() != nil)
        }

        @Test func aPortInUseIsRefused() throws {
            let host = try Host()
            let other = try CoAPEndpoint()
            #expect(throws: CoAPError.addressInUse(host.address)) {
                try other.listen(on: host.address)
            }
        }
    }
}
