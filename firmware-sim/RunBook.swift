import Model
import Simulation
import Wire

/// Which commands each device ran, how often, and in what order: kept apart from what devices
/// themselves remember, so that it shows what they ran twice.
struct RunBook {
    private var runs: [Device: [CommandID: Run]] = [:]
    private var count = 0
    /// Commands that found the book full.
    private(set) var unrecorded = 0

    private static let limit = 200_000

    private struct Run {
        var name: String
        var parameters: [Field]
        /// Counts all commands of all devices, by when they came first.
        var order: Int
        var executed = 0
        var repeated = 0
        var refused = 0
        var state: String
    }

    mutating func add(
        _ request: DeviceRequest, _ name: String, _ answer: EmulatedDevice.Answer,
        on device: Device
    ) {
        if runs[device]?[request.id] == nil {
            guard count < RunBook.limit else {
                unrecorded += 1
                return
            }
            count += 1
            var parameters: [Field] = []
            if case .run(_, let given) = request.action { parameters = given }
            if case .write(let property, let value) = request.action {
                parameters = [Field(property, value)]
            }
            runs[device, default: [:]][request.id] = Run(
                name: name, parameters: parameters, order: count, state: "refused")
        }
        if answer.isRepeat {
            runs[device]?[request.id]?.repeated += 1
        } else if answer.hasRun {
            runs[device]?[request.id]?.executed += 1
            let isOver = answer.status?.state != .accepted
            runs[device]?[request.id]?.state = isOver ? "succeeded" : "executing"
        } else {
            runs[device]?[request.id]?.refused += 1
        }
    }

    mutating func note(_ command: CommandID, _ status: CommandStatus, on device: Device) {
        runs[device]?[command]?.state = status.state.rawValue
    }

    /// For each device its commands in the order in which they came.
    func document(_ registry: Registry) -> Document {
        .map(
            runs.sorted { $0.key.index < $1.key.index }.map { device, runs in
                .init(
                    registry.name(of: device),
                    .array(
                        runs.sorted { $0.value.order < $1.value.order }
                            .map { RunBook.document(of: $0.value, $0.key) }))
            })
    }

    private static func document(of run: Run, _ id: CommandID) -> Document {
        .map([
            .init("id", .text(id.description)), .init("command", .text(run.name)),
            .init("parameters", Document(run.parameters)),
            .init("order", .integer(Int64(run.order))),
            .init("executed", .integer(Int64(run.executed))),
            .init("repeated", .integer(Int64(run.repeated))),
            .init("refused", .integer(Int64(run.refused))), .init("state", .text(run.state)),
        ])
    }
}
