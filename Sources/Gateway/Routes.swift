import CoAP
import Config
import Engine
import Model
import Wire

/// Which request goes where. Runs inside `drain`; what must be durable is answered after the turn.
extension Gateway {
    func answer(_ request: Request) -> Disposition {
        do throws(Refusal) {
            return try route(request)
        } catch {
            counters.count(error)
            return .reply(error.response)
        }
    }

    private func route(_ request: Request) throws(Refusal) -> Disposition {
        let path = request.path
        if path.matches(0, "twin"), path.count == 2 || path.count == 3 {
            return try routeTwin(request)
        }
        // Critical options (RFC 7252 section 5.10.8): to ignore them would be to disobey them.
        if request.isConditional {
            throw Refusal(.badOption, "If-Match and If-None-Match do not apply", .malformedRequest)
        }
        if path.matches(0, "telemetry"), path.count == 2 || path.count == 3 {
            guard request.method == .post || request.method == .put else {
                throw Refusal(
                    .methodNotAllowed, "telemetry takes POST and PUT", .methodNotAllowed)
            }
            return try receiveTelemetry(request)
        }
        if path.matches(0, "command"), path.count == 3 { return try routeCommand(request) }
        if path.matches(0, "rd"), path.count == 1 || path.count == 2 {
            return try register(request)
        }
        if path.matches(0, ".well-known"), path.matches(1, "core"), path.count == 2 {
            return try describe(request)
        }
        throw Refusal(
            .notFound, "nothing at /\(path.strings.joined(separator: "/"))", .unknownResource)
    }

    func receiveTelemetry(_ request: Request) throws(Refusal) -> Disposition {
        let first = turn.inputs.count
        try telemetry.receive(request, engine: &engine, turn: &turn, counters: &counters)
        if let refusal = intakeRefusal(queued: first) {
            // Decide on it all the same, but promise nothing: the device will send it again.
            turn.decideOnly(from: first)
            throw refusal
        }
        guard request.isConfirmable, settings.durability != .relaxed else {
            return .reply(Response(.changed))
        }
        turn.replies.append((request.ticket, Response(.changed)))
        return .deferred
    }

    /// `/.well-known/core` (RFC 6690): the resources by kind, as a device needs them to start.
    private func describe(_ request: Request) throws(Refusal) -> Disposition {
        guard request.method == .get else {
            throw Refusal(.methodNotAllowed, "/.well-known/core takes GET", .methodNotAllowed)
        }
        guard request.accept == nil || request.accept == .link else {
            throw Refusal(.notAcceptable, "only content format 40 is available", .notAcceptable)
        }
        let filters = request.queries.strings.compactMap { LinkFilter($0) }
        let payload = LinkFormat.write(Gateway.links, matching: filters)
        return .reply(Response(.content, format: .link, payload: payload))
    }

    private static let links = [
        Link(
            "/telemetry",
            [.init("rt", "iotflow.telemetry"), .init("ct", "0 50 60 110 112")]),
        Link("/twin", [.init("rt", "iotflow.twin"), .init("ct", "50 60 110 112")]),
        Link("/command", [.init("rt", "iotflow.command"), .init("ct", "50 60")]),
        Link("/rd", [.init("rt", "core.rd"), .init("ct", "40")]),
    ]

    /// Why telemetry cannot be promised to be kept now; nil while it can.
    func intakeRefusal(queued: Int) -> Refusal? {
        if !isStoreReady {
            return Refusal(
                .serviceUnavailable, "not storing: \(storeState)", .storeUnavailable)
        }
        if isStoreQueueFull || queued >= settings.limits.queue {
            return Refusal(.serviceUnavailable, "overloaded", .overloaded)
        }
        return nil
    }
}
