import Foundation
import Model
import Synchronization
import Testing
import Uplink

private let quick = BackOff(first: Milliseconds(20), limit: Milliseconds(100))

private func pump(
    _ outbox: MemoryOutbox, _ settings: MQTTSinkSettings, batch: Int = 1, window: Int = 100
) -> Pump {
    let sink = SinkSettings(
        name: "mqtt", kind: .mqtt(settings),
        delivery: DeliverySettings(window: window, batchRecords: batch, backOff: quick))
    return Pump(
        uplink: Uplink(
            sinks: [sink], cursors: ["mqtt": outbox.cursors("mqtt")], outbox: outbox.closures))
}

private func settings(_ port: Int) -> MQTTSinkSettings {
    MQTTSinkSettings(host: "127.0.0.1", port: port, gateway: "gw1")
}

/// The ids in arrival order, repeated ones left out, per last level of the topic.
private func firstArrivals(_ messages: [(topic: String, payload: String)]) -> [String: [UInt64]] {
    var seen: Set<UInt64> = []
    var arrivals: [String: [UInt64]] = [:]
    for message in messages {
        let json = try? JSONSerialization.jsonObject(with: Data(message.payload.utf8))
        let objects = json as? [[String: Any]] ?? [json as? [String: Any] ?? [:]]
        for object in objects {
            guard let id = (object["id"] as? NSNumber)?.uint64Value else { continue }
            if seen.insert(id).inserted { arrivals[message.topic, default: []].append(id) }
        }
    }
    return arrivals
}

