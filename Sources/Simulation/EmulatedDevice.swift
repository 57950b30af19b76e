package import Model

/// One device's own truth: the values it holds and the commands it has run.
package struct EmulatedDevice: Sendable {
    package let device: Device
    private let model: DeviceModel?
    private var values: [(property: Property, value: Value)] = []
    /// The ids of the commands run last, so that a repeat is dropped; as many as a small device
    /// keeps.
    private var ran: [CommandID] = []
    private static let idsKept = 32

    /// How a device answers a command.
    package struct Answer: Sendable {
        /// Class * 100 + detail: 204, 400, 404.
        package var code: Int
        /// The properties it then reports.
        package var reports: [(property: Property, value: Value)]
        /// True for a command that it has run before, and did not run again.
        package var isRepeat = false
    }

    package init(_ device: Device, registry: Registry) {
        self.device = device
        model = registry.entry(device)?.model.map { registry.models[$0] }
        for property in model?.properties ?? [] {
            guard let index = registry.property(named: property.name) else { continue }
            if let choice = property.choices.first {
                values.append((index, .text(choice)))
            } else if property.type == .boolean {
                values.append((index, .boolean(false)))
            }
        }
    }

    /// The switches and choices, which have a value from the start.
    var reportable: [(property: Property, value: Value)] {
        values.filter { $0.value.double == nil || $0.value == .boolean(false) }
    }

    var known: [(property: Property, value: Value)] { values }

    func state(_ property: Property) -> Value? {
        values.first { $0.property == property }?.value
    }

    mutating func note(_ property: Property, _ value: Value) {
        if let place = values.firstIndex(where: { $0.property == property }) {
            values[place].value = value
        } else {
            values.append((property, value))
        }
    }

    mutating func execute(
        _ name: String, id: CommandID, parameters: [Field], registry: Registry
    ) -> Answer {
        guard let model, let command = model.commands.first(where: { $0.name == name }) else {
            return Answer(code: 404, reports: [])
        }
        let writes = model.writes(of: command, parameters: parameters.map(\.name))
        var reports: [(property: Property, value: Value)] = []
        for write in writes {
            guard let value = parameters.first(where: { $0.name == write.parameter })?.value,
                let property = registry.property(named: write.property)
            else { return Answer(code: 400, reports: []) }
            reports.append((property, value))
        }
        if ran.contains(id) {
            // Another command may have come in between: what counts is what holds now.
            let now = reports.map { ($0.property, state($0.property) ?? $0.value) }
            return Answer(code: 204, reports: now, isRepeat: true)
        }
        if ran.count == EmulatedDevice.idsKept { ran.removeFirst() }
        ran.append(id)
        for report in reports { note(report.property, report.value) }
        return Answer(code: 204, reports: reports)
    }
}
