import CoAP
import Loop
import Testing

extension CoAPTests {
    /// Exact datagrams in, exact datagrams out.
    @Suite struct WireBytesTests {
        private func host(
            _ configuration: CoAPEndpoint.Configuration = CoAPEndpoint.Configuration(),
            _ handler: @escaping (Request) -> Disposition
        ) throws -> Host {
            let host = try Host(configuration)
            host.endpoint.onRequest = handler
            return host
        }

        @Test func aReplyIsPiggybackedWithTheRequestsTokenAndMessageID() throws {
            let host = try host { _ in .reply(Response(.changed)) }
            let answer = try host.ask(Peer(), Message(id: 0x1234, path: ["a"]).bytes)
            #expect(answer == [0x62, 0x44, 0x12, 0x34, 0xaa, 0xbb])
        }

        @Test func everyOptionOfAResponseArrives() throws {
            let host = try host { _ in
                .reply(
                    Response(
                        .content, format: .senMLJSON, payload: [1, 2, 3], maxAge: 300,
                        etag: [9, 8], locationPath: ["rd", "ä/b"], size1: 1024, observe: 5))
            }
            let answer = try #require(try host.ask(Peer(), Message(id: 1)))
            #expect(answer.codeText == "2.05")
            #expect(answer.option(4) == [9, 8])
            #expect(answer.option(6) == [5])
            #expect(
                answer.options.filter { $0.0 == 8 }.map(\.1) == [
                    Array("rd".utf8), Array("ä/b".utf8),
                ])
            #expect(answer.option(12) == [110])
            #expect(answer.option(14) == [0x01, 0x2c])
            #expect(answer.option(60) == [0x04, 0x00])
            #expect(answer.payload == [1, 2, 3])
        }

        @Test func segmentsAreRawBytes() throws {
            var paths: [[String]] = []
            var bytes: [UInt8] = []
            let host = try host { request in
                paths.append(request.path.strings)
                bytes = request.path.bytes
                return .reply(Response(.changed))
            }
            let message = Message(
                id: 1, path: ["a/b", "%20", ""], options: [(11, [0xff, 0x00])])
            _ = try host.ask(Peer(), message.bytes)
            #expect(paths == [["a/b", "%20", "", "\u{fffd}\0"]])
            #expect(bytes == Array("a/b%20".utf8) + [0xff, 0x00])
        }

        @Test(arguments: [(UInt16(1), true), (5, true), (4, false)])
        func conditionsAreShown(option: UInt16, isConditional: Bool) throws {
            var seen: [Bool] = []
            let host = try host { request in
                seen.append(request.isConditional)
                return .reply(Response(.changed))
            }
            let value: [UInt8] = option == 5 ? [] : [1]
            _ = try host.ask(Peer(), Message(id: 1, options: [(option, value)]).bytes)
            #expect(seen == [isConditional])
        }

        @Test func aPingIsReset() throws {
            let host = try host { _ in .silent }
            #expect(try host.ask(Peer(), [0x40, 0, 0x77, 0x01]) == [0x70, 0, 0x77, 0x01])
            #expect(host.endpoint.counters.pings == 1)
        }

        @Test func anUnknownCriticalOptionIsRefused() throws {
            var calls = 0
            let host = try host { _ in
                calls += 1
                return .reply(Response(.changed))
            }
            let peer = try Peer()
            let message = Message(id: 5, path: ["a"], options: [(0xffd1, [1])])
            let answer = try #require(try host.ask(peer, message))
            #expect(answer.codeText == "4.02" && answer.kind == .ack && answer.id == 5)
            // An elective one is ignored, as the specification wants.
            let elective = Message(id: 6, path: ["a"], options: [(0xffd0, [1])])
            let other = try #require(try host.ask(peer, elective))
            #expect(other.codeText == "2.04")
            #expect(calls == 1)
        }

        @Test(arguments: [
            (1_024, "2.04"), (1_025, "4.13"), (1_400, "4.13"), (60_000, "4.13"),
        ])
        func payloadsOverTheLimitAreRefusedWithTheLimit(count: Int, code: String) throws {
            var sizes: [Int] = []
            let host = try host { request in
                sizes.append(request.payload.count)
                return .reply(Response(.changed))
            }
            let message = Message(
                id: 9, path: ["a"], payload: Array(repeating: 7, count: count))
            let answer = try #require(try host.ask(Peer(), message))
            #expect(answer.codeText == code)
            #expect(answer.option(60) == (code == "4.13" ? [0x04, 0x00] : nil))
            #expect(sizes == (code == "4.13" ? [] : [count]))
            #expect(host.endpoint.counters.tooLarge == (code == "4.13" ? 1 : 0))
        }

