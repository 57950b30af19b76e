import Model
import Wire

/// Publishes records to an MQTT broker: MQTT 5, or 3.1.1 where the broker does not speak 5; QoS 1,
/// one message in the broker's hands per `Message`, acknowledged by PUBACK.
///
/// Each connection starts with a fresh client handle, so nothing that the library queued for a lost
/// connection is ever repeated by it: `Delivery` alone decides what is sent again.
final class MQTTSink: Sink {
    private enum Phase {
        case closed
        /// A bare TCP connection tells whether the broker answers; the library's own would block.
        case probing(TCPProbe, deadline: Instant)
        case connecting(MQTTConnection, deadline: Instant)
        case connected(MQTTConnection)
    }

    private let settings: MQTTSinkSettings
    private let window: Int
    private let sendsArrays: Bool
    /// By lane.
    private let topics: [String]
    private var phase = Phase.closed
    private var version = MQTTVersion.v5
    private var events: [SinkEvent] = []
    /// Message ids of the current connection on their way to the number each acknowledges. An id is
    /// removed by its first acknowledgement; the library may report one twice.
    private var numbers: [Int32: UInt64] = [:]
    private var now = Instant.distantPast

    init(_ settings: MQTTSinkSettings, _ delivery: DeliverySettings) {
        self.settings = settings
        window = delivery.window
        sendsArrays = delivery.batchRecords > 1
        topics = OutboxRecord.Kind.allCases.map { kind in
            filled(settings.topic, ["gateway": settings.gateway, "kind": kind.name])
        }
    }

    var interest: SinkInterest? {
        switch phase {
        case .closed: nil
        case .probing(let probe, let deadline):
            SinkInterest(
                descriptor: probe.descriptor, wantsRead: false, wantsWrite: true,
                deadline: deadline)
        case .connecting(let connection, let deadline):
            SinkInterest(
                descriptor: connection.descriptor, wantsRead: true,
                wantsWrite: connection.wantsWrite, deadline: min(deadline, now + .second))
        case .connected(let connection):
            // The library looks at its keep-alive when it is called, so it is called every second.
            SinkInterest(
                descriptor: connection.descriptor, wantsRead: true,
                wantsWrite: connection.wantsWrite, deadline: now + .second)
        }
    }

    func open(at now: Instant) {
        self.now = now
        do throws(UplinkError) {
            let probe = try TCPProbe(host: settings.host, port: settings.port)
            phase = .probing(probe, deadline: now + settings.connectTimeout)
        } catch {
            fail(error)
        }
    }

    func send(_ message: Message) {
        guard case .connected(let connection) = phase else { return }
        do throws(UplinkError) {
            let id = try connection.publish(
                topic: topics[Int(message.lane.rawValue)], payload: payload(of: message))
            numbers[id] = message.number
        } catch {
            fail(error)
        }
    }

    func run(at now: Instant) -> [SinkEvent] {
        self.now = now
        do throws(UplinkError) {
            try advance()
        } catch {
            fail(error)
        }
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    func close() {
        if case .connected(let connection) = phase { connection.disconnect() }
        phase = .closed
        numbers.removeAll()
        events.removeAll()
    }

    private func advance() throws(UplinkError) {
        if case .probing(let probe, let deadline) = phase {
            if try probe.isConnected() {
                let connection = try MQTTConnection(settings, version: version, window: window)
                phase = .connecting(connection, deadline: now + settings.connectTimeout)
            } else if now >= deadline {
                throw .unreachable(
                    host: settings.host, port: settings.port, reason: "no answer in time")
            }
        }
        switch phase {
        case .closed, .probing: return
        case .connecting(let connection, let deadline):
            try drive(connection)
            if case .connecting = phase, now >= deadline { throw .timedOut(waitingFor: "CONNACK") }
        case .connected(let connection): try drive(connection)
        }
    }

    private func drive(_ connection: MQTTConnection) throws(UplinkError) {
        let failure = connection.drive()
        for event in connection.takeEvents() {
            switch event {
            case .connected(let code): try connected(connection, code: code)
            case .acknowledged(let id, let reason): try acknowledged(id, reason: reason)
            }
        }
        // After a refused version the phase holds the next connection; this one may well fail.
        guard let failure, isCurrent(connection) else { return }
        if case .connecting = phase {
            // Some brokers answer an unknown protocol version by hanging up: try the other one
            // next.
            version = version == .v5 ? .v311 : .v5
        }
        throw failure
    }

    private func isCurrent(_ connection: MQTTConnection) -> Bool {
        switch phase {
        case .connecting(let current, _), .connected(let current): current === connection
        case .closed, .probing: false
        }
    }

    private func connected(_ connection: MQTTConnection, code: Int) throws(UplinkError) {
        if code == 0 {
            phase = .connected(connection)
            events.append(.opened)
        } else if version == .v5, MQTTVersion.isRefusedVersion(code) {
            version = .v311
            let older = try MQTTConnection(settings, version: version, window: window)
            phase = .connecting(older, deadline: now + settings.connectTimeout)
        } else {
            throw .refused(code: code, reason: version.connectReason(code))
        }
    }

    private func acknowledged(_ id: Int32, reason: Int) throws(UplinkError) {
        guard reason < 0x80 else {
            throw .publishRefused(code: reason, reason: MQTTVersion.v5.connectReason(reason))
        }
        guard let number = numbers.removeValue(forKey: id) else { return }
        events.append(.acknowledged(message: number))
    }

    private func fail(_ error: UplinkError) {
        phase = .closed
        numbers.removeAll()
        events.append(.failed(error))
    }

    private func payload(of message: Message) -> [UInt8] {
        guard sendsArrays else { return message.objects.first ?? [] }
        var payload: [UInt8] = []
        payload.reserveCapacity(message.objects.reduce(2) { $0 + $1.count + 1 })
        for object in message.objects {
            payload.append(UInt8(ascii: payload.isEmpty ? "[" : ","))
            payload += object
        }
        payload.append(UInt8(ascii: "]"))
        return payload
    }
}

/// `template` with each `{name}` that has a value replaced by it.
private func filled(_ template: String, _ values: [String: String]) -> String {
    var result = ""
    var rest = Substring(template)
    while let open = rest.firstIndex(of: "{") {
        result += rest[..<open]
        rest = rest[open...]
        guard let close = rest.firstIndex(of: "}"),
            let value = values[String(rest[rest.index(after: open)..<close])]
        else {
            result.append(rest.removeFirst())
            continue
        }
        result += value
        rest = rest[rest.index(after: close)...]
    }
    return result + rest
}