@Suite(.serialized, .timeLimit(.minutes(5))) struct MQTTSinkTests {
    let outbox = MemoryOutbox()

    @Test(arguments: [1, 20])
    func everythingArrivesOnceAndInOrder(batch: Int) throws {
        let broker = try Broker()
        let subscriber = try broker.subscriber()
        outbox.add(300, to: .aggregate)
        outbox.add(40, to: .match)
        outbox.add(60, to: .command)
        let pump = pump(outbox, settings(broker.port), batch: batch)
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        let count = batch == 1 ? 400 : 15 + 2 + 3
        try waitFor("the messages") { subscriber.messages.count >= count }
        #expect(subscriber.messages.count == count)
        let arrivals = firstArrivals(subscriber.messages)
        #expect(arrivals["iotflow/gw1/match"] == outbox.sequences(.match))
        #expect(arrivals["iotflow/gw1/command"] == outbox.sequences(.command))
        #expect(arrivals["iotflow/gw1/aggregate"] == outbox.sequences(.aggregate))
        #expect(pump.status?.state == .connected)
        #expect(pump.status?.acknowledged == 400)
        #expect(pump.status?.inFlight == 0)
        pump.uplink.close()
    }

    @Test func aBrokerThatGoesAndComesBackLosesNothing() throws {
        let broker = try Broker()
        let subscriber = try broker.subscriber()
        let pump = pump(outbox, settings(broker.port), window: 10)
        for round in 1...3 {
            outbox.add(200, to: .aggregate)
            outbox.add(20, to: .match)
            // Stopped while messages are under way.
            let half = outbox.sequences(.aggregate).count - 100
            #expect(
                pump.run { outbox.cursor("mqtt", .aggregate) >= outbox.sequences(.aggregate)[half] }
            )
            broker.stop()
            outbox.add(30, to: .command)
            #expect(pump.run { (pump.status?.failures ?? 0) >= UInt64(round) })
            #expect(pump.status?.lastError != nil)
            try broker.run()
        }
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        try waitFor("every id") {
            firstArrivals(subscriber.messages).values.reduce(0) { $0 + $1.count } >= 750
        }
        let arrivals = firstArrivals(subscriber.messages)
        #expect(arrivals["iotflow/gw1/match"] == outbox.sequences(.match))
        #expect(arrivals["iotflow/gw1/command"] == outbox.sequences(.command))
        #expect(arrivals["iotflow/gw1/aggregate"] == outbox.sequences(.aggregate))
    }

    @Test func theTopicIsFilledIn() throws {
        let broker = try Broker()
        let subscriber = try broker.subscriber()
        outbox.add(1, to: .command)
        var settings = settings(broker.port)
        settings.topic = "iotflow/site {x}/{kind}/of/{gateway}"
        let pump = pump(outbox, settings)
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        try waitFor("the message") { !subscriber.lines.isEmpty }
        #expect(subscriber.lines == [#"iotflow/site {x}/command/of/gw1 {"id":1,"lane":"command"}"#])
    }

    @Test func wrongCredentialsAreARefusalWithBackOff() throws {
        let broker = try Broker(users: ["iotflow": "right"])
        let directory = try TemporaryDirectory()
        let password = URL(fileURLWithPath: directory.file("password"))
        try Data("wrong\n".utf8).write(to: password)
        outbox.add(1, to: .match)
        var settings = settings(broker.port)
        settings.username = "iotflow"
        settings.passwordFile = password.path
        let pump = pump(outbox, settings)
        #expect(pump.run { (pump.status?.failures ?? 0) >= 2 })
        #expect(
            pump.status?.lastError == "broker refused the connection: Not authorized (135)")
        guard case .backingOff = pump.status?.state else {
            Issue.record("expected a back-off, not \(String(describing: pump.status?.state))")
            return
        }
        #expect(!outbox.isDelivered(to: "mqtt"))
        try Data("right\n".utf8).write(to: password)
        #expect(pump.run { outbox.isDelivered(to: "mqtt") }, "the file is read anew")
    }

    @Test func anUnreachableBrokerIsAStateWithAReason() throws {
        let port = try freePort()
        outbox.add(1, to: .match)
        let pump = pump(outbox, settings(port))
        #expect(pump.run { (pump.status?.failures ?? 0) >= 3 })
        #expect(pump.status?.lastError == "cannot reach 127.0.0.1:\(port): Connection refused")
        #expect(pump.status?.inFlight == 0)
    }

    @Test func aSilentAddressIsGivenUpInTime() {
        // TEST-NET-1 (RFC 5737) routes nowhere: no answer, or an error at once.
        var settings = settings(1883)
        settings.host = "192.0.2.1"
        settings.connectTimeout = Milliseconds(100)
        let pump = pump(outbox, settings)
        #expect(pump.run(seconds: 5) { (pump.status?.failures ?? 0) >= 1 })
        #expect(pump.status?.lastError?.hasPrefix("cannot reach 192.0.2.1:1883: ") == true)
    }

    @Test func aNameThatDoesNotExistIsAStateWithAReason() {
        var settings = settings(1883)
        settings.host = "broker.invalid"
        let pump = pump(outbox, settings)
        #expect(pump.run { (pump.status?.failures ?? 0) >= 1 })
        #expect(pump.status?.lastError?.hasPrefix("cannot reach broker.invalid:1883: ") == true)
    }

    /// A 3.1.1 broker answers protocol level 5 with return code 1, in a CONNACK of its own version.
    @Test(arguments: [false, true])
    func fallsBackToMQTT311(hangsUpInstead: Bool) throws {
        let levels = Mutex<[UInt8]>([])
        let broker = try ScriptedBroker { packet in
            switch packet[0] >> 4 {
            case 1:
                levels.withLock { $0.append(packet[8]) }
                if packet[8] == 4 { return [0x20, 2, 0, 0] }
                return hangsUpInstead ? nil : [0x20, 2, 0, 1]
            case 3: return acknowledgement(of: packet)
            default: return []
            }
        }
        outbox.add(50, to: .match)
        let pump = pump(outbox, settings(broker.port))
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        #expect(levels.withLock { $0 } == [5, 4])
        pump.uplink.close()
    }

    @Test func aRefusedMessageIsAFailureAndIsSentAgain() throws {
        let refusals = Mutex(3)
        let broker = try ScriptedBroker { packet in
            switch packet[0] >> 4 {
            case 1: return [0x20, 3, 0, 0, 0]
            case 3:
                let isRefused = refusals.withLock { left in
                    left -= 1
                    return left >= 0
                }
                guard isRefused else { return acknowledgement(of: packet) }
                let id = messageID(of: packet)
                return [0x40, 3, id.0, id.1, 0x97]
            default: return []
            }
        }
        outbox.add(20, to: .match)
        let pump = pump(outbox, settings(broker.port), window: 1)
        #expect(pump.run { (pump.status?.failures ?? 0) >= 1 })
        #expect(pump.status?.lastError == "broker refused a message: Quota exceeded (151)")
        #expect(outbox.cursor("mqtt", .match) == 0)
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        #expect(pump.status?.acknowledged == 20)
    }

    @Test func aRepeatedPUBACKAcknowledgesNothingElse() throws {
        let broker = try ScriptedBroker { packet in
            switch packet[0] >> 4 {
            case 1: return [0x20, 3, 0, 0, 0]
            case 3:
                let answer = acknowledgement(of: packet)
                return answer + answer
            default: return []
            }
        }
        outbox.add(100, to: .match)
        let pump = pump(outbox, settings(broker.port))
        #expect(pump.run { outbox.isDelivered(to: "mqtt") })
        #expect(pump.status?.acknowledged == 100)
    }
}

/// PUBLISH with QoS 1 carries its packet identifier behind the topic.
private func messageID(of publish: [UInt8]) -> (UInt8, UInt8) {
    let header = publish[1] < 0x80 ? 2 : 3
    let topic = Int(publish[header]) << 8 | Int(publish[header + 1])
    return (publish[header + 2 + topic], publish[header + 3 + topic])
}

private func acknowledgement(of publish: [UInt8]) -> [UInt8] {
    let id = messageID(of: publish)
    return [0x40, 2, id.0, id.1]
}
