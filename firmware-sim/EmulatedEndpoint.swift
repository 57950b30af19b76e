import CoAP
import Model
import Simulation

/// One emulated device on the network: its own UDP port, CoAP client and server, and what it still
/// has to send.
///
/// A reading is sent until somebody answers for it. What went unanswered goes out again under the
/// same message id, so that a server that did get it knows the repeat for one.
final class EmulatedEndpoint {
    let device: Device
    let name: String
    let endpoint: CoAPEndpoint
    /// The server, or the link that leads to it.
    var target: SocketAddress
    private let terms: Terms

    private(set) var waiting: [ReadingRow] = []
    /// Rows before this one have been sent.
    private var first = 0
    private var inFlight: [Token: Batch] = [:]
    /// What must be sent again, before anything new.
    private var again: [Batch] = []
    /// What commands that run have to tell, oldest first; bounded by the device's commands.
    private var notices: [ClientRequest] = []
    /// Nothing is sent or taken any more.
    private var isGone = false
    private var registerAt: UInt64 = 0
    private var retryAt: UInt64 = 0
    /// Monotonic milliseconds of the last drain or tick.
    private var now: UInt64 = 0
    private var messageID = UInt16.random(in: .min ... .max)
    /// What its last completions were; the fleet takes and counts them.
    private var outcomes: [Outcome] = []

    /// What is the same for all devices of a run.
    struct Terms: Sendable {
        var format: PayloadFormat
        var pack: Int
        var isConfirmable: Bool
        var registry: Registry
        /// Seconds that a registration lasts; renewed at half of it.
        var lifetime: UInt64 = 86_400
        /// Milliseconds before a refused or unreachable server is asked again.
        var pause: UInt64 = 1000
        var nonsInFlightMax = 16
    }

    /// One request and the rows that depend on it.
    private struct Batch {
        var request: ClientRequest
        var rows: ArraySlice<ReadingRow>

        var isNotice = false

        var isRegistration: Bool { rows.isEmpty && !isNotice }
        var readings: Int { rows.reduce(0) { $0 + $1.measurements.count } }
    }

    /// What the fleet counts.
    enum Outcome: Sendable {
        case sent(datagrams: Int)
        case registered
        /// What a command that runs had to tell was taken.
        case told
        /// It was refused for good.
        case untold(Code)
        case acknowledged(readings: Int)
        case repeated(readings: Int)
        case refused(Code, readings: Int, isFinal: Bool)
        /// Non-confirmable, and never answered.
        case unanswered(readings: Int)
    }

    init(
        _ device: Device, bind: SocketAddress, target: SocketAddress, isLinkFaulty: Bool,
        terms: Terms
    ) throws(CoAPError) {
        self.device = device
        self.target = target
        self.terms = terms
        name = terms.registry.name(of: device)
        var configuration = CoAPEndpoint.Configuration()
        // One peer, a few requests at a time: a thousand of these must fit a small machine.
        configuration.exchangesMax = 64
        configuration.exchangesPerPeerMax = 64
        configuration.deferredMax = 64
        configuration.clientRequestsMax = terms.nonsInFlightMax + 1
        configuration.clientSessionsMax = 2
        configuration.idleSessionsMax = 4
        configuration.receiveBufferBytes = 64 << 10
        configuration.batchMax = 8
        if isLinkFaulty {
            // The least that libcoap takes: lost datagrams are what such a run is about.
            configuration.ackTimeoutMilliseconds = 1000
            configuration.ackRandomFactorThousandths = 1000
        }
        if !terms.isConfirmable { configuration.responseTimeoutMilliseconds = 3000 }
        endpoint = try CoAPEndpoint(configuration)
        try endpoint.listen(on: bind)
        endpoint.onCompletion = { [unowned self] token, completion in
            completed(token, completion)
        }
    }

    /// Nothing waits and nothing is on its way.
    var isIdle: Bool {
        isGone
            || first == waiting.count && inFlight.isEmpty && again.isEmpty && notices.isEmpty
    }

    /// Rows that no server has answered for.
    var pendingRows: Int {
        waiting.count - first + again.reduce(0) { $0 + $1.rows.count }
            + inFlight.values.reduce(0) { $0 + $1.rows.count }
    }

    /// The event time of the oldest row that no server has answered for.
    var oldestPending: Instant? {
        let rows = (again + inFlight.values).map(\.rows.first) + [waiting.dropFirst(first).first]
        return rows.compactMap { $0?.time }.min()
    }

    /// When something is to be tried again, monotonic milliseconds; nil for no such thing.
    var retryDue: UInt64? { again.isEmpty ? nil : retryAt }

    /// Tells the gateway how a command that runs is getting on: `POST /command/{device}/{id}`.
    func tell(of command: CommandID, _ payload: [UInt8]) {
        notices.append(
            ClientRequest(
                .post, path: ["command", name, command.description], format: .cbor,
                payload: payload))
    }