        @Test(arguments: [
            ([UInt8](), "2.04"), ([0x06], "2.04"), ([0x0e], "4.13"), ([0x16], "4.13"),
            ([0xff, 0xff, 0xf6], "4.13"), ([0x07], "4.00"),
        ])
        func onlyAWholeBlock1IsTaken(value: [UInt8], code: String) throws {
            let host = try host { _ in .reply(Response(.changed)) }
            let message = Message(id: 2, path: ["a"], options: [(27, value)], payload: [1])
            let answer = try #require(try host.ask(Peer(), message))
            #expect(answer.codeText == code)
            if code == "2.04" { #expect(answer.option(27) == value) }
        }

        @Test func blocksAreServedByNumberAndSize() throws {
            let body = (0..<2_500).map { UInt8(truncatingIfNeeded: $0) }
            let host = try host { _ in .reply(Response(.content, payload: body)) }
            let peer = try Peer()
            var collected: [UInt8] = []
            var tags: Set<[UInt8]> = []
            for number in UInt8(0)..<10 {
                // 256 bytes each: size exponent 4.
                let message = Message(
                    code: 1, id: UInt16(number), options: [(23, [number << 4 | 4])])
                let answer = try #require(try host.ask(peer, message))
                #expect(answer.option(23) == [number << 4 | (number < 9 ? 8 : 0) | 4])
                #expect(answer.option(28) == (number == 0 ? [0x09, 0xc4] : nil))
                tags.insert(try #require(answer.option(4)))
                collected += answer.payload
            }
            #expect(collected == body)
            #expect(tags.count == 1)
            let past = Message(code: 1, id: 99, options: [(23, [10 << 4 | 4])])
            let bytes = try #require(try host.ask(peer, past.bytes))
            #expect(Message(bytes)?.codeText == "4.00")
        }

        @Test func noResponseIsRespected() throws {
            let host = try host { _ in .reply(Response(.changed)) }
            // RFC 7967: 2 means that success is of no interest. A confirmable is still
            // acknowledged.
            let answer = try host.ask(Peer(), Message(id: 3, options: [(258, [2])]).bytes)
            #expect(answer == [0x60, 0, 0, 3])
        }

        @Test func aSilentHandlerStillAcknowledges() throws {
            let host = try host { _ in .silent }
            #expect(try host.ask(Peer(), Message(id: 3).bytes) == [0x60, 0, 0, 3])
            #expect(try host.ask(Peer(), Message(id: 3).bytes) == [0x60, 0, 0, 3])
        }

        @Test func anUnknownMethodIsRefused() throws {
            let host = try host { _ in .reply(Response(.changed)) }
            let bytes = try #require(try host.ask(Peer(), Message(code: 9, id: 3).bytes))
            #expect(["4.04", "4.05"].contains(Message(bytes)?.codeText))
        }

        @Test func whatTheKernelDropsIsCounted() throws {
            var configuration = CoAPEndpoint.Configuration()
            configuration.receiveBufferBytes = 8_192
            let host = try host(configuration) { _ in .silent }
            let peer = try Peer()
            for id in UInt16(0)..<200 {
                peer.send(Message(.non, id: id).bytes, to: host.address)
            }
            host.settle()
            let counters = host.endpoint.counters
            #expect(counters.receiveDrops > 0)
            #expect(counters.requests + counters.receiveDrops == 200)
        }

        @Test func whatIsNoCoAPIsCounted() throws {
            let host = try host { _ in .reply(Response(.changed)) }
            let before = LibraryLog.current.malformed
            let peer = try Peer()
            // Token length 9, a truncated option, and a payload marker without payload.
            for bytes: [UInt8] in [
                [0x49, 1, 0, 1, 1], [0x40, 1, 0, 2, 0xbd], [0x40, 1, 0, 3, 0xff],
            ] {
                peer.send(bytes, to: host.address)
            }
            host.settle()
            #expect(LibraryLog.current.malformed == before + 3)
            #expect(host.endpoint.counters.requests == 0)
        }
    }
}
