/// What libFuzzer calls with each input: the text of a condition, behind one byte that chooses the
/// schema. Compiling ends in a program or in an error at a place within the text, and running what
/// compiled never traps and never gives a number that is not finite.
///
/// Compiled together with rooms Model and Language as one module, see run.sh.
@c(LLVMFuzzerTestOneInput)
package func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // Safe: libFuzzer lends `count` bytes for the time of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    guard let choice = input.first else { return 0 }
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    let located = Located(text, at: Place(file: "f", line: 1, column: 1))
    let schema = choice & 1 == 0 ? climate : windowed

    var diagnostics: [Diagnostic] = []
    let rule = Rule.compile(located, schema: schema, diagnostics: &diagnostics)
    precondition((rule == nil) == diagnostics.contains { $0.severity == .error })
    if let rule { run(rule, schema) }

    var others: [Diagnostic] = []
    let program = Program.compile(
        located, schema: schema, expecting: nil, diagnostics: &others)
    precondition((program == nil) == others.contains { $0.severity == .error })
    if let program { run(program, schema, slots: 0) }

    var steps: [Diagnostic] = []
    let formula = Formula.compile(
        located, schema: schema, isCounted: choice & 2 != 0, diagnostics: &steps)
    precondition((formula == nil) == steps.contains { $0.severity == .error })
    if let formula {
        precondition(formula.width == schema.columns.count)
        for call in formula.calls { run(call.argument, schema, slots: formula.calls.count) }
        run(formula.program, schema, slots: formula.calls.count)
    }

    for diagnostic in diagnostics + others + steps {
        precondition(diagnostic.place.column >= 1 && diagnostic.length >= 1)
        _ = diagnostic.render(sourceLine: text)
    }
    return 0
}

private let climate = Schema(columns: [
    .init(name: "temperature", type: .number, unit: Unit("celsius")),
    .init(name: "humidity", type: .number, unit: Unit("percent")),
    .init(name: "n", type: .integer), .init(name: "x", type: .number),
    .init(name: "door", type: .boolean),
    .init(name: "mode", type: .text, choices: ["off", "cool", "heat"]),
    .init(name: "last_reading", type: .timestamp),
])

private let windowed = Schema(
    columns: [
        .init(name: "device_id", type: .text),
        .init(name: "avg_temp", type: .number, unit: Unit("celsius"), aggregate: .avg),
        .init(name: "max_temp", type: .number, unit: Unit("celsius"), aggregate: .max),
        .init(name: "min_temp", type: .number, unit: Unit("celsius"), aggregate: .min),
    ], isWindowed: true)

private func run(_ rule: Rule, _ schema: Schema) {
    precondition(rule.links.count == rule.steps.count - 1)
    let slots = rule.aggregates.count + rule.calls.count + rule.captures.count
    for step in rule.steps {
        switch step.what {
        case .condition(let program), .absence(of: let program, _), .group(_, of: _, let program):
            run(program, schema, slots: slots)
        case .noData: break
        }
    }
    for call in rule.fed { run(call.argument, schema, slots: rule.fed.count) }
    for aggregate in rule.aggregates {
        guard case .program(let program) = aggregate.argument else { continue }
        run(program, schema, slots: rule.fed.count)
    }
}

/// Rows of every kind of value, of the schema's type or of another, and one that is too short.
private func run(_ program: Program, _ schema: Schema, slots: Int) {
    let values: [Value?] = [
        nil, .integer(.max), .integer(.min), .integer(0), .number(1e308), .number(-1e308),
        .number(.nan), .number(.infinity), .number(0), .text("cool"), .boolean(true),
        .timestamp(.distantPast), .timestamp(.distantFuture),
    ]
    for first in values.indices {
        let row = (0..<schema.columns.count + slots).map { values[(first + $0) % values.count] }
        if case .number(let number)? = program.evaluate(row) { precondition(number.isFinite) }
    }
    _ = program.evaluate([])
}
