package import Engine
package import Model

/// An engine and the devices it looks after under one virtual clock, with the messages between
/// them on their way.
package struct Plant: Sendable {
    package var engine: Engine
    package var fleet: Fleet
    /// Transmissions of commands that arrived at their devices, by what they asked.
    package private(set) var commandsExecuted = 0
    private var inFlight: [(due: Instant, message: Message)] = []

    /// One-way time between gateway and device.
    private static let latency = Milliseconds(20)
    /// After so long without an answer CoAP gives a confirmable message up, more or less: 2 s and
    /// four doublings of it (RFC 7252 section 4.8.2, MAX_TRANSMIT_WAIT without its randomness).
    private static let patience = Milliseconds.seconds(62)

    private enum Message: Sendable {
        case command(Transmission)
        case input(Input)
    }

    package init(engine: Engine, fleet: Fleet) {
        self.engine = engine
        self.fleet = fleet
    }

    /// Nothing is on its way and nothing is due any more.
    package var nextTime: Instant? {
        [fleet.nextTime, fleet.nextNotice, engine.nextDeadline, inFlight.first?.due]
            .compactMap { $0 }.min()
    }

    /// What every device reports of itself when it starts.
    package func initialReports(at now: Instant) -> [Input] {
        fleet.members.flatMap { device in
            fleet.initialState(of: device).map { property, value in
                .reading(Reading(device: device, property: property, time: now, value: value))
            }
        }
    }

    /// Lets the engine decide on `inputs` and on everything that has arrived by `now`. Effects
    /// that are not for devices are appended to `effects`; those that are, for whoever watches, to
    /// `transmissions`.
    package mutating func step(
        _ inputs: [Input] = [], at now: Instant, into effects: inout [Effect],
        transmissions: inout [Transmission]
    ) {
        var inputs = inputs
        collect(at: now, into: &inputs)
        var found: [Effect] = []
        engine.step(inputs, at: now, into: &found)
        for effect in found {
            guard case .transmit(let transmission) = effect else {
                effects.append(effect)
                continue
            }
            transmissions.append(transmission)
            send(.command(transmission), due: now + Plant.latency)
        }
    }

    private mutating func collect(at now: Instant, into inputs: inout [Input]) {
        fleet.advance(to: now)
        while let emission = fleet.next(through: now) {
            inputs.append(
                .reading(
                    Reading(
                        device: emission.device, property: emission.property,
                        time: emission.time, value: emission.value)))
        }
        for notice in fleet.notices(through: now) {
            send(
                .input(
                    .response(
                        CommandResponse(
                            command: notice.command, attempt: 0,
                            outcome: CommandResponse.Outcome(notice.status)))),
                due: now + Plant.latency)
            report(notice.reports, of: notice.device, at: now)
        }
        while let first = inFlight.first, first.due <= now {
            inFlight.removeFirst()
            switch first.message {
            case .input(let input): inputs.append(input)
            case .command(let transmission): deliver(transmission, at: now)
            }
        }
    }

    private mutating func deliver(_ transmission: Transmission, at now: Instant) {
        let answer = fleet.receive(
            DeviceRequest(transmission), on: transmission.device, at: now)
        if transmission.purpose == .execute, answer.code == 204 { commandsExecuted += 1 }
        let outcome =
            answer.isLost ? .noResponse : CommandResponse.Outcome(answer, to: transmission.purpose)
        send(
            .input(
                .response(
                    CommandResponse(
                        command: transmission.command, attempt: transmission.attempt,
                        purpose: transmission.purpose, outcome: outcome))),
            due: now + (answer.isLost ? Plant.patience : Plant.latency))
        report(answer.reports, of: transmission.device, at: now)
    }

    private mutating func report(
        _ values: [(property: Property, value: Value)], of device: Device, at now: Instant
    ) {
        for (property, value) in values {
            send(
                .input(
                    .reading(Reading(device: device, property: property, time: now, value: value))
                ), due: now + Plant.latency)
        }
    }

    /// Keeps the order of what arrives at one time.
    private mutating func send(_ message: Message, due: Instant) {
        let place = (inFlight.lastIndex { $0.due <= due } ?? -1) + 1
        inFlight.insert((due, message), at: place)
    }
}

extension CommandResponse.Outcome {
    /// What the gateway makes of a device's answer.
    init(_ answer: EmulatedDevice.Answer, to purpose: Transmission.Purpose) {
        switch (purpose, answer.code) {
        case (.probe, 404), (.cancel, 404): self = .unknown
        case (_, 400...): self = .refused(code: answer.code, diagnostic: answer.diagnostic)
        case (.prepare, _), (.release, _): self = .acknowledged(code: answer.code)
        default:
            guard let status = answer.status else {
                self = .acknowledged(code: answer.code)
                return
            }
            self = status.state == .accepted ? .accepted(code: answer.code) : Self(status)
        }
    }

    /// What the gateway makes of what a device tells of a command.
    init(_ status: CommandStatus) {
        switch status.state {
        case .accepted: self = .accepted(code: 204)
        case .executing: self = .progress(percent: status.percent)
        case .succeeded: self = .completed(output: status.output)
        case .failed:
            self = .unsuccessful(isTransient: status.isTransient, reason: status.reason ?? "")
        case .cancelled: self = .cancelled
        }
    }
}