    /// From now on nothing leaves. Answers how many readings that nobody has answered for go with
    /// it.
    func vanish() -> Int {
        guard !isGone else { return 0 }
        isGone = true
        let rows = waiting.dropFirst(first) + (again + inFlight.values).flatMap(\.rows)
        waiting.removeAll()
        first = 0
        again.removeAll()
        inFlight.removeAll()
        notices.removeAll()
        return rows.reduce(0) { $0 + $1.measurements.count }
    }

    func enqueue(_ row: ReadingRow) {
        guard terms.format == .text, row.measurements.count > 1 else {
            waiting.append(row)
            return
        }
        waiting += row.measurements.map {
            ReadingRow(device: row.device, time: row.time, measurements: [$0])
        }
    }

    /// Sends what may be sent now: one confirmable request at a time (NSTART, RFC 7252 section
    /// 4.7).
    func pump(now: UInt64) {
        let limit = terms.isConfirmable ? 1 : terms.nonsInFlightMax
        while inFlight.count < limit, let batch = next(now: now) {
            do throws(CoAPError) {
                let token = try endpoint.send(batch.request, to: target, now: now)
                inFlight[token] = batch
                outcomes.append(.sent(datagrams: 1))
            } catch {
                again.insert(batch, at: 0)
                retryAt = now + terms.pause
                return
            }
        }
    }

    /// Takes what has arrived.
    func drain(now: UInt64) {
        self.now = now
        endpoint.drain(budget: 64, now: now)
    }

    /// Lets libcoap send again what was not acknowledged, and gives up what is too old.
    func tick(now: UInt64) {
        self.now = now
        endpoint.tick(now: now)
    }

    /// What happened since this was asked last.
    func takeOutcomes() -> [Outcome] {
        defer { outcomes.removeAll(keepingCapacity: true) }
        return outcomes
    }

    private func next(now: UInt64) -> Batch? {
        guard now >= retryAt, !isGone else { return nil }
        if !again.isEmpty { return again.removeFirst() }
        if now >= registerAt {
            // A device waits until it is registered, so nothing else is in flight.
            guard inFlight.isEmpty else { return nil }
            registerAt = now + terms.lifetime * 500
            return Batch(request: registration, rows: [])
        }
        if !notices.isEmpty {
            var request = notices.removeFirst()
            request.messageID = nextMessageID()
            return Batch(request: request, rows: [], isNotice: true)
        }
        guard first < waiting.count, !inFlight.values.contains(where: \.isRegistration) else {
            return nil
        }
        let payload = Payload(
            waiting[first...], device: name, format: terms.format, pack: terms.pack,
            registry: terms.registry)
        first += payload.rows.count
        var request = ClientRequest(
            .post, path: payload.path, format: terms.format.contentFormat, payload: payload.bytes)
        request.isConfirmable = terms.isConfirmable
        request.messageID = nextMessageID()
        let batch = Batch(request: request, rows: payload.rows)
        dropSent()
        return batch
    }

    private func dropSent() {
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 64 {
            waiting.removeFirst(first)
            first = 0
        }
    }

    private var registration: ClientRequest {
        var request = ClientRequest(
            .post, path: ["rd"], queries: ["ep=\(name)", "lt=\(terms.lifetime)"])
        request.messageID = nextMessageID()
        return request
    }

    private func nextMessageID() -> UInt16 {
        messageID &+= 1
        return messageID
    }

    private func completed(_ token: Token, _ completion: Completion) {
        guard var batch = inFlight.removeValue(forKey: token) else { return }
        switch completion {
        case .response(let code, _, _) where code.isSuccess:
            if batch.isNotice {
                outcomes.append(.told)
            } else {
                outcomes.append(
                    batch.isRegistration ? .registered : .acknowledged(readings: batch.readings))
            }
        case .response(let code, _, _):
            let isFinal = code != .serviceUnavailable && code != .tooManyRequests
            if !batch.isNotice {
                outcomes.append(.refused(code, readings: batch.readings, isFinal: isFinal))
            } else if isFinal {
                outcomes.append(.untold(code))
            }
            guard !isFinal else { return }
            // The server has answered for this message id; the next try is another message.
            batch.request.messageID = nextMessageID()
            retry(batch, in: terms.pause)
        case .reset:
            batch.request.messageID = nextMessageID()
            retry(batch, in: terms.pause)
        case .timeout where batch.request.isConfirmable: retry(batch, in: 0)
        case .unreachable where batch.request.isConfirmable: retry(batch, in: terms.pause)
        case .timeout, .unreachable:
            outcomes.append(.unanswered(readings: batch.readings))
        }
    }

    private func retry(_ batch: Batch, in pause: UInt64) {
        outcomes.append(.repeated(readings: batch.readings))
        again.append(batch)
        retryAt = max(retryAt, now + pause)
    }
}
