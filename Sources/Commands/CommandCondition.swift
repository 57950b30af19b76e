import Language
package import Model

/// A condition on what a device reports, made ready: a step's `when`, a command's `verify`.
///
/// It is stored as its text and compiled again; a text that no longer fits the device's model is
/// true of nothing and false of nothing.
package struct CommandCondition: Hashable, Sendable {
    package let text: String
    private let program: Program?
    private let columns: [Column]

    /// A property the text may name, and how old its value may be.
    private struct Column: Hashable, Sendable {
        var property: Property?
        var maxAge: Milliseconds?
    }

    /// Errors, where the text is none over the model's properties, are in `diagnostics`.
    package init(
        _ text: Located<String>, model: DeviceModel?, registry: Registry,
        diagnostics: inout [Diagnostic]
    ) {
        self.text = text.value
        let properties = model?.properties ?? []
        let schema = Schema(
            columns: properties.map {
                Schema.Column(name: $0.name, type: $0.type, unit: $0.unit, choices: $0.choices)
            })
        columns = properties.map { property in
            Column(
                property: registry.property(named: property.name),
                maxAge: property.expectedInterval.map { $0 * 3 })
        }
        program = Program.compile(
            text, schema: schema, expecting: .boolean, diagnostics: &diagnostics)
    }

    /// Whether it holds on fresh values; nil where they do not tell. Fresh are those no older than
    /// three of their usual intervals, else `maxAge`.
    func holds(
        for device: Device, in twins: any TwinReader, maxAge: Milliseconds, at now: Instant
    ) -> Bool? {
        evaluate(device, twins) { now - ($0 ?? maxAge) }
    }

    /// Whether it holds on values that arrived at or after `start`.
    func holds(for device: Device, in twins: any TwinReader, since start: Instant) -> Bool? {
        evaluate(device, twins) { _ in start }
    }

    private func evaluate(
        _ device: Device, _ twins: any TwinReader, oldest: (Milliseconds?) -> Instant
    ) -> Bool? {
        program?.holds(
            columns.map { column in
                guard let property = column.property,
                    let report = twins.reported(property, of: device),
                    report.arrived >= oldest(column.maxAge)
                else { return nil }
                return report.value
            })
    }
}

/// What conditions ask of the twins.
package protocol TwinReader: Sendable {
    /// What the device last reported of a property, and when that arrived.
    func reported(_ property: Property, of device: Device) -> TwinReport?
}

/// A reported value, and when it came in.
package struct TwinReport: Hashable, Sendable {
    package var value: Value
    package var arrived: Instant

    package init(_ value: Value, arrived: Instant) {
        self.value = value
        self.arrived = arrived
    }
}

/// Nothing is known of any device.
package struct NoTwins: TwinReader {
    package init() {}
    package func reported(_ property: Property, of device: Device) -> TwinReport? { nil }
}
