import Language
import Model

/// The schema that most tests read: one row of a climate sensor.
let climate = Schema(columns: [
    .init(name: "temperature", type: .number, unit: Unit("celsius")),
    .init(name: "humidity", type: .number, unit: Unit("percent")),
    .init(name: "power", type: .number, unit: Unit("watt")),
    .init(name: "n", type: .integer),
    .init(name: "m", type: .integer),
    .init(name: "x", type: .number),
    .init(name: "y", type: .number),
    .init(name: "door", type: .boolean),
    .init(name: "mode", type: .text, choices: ["off", "cool", "heat"]),
    .init(name: "label", type: .text),
    .init(name: "last_reading", type: .timestamp),
    .init(name: "context.device_id", type: .text),
    .init(name: "window", type: .number),
    .init(name: "zeta", type: .number),
    .init(name: "zone", type: .number),
    .init(name: "distance", type: .number, unit: Unit("m")),
])

/// The rows of the sample's window.
let windowed = Schema(
    columns: [
        .init(name: "device_id", type: .text),
        .init(name: "avg_temp", type: .number, unit: Unit("celsius"), aggregate: .avg),
        .init(name: "max_temp", type: .number, unit: Unit("celsius"), aggregate: .max),
        .init(name: "min_temp", type: .number, unit: Unit("celsius"), aggregate: .min),
    ], isWindowed: true)

/// A row of `climate` with these fields and nothing else.
func row(_ fields: KeyValuePairs<String, Value>, of schema: Schema = climate) -> [Value?] {
    var row = [Value?](repeating: nil, count: schema.columns.count)
    for (name, value) in fields {
        guard let index = schema.columns.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("no column \(name)")
        }
        row[index] = value
    }
    return row
}

/// What a text evaluates to on a row, or the errors that it has.
func evaluate(_ text: String, _ row: [Value?], schema: Schema = climate) -> Outcome {
    var diagnostics: [Diagnostic] = []
    let program = Program.compile(
        Located(text), schema: schema, expecting: nil, diagnostics: &diagnostics)
    guard let program else { return .errors(diagnostics.map(\.code)) }
    return .value(program.evaluate(row))
}

enum Outcome: Equatable {
    case value(Value?)
    case errors([String])
}
