package import Model

/// What a graph asks of the scheduler.
extension CommandScheduler: CommandRunner {
    package func load(of device: Device) -> Int {
        Int(device.index) < lanes.count ? lanes[Int(device.index)].queue.count : 0
    }

    package func writers(of property: Property, on device: Device) -> [String] {
        guard Int(device.index) < lanes.count else { return [] }
        return lanes[Int(device.index)].queue.map { commands[$0].form }
            .filter { $0.writes.contains { $0.property == property } }.map(\.name)
    }

    /// Makes the command of a step.
    package mutating func submit(
        _ order: SequenceOrder, registry: Registry, twins: any TwinReader, at now: Instant,
        into effects: inout [CommandEffect]
    ) -> StepEnd? {
        var terms = CommandTerms()
        terms.sequence = order.sequence
        terms.step = order.step
        terms.policy = order.policy
        let answer = submit(
            order.request, terms: terms, registry: registry, twins: twins, at: now, into: &effects)
        switch answer {
        case .accepted: return nil
        case .refused(let refusal):
            return StepEnd(
                command: order.request.id, outcome: .failed, maybeExecuted: false, attempts: 0,
                reason: refusal.description)
        case .known(let id):
            return record(id).flatMap {
                $0.state.isFinal ? StepEnd($0, isRefused: false) : nil
            }
        }
    }

    package mutating func cancel(
        _ command: CommandID, twins: any TwinReader, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        decide(
            CommandOrder(principal: "sequence", command: command, decision: .cancel),
            twins: twins, at: now, into: &effects)
    }
}

extension StepEnd {
    /// `isRefused`: the device has said no to the one attempt there was.
    init(_ record: CommandRecord, isRefused: Bool) {
        command = record.id
        attempts = record.attempts
        reason = record.result
        outcome =
            switch record.state {
            case .succeeded: .succeeded
            case .indeterminate: .indeterminate
            default: .failed
            }
        maybeExecuted = record.maybeExecuted && !(isRefused && record.attempts == 1)
    }
}

extension AuditEntry {
    /// A device has refused a transmission with an error code, so did not run it.
    var saysRefused: Bool {
        from == "sent" && to == "failed" && (reason.hasPrefix("4.") || reason.hasPrefix("5."))
    }
}
