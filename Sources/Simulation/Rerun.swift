package import Engine
package import Model

/// Something that an engine decided.
package struct Decision: Hashable, Sendable {
    /// Event time: a match's, or a window's end; of a command, the turn's that sent it.
    package var time: Instant
    package var kind: Kind
    /// The pattern, the stream or aggregation with its window, or the command.
    package var name: String
    package var since: Instant?
    package var key: [Field]
    package var values: [Field]

    /// In the order in which they stand where their times are equal.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case row, late, match, timeout, command
    }
}

/// Runs recorded turns through an engine anew and gathers what it decides. The readings are what
/// they were: nothing that the engine decides changes them.
package struct Rerun: Sendable {
    /// What was decided since it was last emptied.
    package var decisions: [Decision] = []
    /// Readings of devices that the configuration neither names nor accepts.
    package private(set) var strangeReadings: UInt64 = 0
    package private(set) var readings: UInt64 = 0
    private var engine: Engine
    private let acceptsUnknownDevices: Bool
    /// How many recorded answers to each command are still to come.
    private var recorded: [CommandID: Int]
    /// Answers to commands that have none in the record.
    private var assumed: [(due: Instant, answer: CommandResponse)] = []
    private var now = Instant.distantPast
    private var inputs: [Input] = []
    private var effects: [Effect] = []

    /// From a command to its answer.
    private static let latency = Milliseconds(20)

    /// `recorded` says how many answers to each command the record has.
    package init(_ plan: Plan, acceptsUnknownDevices: Bool, recorded: [CommandID: Int] = [:]) {
        engine = Engine(plan)
        self.acceptsUnknownDevices = acceptsUnknownDevices
        self.recorded = recorded
    }

    package var registry: Registry { engine.registry }

    /// Takes one recorded turn, after everything that falls due before it.
    package mutating func take(_ turn: [Input], at now: Instant) {
        pass(until: now)
        for input in turn { admit(input) }
        step(at: now)
    }

    private mutating func admit(_ input: Input) {
        switch input {
        case .reading(let reading):
            if engine.registry.entry(reading.device) == nil {
                guard acceptsUnknownDevices else {
                    strangeReadings += 1
                    return
                }
                inputs.append(.deviceAccepted(reading.device))
            }
            readings += 1
        case .deviceAccepted: if !acceptsUnknownDevices { return }
        case .response(let response): recorded[response.command, default: 1] -= 1
        case .exchange, .registered, .desired, .twin, .command, .sequence, .order: break
        }
        inputs.append(input)
    }

    private mutating func pass(until end: Instant) {
        while let due = [engine.nextDeadline, assumed.first?.due].compactMap({ $0 }).min(),
            due < end
        {
            let isStuck = due <= now && assumed.first.map { $0.due > now } ?? true
            let before = engine.nextDeadline
            let moment = max(now, due)
            while let first = assumed.first, first.due <= moment {
                inputs.append(.response(first.answer))
                assumed.removeFirst()
            }
            step(at: moment)
            if isStuck, engine.nextDeadline == before { return }
        }
    }

    private mutating func step(at time: Instant) {
        now = max(now, time)
        engine.step(inputs, at: now, into: &effects)
        inputs.removeAll(keepingCapacity: true)
        for effect in effects {
            switch effect {
            case .publish(let record): note(record)
            case .transmit(let transmission): send(transmission)
            case .audit, .log: break
            }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private mutating func note(_ record: OutboxRecord) {
        // What came of a command depends on its device.
        guard record.kind != .command else { return }
        var (kind, name) = (Decision.Kind.row, record.name)
        if record.kind == .match {
            kind = name.hasSuffix("/timeout") ? .timeout : .match
        } else if record.start == nil, name.hasSuffix("/late") {
            kind = .late
        }
        // The kind says it.
        if kind == .timeout || kind == .late {
            name.removeLast(kind.rawValue.utf8.count + 1)
        }
        decisions.append(
            Decision(
                time: record.time, kind: kind, name: name, since: record.start, key: record.key,
                values: record.fields))
    }

    private mutating func send(_ transmission: Transmission) {
        if transmission.attempt == 1 {
            let device = Field(
                "device_id", .text(engine.registry.name(of: transmission.device)))
            decisions.append(
                Decision(
                    time: now, kind: .command, name: transmission.name, since: nil,
                    key: [device], values: transmission.parameters))
        }
        guard recorded[transmission.command, default: 0] <= 0 else { return }
        let answer = CommandResponse(
            command: transmission.command, attempt: transmission.attempt,
            outcome: .acknowledged(code: 204))
        assumed.append((now + Rerun.latency, answer))
    }
}
