import Model
import Twins

/// One controller with a model and one device without, and a twin table over both.
struct Building {
    var registry = Registry()
    var table: TwinTable
    let unit: Device
    let stranger: Device

    init(
        sync: [TwinSyncDefinition] = [], policy: TwinSyncDefinition.ConflictResolution? = nil,
        version: String = "1.0.0", properties: [PropertyModel]? = nil
    ) {
        // Names keep their numbers, whatever the model has.
        for name in ["mode", "setpoint", "count", "fan"] { _ = registry.addProperty(name) }
        let model = registry.add(
            DeviceModel(
                name: "controller", version: version,
                properties: properties ?? [
                    PropertyModel(name: "mode", type: .text),
                    PropertyModel(
                        name: "setpoint", unit: Unit("Cel"), range: -50...100, tolerance: 0.25,
                        isWritable: true, policy: policy, expectedInterval: .seconds(10)),
                    PropertyModel(name: "count", type: .integer, tolerance: 1),
                    PropertyModel(
                        name: "fan", isWritable: true, defaultValue: .number(40)),
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
        flags: Reading.Flags = [], source: TwinSource = .device, order: ReportOrder = ReportOrder(),
        of device: Device? = nil
    ) -> ReportOutcome {
        let reading = Reading(
            device: device ?? unit, property: property(name), time: Instant(milliseconds: time),
            value: value, flags: flags)
        return table.report(
            reading, source: source, order: order, registry: registry,
            at: Instant(milliseconds: now ?? time))
    }

    /// The desired version afterwards; 0 where there was no room.
    @discardableResult
    mutating func desire(
        _ name: String, _ value: Value?, at now: Int64, source: TwinSource = .command
    ) -> UInt32 {
        switch write(name, value, at: now, source: source) {
        case .accepted(let version), .unchanged(let version), .outdated(let version): version
        default: 0
        }
    }

    @discardableResult
    mutating func write(
        _ name: String, _ value: Value?, at now: Int64, slot: DesiredWrite.Slot = .program,
        source: TwinSource = .operatorRequest, expires: Int64? = nil, stamp: Stamp? = nil,
        ifVersion: UInt32? = nil, in unit: Unit? = nil
    ) -> TwinTable.WriteOutcome {
        table.write(
            DesiredWrite(
                self.unit, property(name), value, source: source, slot: slot,
                expires: expires.map { Instant(milliseconds: $0) }, stamp: stamp),
            ifVersion: ifVersion, in: unit, registry: registry, at: Instant(milliseconds: now))
    }

    mutating func advance(to now: Int64) { table.advance(to: Instant(milliseconds: now)) }

    /// What is to be sent of the unit at `now`.
    mutating func sends(at now: Int64) -> [TwinSend] {
        advance(to: now)
        return table.takeSends()
    }

    mutating func sent(_ name: String, at now: Int64, by command: CommandID? = nil) {
        table.sent(
            property(name), of: unit, version: view(name)?.desiredVersion ?? 0,
            by: command ?? CommandID(value: 7), at: Instant(milliseconds: now))
    }

    @discardableResult
    mutating func answer(
        _ answer: TwinTable.Answer, _ name: String, version: UInt32? = nil, at now: Int64
    ) -> TwinTable.AnswerOutcome {
        table.answered(
            answer, property(name), of: unit, version: version ?? view(name)?.desiredVersion ?? 0,
            at: Instant(milliseconds: now))
    }

    @discardableResult
    mutating func order(
        _ decision: TwinOrder.Decision, _ name: String?, at now: Int64
    ) -> TwinTable.OrderOutcome {
        let property = name.map { self.property($0) }
        return table.order(
            TwinOrder(principal: "test", device: unit, property: property, decision: decision),
            at: Instant(milliseconds: now))
    }

    mutating func view(_ name: String, of device: Device? = nil) -> TwinView.PropertyView? {
        let property = property(name)
        return table.twin(of: device ?? unit)?.properties.first { $0.property == property }
    }

    mutating func state(_ name: String) -> PropertyState { view(name)?.state ?? .unknown }

    func bytes(of device: Device) -> [UInt8] {
        var writer = ByteWriter()
        table.encode(device, into: &writer)
        return writer.bytes
    }
}

/// A stamp of another gateway.
func stamp(_ milliseconds: Int64, _ counter: UInt64 = 0, origin: UInt32 = 9) -> Stamp {
    Stamp(clock: UInt64(milliseconds) << 16 | counter, origin: origin)
}
