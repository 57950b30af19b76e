import CoAP
import Config
import Engine
import Loop
import Model
import Store
import Wire

/// Performs a turn's effects: what must be durable in one batch, what may leave when it is.
extension Gateway {
    /// Stores the turn and performs its effects. `started` is when its first datagram could have
    /// been read, in monotonic microseconds.
    func perform(started: UInt64) {
        changedTwins = engine.takeNotifiedTwins(at: turn.now)
        var batch = WriteBatch(time: turn.now, urgency: urgency)
        var transmissions: [Transmission] = []
        for effect in effects {
            switch effect {
            case .transmit(let transmission):
                if transmission.isCritical {
                    batch.urgency = .critical
                    transmit(transmission)
                    latencies.decision.record(microseconds: Clock.microseconds - started)
                } else {
                    transmissions.append(transmission)
                }
            case .publish(let record):
                var writer = ByteWriter()
                record.encode(to: &writer)
                batch.outbox.append((record.kind.rawValue, record.sequence, writer.bytes))
            case .audit(let entry):
                let device = engine.registry.name(of: entry.device)
                batch.audit.append(AuditStep(entry, device: device).cbor)
            case .log(let line): log.info(line)
            }
        }
        effects.removeAll(keepingCapacity: true)
        batch.history = takeHistory()
        batch.deviceNames = turn.deviceNames
        batch.propertyNames = turn.propertyNames
        var writer = ByteWriter()
        TurnCodec.append(now: turn.now, inputs: turn.inputs, to: &writer)
        batch.turn = writer.bytes
        journalSinceCheckpoint += batch.turn.count
        if isCheckpointDue { addCheckpoint(to: &batch) }
        batch.configuration = unsavedConfiguration
        guard let ticket = store.submit(batch) else {
            // Nobody was promised anything: intake is refused long before the queue is full. What
            // is lost here are records of timers and of readings that were decided upon but not
            // taken.
            counters.turnsNotStored += 1
            keep(batch)
            for reply in turn.replies {
                endpoint.release(reply.ticket, .error(.serviceUnavailable, storeState, maxAge: 5))
            }
            for _ in turn.answers { inquiry.finish(Document.failure(storeState).json) }
            for transmission in transmissions { transmit(transmission) }
            return
        }
        unsavedConfiguration = nil
        newestTicket = ticket
        if !batch.history.isEmpty { freshHistory.append((ticket, batch.history)) }
        held.add(replies: turn.replies, transmissions: transmissions, until: ticket)
        held.add(answers: turn.answers, until: ticket)
        tellObservers(until: ticket)
    }

    private var urgency: WriteBatch.Urgency {
        switch settings.durability {
        case .group: .group
        case .strict: .strict
        case .relaxed: .relaxed
        }
    }

    /// Lets go what has become durable.
    func release() {
        let committed = store.committedTicket
        freshHistory.removeAll { $0.ticket <= committed }
        while let next = held.next(upTo: committed) {
            switch next {
            case .reply(let ticket, let response): endpoint.release(ticket, response)
            case .transmission(let transmission): transmit(transmission)
            case .answer(let answer): inquiry.finish(answer)
            case .line(let line, let device): inquiry.watchers.tell(line, of: device)
            case .notification(let key, let response): notify(key, response)
            }
        }
    }

    /// Gives the answers that depended on the step.
    func keepPromises() {
        for promise in turn.promises {
            switch promise {
            case .wish(let ticket, let resource):
                let etag = TwinPicture(resource, of: engine)?.etag ?? []
                turn.replies.append((ticket, Response(.changed, etag: etag)))
            case .answer(let answer): turn.answers.append(document(of: answer).json)
            }
        }
    }

    /// Sends a command to its device, or answers for the device that cannot be reached.
    func transmit(_ transmission: Transmission) {
        counters.transmissions += 1
        guard let text = engine.address(of: transmission.device, at: turn.now),
            let address = SocketAddress(uri: text),
            let payload = transmission.payload(.cbor)
        else { return answer(for: transmission, .unreachable) }
        let request = ClientRequest(
            transmission.method.coap, path: transmission.path, queries: transmission.query,
            format: payload.isEmpty ? nil : .cbor, payload: payload)
        do throws(CoAPError) {
            let token = try endpoint.send(request, to: address, now: Clock.monotonic)
            awaited[token] = Awaited(
                command: transmission.command, attempt: transmission.attempt,
                purpose: transmission.purpose, sent: Clock.microseconds)
        } catch {
            log.debug("\(engine.registry.name(of: transmission.device)): \(error)")
            answer(for: transmission, .unreachable)
        }
    }

    private func answer(for transmission: Transmission, _ outcome: CommandResponse.Outcome) {
        answers.append(
            .response(
                CommandResponse(
                    command: transmission.command, attempt: transmission.attempt,
                    purpose: transmission.purpose, outcome: outcome)))
    }

    /// A device, or the network, has answered.
    func complete(_ token: Token, _ completion: Completion) {
        guard let awaited = awaited.removeValue(forKey: token) else { return }
        let outcome: CommandResponse.Outcome
        switch completion {
        case .response(let code, let payload, let format):
            latencies.roundTrip.record(microseconds: Clock.microseconds - awaited.sent)
            let number = code.codeClass * 100 + Int(code.rawValue & 31)
            outcome = CommandResponse.Outcome(
                to: awaited.purpose, code: number, payload: payload,
                isJSON: format == .json)
        case .timeout, .reset: outcome = .noResponse
        case .unreachable: outcome = .unreachable
        }
        answers.append(
            .response(
                CommandResponse(
                    command: awaited.command, attempt: awaited.attempt,
                    purpose: awaited.purpose, outcome: outcome)))
    }
}

extension CommandModel.Method {
    fileprivate var coap: CoAP.Method {
        switch self {
        case .get: .get
        case .post: .post
        case .put: .put
        case .delete: .delete
        }
    }
}
