import CoAP
import Config
import Engine
import Model

/// The resource directory's simple side (RFC 9176): a device says under which address its commands
/// reach it, and for how long.
extension Gateway {
    /// RFC 9176 section 5.3: seconds, 25 hours where the device names none.
    private static let defaultLifetime: UInt64 = 90_000

    func register(_ request: Request) throws(Refusal) -> Disposition {
        let parameters = try Parameters(request)
        if request.path.count == 2 {
            let device = try registeredDevice(named: request.path.string(1))
            switch request.method {
            case .delete:
                turn.inputs.append(.exchange(request.exchangeKey.rawValue))
                turn.inputs.append(.registered(device, address: "", lifetime: nil))
                return answerAfterTurn(request, Response(.deleted))
            case .post:
                add(device, parameters, request)
                return answerAfterTurn(request, Response(.changed))
            default:
                throw Refusal(
                    .methodNotAllowed, "a registration takes POST and DELETE", .methodNotAllowed)
            }
        }
        guard request.method == .post else {
            throw Refusal(.methodNotAllowed, "/rd takes POST", .methodNotAllowed)
        }
        guard let name = parameters.endpoint else {
            throw Refusal(.badRequest, "the query parameter ep is missing", .malformedRequest)
        }
        let device = try registeredDevice(named: name)
        add(device, parameters, request)
        return answerAfterTurn(request, Response(.created, locationPath: ["rd", name]))
    }

    private func add(_ device: Device, _ parameters: Parameters, _ request: Request) {
        turn.inputs.append(.exchange(request.exchangeKey.rawValue))
        turn.inputs.append(
            .registered(
                device, address: parameters.base ?? "coap://\(request.peer)",
                lifetime: .seconds(Int64(parameters.lifetime))))
    }

    private func answerAfterTurn(_ request: Request, _ response: Response) -> Disposition {
        turn.replies.append((request.ticket, response))
        return .deferred
    }

    private func registeredDevice(named name: String) throws(Refusal) -> Device {
        if let device = engine.registry.device(named: name) { return device }
        guard settings.acceptsUnknownDevices else {
            throw Refusal(.notFound, "no device is called '\(name)'", .unknownDevice)
        }
        return try turn.accept(deviceNamed: name, engine: &engine)
    }

    /// `ep`, `lt` and `base` of the query; others are for richer directories and are ignored.
    private struct Parameters {
        var endpoint: String?
        var lifetime = Gateway.defaultLifetime
        var base: String?

        init(_ request: Request) throws(Refusal) {
            for query in request.queries.strings {
                let parts = query.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "ep": endpoint = parts[1]
                case "lt":
                    guard let seconds = UInt64(parts[1]), (1...4_294_967_295).contains(seconds)
                    else {
                        throw Refusal(
                            .badRequest, "lt is 1 to 4294967295 seconds", .malformedRequest)
                    }
                    lifetime = seconds
                case "base":
                    guard SocketAddress(uri: parts[1]) != nil else {
                        throw Refusal(
                            .badRequest, "base is coap://address:port", .malformedRequest)
                    }
                    base = parts[1]
                default: break
                }
            }
        }
    }
}

extension SocketAddress {
    /// Reads `coap://127.0.0.1:5683`, as registrations and configurations spell an address.
    package init?(uri: String) {
        guard uri.hasPrefix("coap://") else { return nil }
        let rest = uri.dropFirst("coap://".count)
        self.init(String(rest.hasSuffix("/") ? rest.dropLast() : rest))
    }
}
