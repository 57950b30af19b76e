import Commands
package import Model
import Twins

/// Between twins and commands: a wish becomes a command, and what becomes of the command is what
/// becomes of the wish.
extension Engine {
    /// The name under which twins ask for commands.
    static let twinPrincipal = "twin"

    /// Takes a write into the desired half; what is refused is told.
    mutating func take(_ write: DesiredWrite, at now: Instant, into effects: inout [Effect]) {
        let outcome = twins.write(write, registry: registry, at: now)
        let reason: String
        switch outcome {
        case .accepted, .unchanged: return
        case .outdated: reason = "a newer one is there"
        case .versionMismatch: reason = "another version is there"
        case .misfit(let text): reason = text
        case .stampTooNew: reason = "its stamp is from the future"
        case .full: reason = "the device has as many properties as it may have"
        case .unknownDevice: reason = "there is no such device"
        }
        effects.append(.log("twin: a write of \(place(write)) was refused: \(reason)"))
    }

    /// Takes what somebody decides about a twin.
    mutating func take(_ order: TwinOrder, at now: Instant, into effects: inout [Effect]) {
        let outcome = twins.order(order, at: now)
        guard case .done(let properties) = outcome else {
            effects.append(.log("twin: \(order.decision) was in no place"))
            return
        }
        let name = order.property.map { registry.name(of: $0) } ?? "all"
        effects.append(
            .audit(
                AuditEntry(
                    time: now,
                    command: CommandID("twin", String(order.device.index), name, "\(now)"),
                    device: order.device, name: "twin/\(name)", from: "", to: "\(order.decision)",
                    reason: order.principal,
                    details: [Field("properties", .integer(Int64(properties)))])))
    }

    /// Lets the twins' time reach `now`, and sends what is to be sent.
    mutating func reconcileTwins(at now: Instant, into effects: inout [Effect]) {
        guard let due = twins.nextDeadline, due <= now else { return }
        twins.advance(to: now)
        for send in twins.takeSends() where address(of: send.device, at: now) != nil {
            request(send, at: now)
            perform(at: now, into: &effects)
        }
    }

    private mutating func request(_ send: TwinSend, at now: Instant) {
        let property = registry.name(of: send.property)
        let model = registry.entry(send.device)?.model.map { registry.models[$0] }
        var terms = CommandTerms()
        // The twin itself looks at the reports, and tries again.
        terms.policy = RetryPolicy(maxAttempts: 1)
        var (name, parameter) = ("put", property)
        if let writer = model?.writer(of: property) {
            (name, parameter) = writer
        } else {
            terms.command = CommandModel(name: name, method: .put, path: [property])
        }
        let request = CommandRequest(
            principal: Engine.twinPrincipal,
            key: "\(registry.name(of: send.device))/\(property)/\(send.version)/\(send.number)",
            device: send.device, name: name, parameters: [Field(parameter, send.value)],
            priority: send.slot <= .critical
                ? .critical : send.slot <= .manualOperator ? .high : .normal)
        let answer = commands.submit(
            request, terms: terms, registry: registry, twins: Reports(twins), at: now,
            into: &commandEffects)
        switch answer {
        case .refused(.full): return
        case .accepted, .known:
            twins.sent(
                send.property, of: send.device, version: send.version, by: request.id, at: now)
        case .refused:
            twins.sent(
                send.property, of: send.device, version: send.version, by: request.id, at: now)
            twins.answered(.refused, to: request.id, of: send.device, at: now)
        }
    }

    /// A command that is about to be sent sets a property.
    mutating func note(
        _ command: CommandID, sets property: Property, of device: Device, to value: Value,
        at now: Instant
    ) {
        let record = commands.record(command)
        // The wish was there before the command.
        if record?.principal == Engine.twinPrincipal { return }
        twins.command(
            command,
            sets: DesiredWrite(
                device, property, value, source: .command,
                slot: record?.priority == .critical ? .critical : .program),
            registry: registry, at: now)
    }

    /// A command has ended.
    mutating func note(_ record: CommandRecord, at now: Instant) {
        let answer: TwinTable.Answer
        switch record.state {
        case .succeeded: answer = .acknowledged()
        case .rejected: answer = .refused
        case .failed where record.result.hasPrefix("4."): answer = .refused
        default: answer = .failed
        }
        twins.answered(answer, to: record.id, of: record.device, at: now)
    }

    /// Tells what went wrong between wishes and devices.
    mutating func tellConflicts(at now: Instant, into effects: inout [Effect]) {
        for conflict in twins.takeConflicts() {
            let name = registry.name(of: conflict.property)
            effects.append(
                .audit(
                    AuditEntry(
                        time: now,
                        command: CommandID(
                            "twin", registry.name(of: conflict.device), name,
                            String(conflict.version)),
                        device: conflict.device, name: "twin/\(name)", from: "\(conflict.from)",
                        to: "\(conflict.to)", reason: "desired and reported differ",
                        details: [
                            Field("desired", conflict.desired),
                            Field("reported", conflict.reported),
                        ])))
        }
    }

    private func place(_ write: DesiredWrite) -> String {
        guard Int(write.device.index) < registry.deviceNames.count else { return "nothing" }
        return registry.name(of: write.device) + "." + registry.name(of: write.property)
    }

    /// The devices whose twins changed since they were last passed on, no more often than
    /// `update_frequency` allows.
    package mutating func takeNotifiedTwins(at now: Instant) -> [Device] {
        twins.takeNotified(at: now)
    }
}

extension DeviceModel {
    /// The command that sets this property and nothing else, and its parameter.
    fileprivate func writer(of property: String) -> (command: String, parameter: String)? {
        for command in commands where !command.needsApproval {
            var parameters = command.inputs.map(\.name)
            if parameters.isEmpty { parameters = command.writes.map(\.parameter) }
            if parameters.isEmpty, command.name == "set_" + property { parameters = [property] }
            guard parameters.count == 1,
                writes(of: command, parameters: parameters).first?.property == property
            else { continue }
            return (command.name, parameters[0])
        }
        return nil
    }
}
