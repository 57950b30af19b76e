import CoAP
import Loop
import Testing

extension CoAPTests {
    /// A live endpoint under random and damaged datagrams: it may refuse, it may not fall.
    @Suite struct FuzzTests {
        @Test(arguments: [UInt64(1), 2, 3])
        func damagedDatagramsDoNoHarm(seed: UInt64) throws {
            var random = SplitMix64(state: seed)
            var configuration = CoAPEndpoint.Configuration()
            configuration.deferredMax = 64
            configuration.exchangesMax = 128
            configuration.exchangesPerPeerMax = 16
            configuration.idleSessionsMax = 8
            let host = try Host(configuration)
            var owed: [ReplyTicket] = []
            host.endpoint.onRequest = { request in
                switch request.payload.count % 4 {
                case 0: return .silent
                case 1:
                    owed.append(request.ticket)
                    return .deferred
                case 2:
                    return .reply(Response(.content, payload: Array(repeating: 1, count: 3_000)))
                default: return .reply(Response(.created, payload: [1], locationPath: ["a", "b"]))
                }
            }
            let peers = try (0..<12).map { _ in try Peer() }
            for round in 0..<4_000 {
                let peer = peers[Int(random.next() % 12)]
                peer.send(datagram(&random), to: host.address)
                if round % 7 == 0, let ticket = owed.popLast() {
                    host.endpoint.release(ticket, Response(.changed))
                }
                if round % 50 == 0 {
                    _ = try? host.endpoint.send(
                        ClientRequest(.get, path: ["x"]), to: peer.address, now: Clock.monotonic)
                }
                if round % 16 == 0 { host.settle() }
                if round % 64 == 0 {
                    host.endpoint.tick(now: Clock.monotonic)
                    for peer in peers { while peer.receive() != nil {} }
                }
            }
            for ticket in owed { host.endpoint.release(ticket, Response(.changed)) }
            #expect(host.endpoint.counters.deferred == 0, "seed \(seed)")
            #expect(host.endpoint.counters.requests > 100, "seed \(seed)")
            // It still answers.
            let answer = try host.ask(Peer(), Message(id: 1, payload: [1, 2, 3]).bytes)
            #expect(answer?.prefix(2) == [0x62, 0x41], "seed \(seed)")
        }

        /// A valid message with random options, then as often as not damaged in a few places.
        private func datagram(_ random: inout SplitMix64) -> [UInt8] {
            func bytes(_ limit: UInt64) -> [UInt8] {
                (0..<random.next() % limit).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            if random.next() % 8 == 0 { return bytes(64) }
            let numbers: [UInt16] = [
                1, 3, 4, 5, 6, 7, 8, 11, 11, 12, 14, 15, 16, 17, 20, 23, 27, 28, 35, 39, 60, 252,
                258, 292, 2_049, 65_001,
            ]
            let codes: [UInt8] = [0, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8, 0x44, 0x45, 0x5f, 0x84, 0xe1]
            let kinds: [Message.Kind] = [.con, .con, .non, .ack, .rst]
            var message = Message(
                kinds[Int(random.next() % 5)], code: codes[Int(random.next() % 16)],
                id: UInt16(random.next() % 300), token: Array(bytes(9).prefix(8)))
            for _ in 0..<random.next() % 5 {
                message.options.append((numbers[Int(random.next() % 26)], bytes(12)))
            }
            if message.code != 0 { message.payload = bytes(40) }
            var damaged = message.bytes
            if random.next() % 2 == 0 {
                for _ in 0..<random.next() % 4 where !damaged.isEmpty {
                    let place = Int(random.next() % UInt64(damaged.count))
                    switch random.next() % 3 {
                    case 0: damaged[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: damaged.remove(at: place)
                    default: damaged = Array(damaged[..<place])
                    }
                }
            }
            return damaged
        }
    }
}
