import CoAP
import Commands
import Engine
import Model
import Wire

/// `/command/{device}/{id}`: the device tells how it is getting on with a command, and what came
/// of it.
extension Gateway {
    func routeCommand(_ request: Request) throws(Refusal) -> Disposition {
        guard request.method == .post || request.method == .put else {
            throw Refusal(.methodNotAllowed, "a command takes POST and PUT", .methodNotAllowed)
        }
        let device = try knownDevice(request)
        guard let id = CommandID(digits: request.path.string(2)),
            let record = engine.commands.record(id), record.device == device
        else {
            throw Refusal(
                .notFound, "\(request.path.string(1)) was not sent this command",
                .unknownCommand)
        }
        let report = try report(of: request)
        guard let outcome = CommandResponse.Outcome(report: report) else {
            throw Refusal(
                .badRequest,
                "state is accepted, executing, succeeded, failed or cancelled",
                .malformedPayload)
        }
        if let refusal = intakeRefusal(queued: turn.inputs.count) { throw refusal }
        turn.inputs.append(.exchange(request.exchangeKey.rawValue))
        turn.inputs.append(
            .response(
                CommandResponse(
                    command: id, attempt: record.attempts, purpose: .execute,
                    outcome: outcome)))
        turn.replies.append((request.ticket, Response(.changed)))
        return .deferred
    }

    private func report(of request: Request) throws(Refusal) -> Document {
        do throws(WireError) {
            switch request.contentFormat {
            case .json?: return try Document(json: request.payload.span)
            case .cbor?: return try Document(cbor: request.payload.span)
            default: break
            }
        } catch {
            throw Refusal(.badRequest, error.description, .malformedPayload)
        }
        throw Refusal(.unsupportedContentFormat, "send a map in 50 or 60", .unsupportedFormat)
    }
}
