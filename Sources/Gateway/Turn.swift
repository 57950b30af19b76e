package import CoAP
import Commands
package import Engine
package import Model
import Store

/// What one turn gathers: the inputs in the order they came, who waits for an answer, and which
/// names are new. Its storage is reused.
package struct Turn {
    package var now: Instant
    package var inputs: [Input] = []
    /// Answered with their response once the turn is durable.
    package var replies: [(ticket: ReplyTicket, response: Response)] = []
    /// Answers at the control socket, made by the step.
    var answers: [[UInt8]] = []
    /// Answers that depend on what the core makes of the inputs.
    var promises: [Promise] = []
    package var deviceNames: [(index: UInt32, name: String)] = []
    package var propertyNames: [(index: UInt16, name: String)] = []

    /// A longer name would fill the store's tables with nonsense.
    private static let nameLengthMax = 64

    package init(now: Instant) { self.now = now }

    /// Empties it for the next turn.
    package mutating func begin(at now: Instant) {
        self.now = now
        inputs.removeAll(keepingCapacity: true)
        replies.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
        promises.removeAll(keepingCapacity: true)
        touched.removeAll(keepingCapacity: true)
        looked = 0
        deviceNames.removeAll(keepingCapacity: true)
        propertyNames.removeAll(keepingCapacity: true)
    }

    private var touched: Set<Device> = []
    /// Inputs before this were looked through for what they touch.
    private var looked = 0

    /// An answer to give after the step.
    enum Promise {
        /// A wish was taken: the ETag of what is desired then.
        case wish(ReplyTicket, TwinResource)
        /// Somebody at the control socket waits.
        case answer(Answer)
    }

    /// What an answer at the control socket is about.
    enum Answer {
        case twin(Device)
        case command(CommandID)
        /// With the command as it was.
        case order(CommandRecord)
        /// With the commands that there were.
        case sequence(String, known: Set<CommandID>)
    }

    /// Some input of this turn may change the twin of this device.
    mutating func touches(_ device: Device) -> Bool {
        for input in inputs.dropFirst(looked) {
            switch input {
            case .reading(let reading): touched.insert(reading.device)
            case .desired(let write): touched.insert(write.device)
            case .twin(let order): touched.insert(order.device)
            case .exchange, .deviceAccepted, .registered, .response, .command, .sequence, .order:
                break
            }
        }
        looked = inputs.count
        return touched.contains(device)
    }

    /// Takes a device that no configuration names.
    package mutating func accept(deviceNamed name: String, engine: inout Engine) throws(Refusal)
        -> Device
    {
        try check(name, what: "device")
        let known = engine.registry.deviceNames.count
        guard let device = engine.intern(deviceNamed: name) else {
            throw Refusal(.serviceUnavailable, "no room for another device", .tableFull)
        }
        if engine.registry.deviceNames.count > known {
            deviceNames.append((device.index, name))
        }
        inputs.append(.deviceAccepted(device))
        return device
    }

    /// Takes a property of a device without a model.
    package mutating func accept(
        propertyNamed name: String, engine: inout Engine
    ) throws(Refusal) -> Property {
        try check(name, what: "property")
        guard let property = engine.intern(propertyNamed: name) else {
            throw Refusal(.serviceUnavailable, "no room for another property", .tableFull)
        }
        propertyNames.append((property.index, name))
        return property
    }

    /// Makes the readings from `first` on count for critical decisions alone, and forgets the
    /// exchange that carried them: they were not taken.
    package mutating func decideOnly(from first: Int) {
        for index in first..<inputs.count {
            guard case .reading(var reading) = inputs[index] else { continue }
            reading.flags.insert(.decideOnly)
            inputs[index] = .reading(reading)
        }
        let exchange = inputs[first...].firstIndex {
            if case .exchange = $0 { true } else { false }
        }
        if let exchange { inputs.remove(at: exchange) }
    }

    /// Letters, digits and a few signs: what is safe in a topic, a path and a log.
    private func check(_ name: String, what: String) throws(Refusal) {
        let isPlain = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x3a, 0x5f].contains($0)
        }
        guard isPlain, !name.isEmpty, name.utf8.count <= Turn.nameLengthMax else {
            throw Refusal(.badRequest, "not a name for a \(what)", .malformedRequest)
        }
    }
}
