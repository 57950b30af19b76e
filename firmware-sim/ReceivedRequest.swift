import CoAP
import Model
import Simulation
import Wire

/// What a gateway sent to a device, read from the wire.
struct ReceivedRequest {
    var request: DeviceRequest

    /// Why it cannot be read.
    struct Refusal: Error {
        var code: Code
        var diagnostic: String
    }

    static func read(
        _ request: Request, for device: Device, registry: Registry
    ) -> Result<ReceivedRequest, Refusal> {
        do throws(Refusal) {
            return .success(
                ReceivedRequest(
                    request: try deviceRequest(request, for: device, registry: registry)))
        } catch {
            return .failure(error)
        }
    }

    private static func deviceRequest(
        _ request: Request, for device: Device, registry: Registry
    ) throws(Refusal) -> DeviceRequest {
        let path = request.path.strings
        if path.count == 2, path[0] == "command", request.method != .post {
            guard let id = CommandID(digits: path[1]) else {
                throw Refusal(code: .notFound, diagnostic: "no such command")
            }
            switch request.method {
            case .get: return DeviceRequest(id: id, .probe)
            case .delete: return DeviceRequest(id: id, .cancel)
            default:
                throw Refusal(
                    code: .methodNotAllowed, diagnostic: "a command takes POST, GET and DELETE")
            }
        }
        if path.count == 1, request.method == .put {
            let body = try Body(request)
            let value =
                body.value ?? body.fields.first { $0.name == "value" || $0.name == path[0] }?.value
            return DeviceRequest(
                id: body.id, fence: body.fence, .write(property: path[0], value: value))
        }
        guard let name = command(request.method, path, device, registry) else {
            throw Refusal(code: .notFound, diagnostic: "commands are at /command/{name}")
        }
        let body = try Body(request)
        let action: DeviceRequest.Action =
            switch body.phase {
            case "prepare": .prepare(name: name, parameters: body.fields)
            case "release": .release
            default: .run(name: name, parameters: body.fields)
            }
        return DeviceRequest(id: body.id, fence: body.fence, action)
    }

    /// The command that the device's model sends so.
    private static func command(
        _ method: CoAP.Method, _ path: [String], _ device: Device, _ registry: Registry
    ) -> String? {
        if path.count == 2, path[0] == "command" { return path[1] }
        guard let model = registry.entry(device)?.model else { return nil }
        return registry.models[model].commands.first { command in
            command.method.rawValue == "\(method)" && command.path.count == path.count
                && zip(command.path, path).allSatisfy { $0 == $1 || $0.contains("{") }
        }?.name
    }

    /// A map of id, fence, phase and parameters in CBOR or JSON, or a value alone.
    private struct Body {
        var id: CommandID
        var fence: UInt64 = 0
        var phase: String?
        var fields: [Field] = []
        var value: Value?

        /// A command without an id, as a person sends one, is named after its exchange.
        init(_ request: Request) throws(Refusal) {
            id = CommandID(value: UInt128(request.exchangeKey.rawValue))
            guard !request.payload.isEmpty else { return }
            let document =
                request.contentFormat == .json
                ? try? Document(json: request.payload.span)
                : try? Document(cbor: request.payload.span)
            let refusal = Refusal(
                code: .badRequest, diagnostic: "a command is a map of id and parameters")
            guard let document else { throw refusal }
            guard case .map(let entries) = document else {
                value = Value(document)
                return
            }
            for entry in entries {
                guard case .text(let name) = entry.key else { throw refusal }
                switch (name, entry.value) {
                case ("id", .text(let digits)):
                    guard let given = CommandID(digits: digits) else { throw refusal }
                    id = given
                case ("id", _): throw refusal
                case ("fence", .integer(let number)): fence = UInt64(max(0, number))
                case ("phase", .text(let word)): phase = word
                default: fields.append(Field(name, Value(entry.value)))
                }
            }
        }
    }
}
