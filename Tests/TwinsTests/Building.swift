import Model
import Twins

/// One controller with a model and one device without, and a twin table over both.
struct Building {
    var registry = Registry()
    var table: TwinTable
    let unit: Device
    let stranger: Device

    init(sync: [TwinSyncDefinition] = []) {
        let model = registry.add(
            DeviceModel(
                name: "controller",
                properties: [
                    PropertyModel(name: "mode", type: .text),
                    PropertyModel(name: "setpoint", tolerance: 0.25, isWritable: true),
                    PropertyModel(name: "count", type: .integer, tolerance: 1),
                ]))
        registry.addGroup("units")
        var entry = Registry.Entry(name: "unit-1")
        entry.model = model
        entry.groups = [0]
        unit = registry.add(entry) ?? Device(index: 0)
        stranger = registry.add(Registry.Entry(name: "stranger")) ?? Device(index: 1)
        var diagnostics: [Diagnostic] = []
        table = TwinTable(registry: registry, sync: sync, diagnostics: &diagnostics)
    }

    mutating func property(_ name: String) -> Property {
        registry.addProperty(name) ?? Property(index: 0)
    }

    @discardableResult
    mutating func report(
        _ name: String, _ value: Value, time: Int64, at now: Int64? = nil,
        flags: Reading.Flags = [], source: TwinSource = .device, of device: Device? = nil
    ) -> ReportOutcome {
        let reading = Reading(
            device: device ?? unit, property: property(name), time: Instant(milliseconds: time),
            value: value, flags: flags)
        return table.report(
            reading, source: source, registry: registry,
            at: Instant(milliseconds: now ?? time))
    }

    @discardableResult
    mutating func desire(
        _ name: String, _ value: Value?, at now: Int64, source: TwinSource = .command
    ) -> UInt32 {
        table.desire(
            value, property(name), of: unit, source: source, registry: registry,
            at: Instant(milliseconds: now))
    }

    mutating func view(_ name: String, of device: Device? = nil) -> TwinView.PropertyView? {
        let property = property(name)
        return table.twin(of: device ?? unit)?.properties.first { $0.property == property }
    }
}
