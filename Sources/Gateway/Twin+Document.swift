package import Engine
package import Model
import Twins
package import Wire

extension Engine {
    /// A twin as `GET /twin/{device}` and `iotflow twin get` show it; nil where there is no such
    /// device.
    package func twinDocument(of device: Device) -> Document? {
        guard let entry = registry.entry(device) else { return nil }
        var document: [Document.Entry] = [.init("device", .text(entry.name))]
        if let model = entry.model {
            document.append(.init("model", .text(registry.models[model].name)))
        }
        let view = twins.twin(of: device)
        document.append(.init("last_seen", view?.lastSeen.map { .timestamp($0) } ?? .null))
        var reported: [Document.Entry] = []
        var desired: [Document.Entry] = []
        for property in view?.properties ?? [] {
            let name = registry.name(of: property.property)
            if let half = property.reported {
                reported.append(
                    .init(
                        name,
                        .map([
                            .init("value", Document(half.value)),
                            .init("unit", unit(of: property.property, on: device)),
                            .init("version", .integer(Int64(half.version))),
                            .init("time", .timestamp(half.time)),
                            .init(
                                "device_time", half.deviceTime.map { .timestamp($0) } ?? .null),
                            .init("arrival", .timestamp(half.arrival)),
                            .init(
                                "stale_after_ms",
                                property.staleAfter.map { .integer($0.count) } ?? .null),
                            .init("clock_suspect", .boolean(half.isClockSuspect)),
                            .init("source", .text(half.source.name)),
                        ])))
            }
            if let half = property.desired {
                desired.append(
                    .init(
                        name,
                        .map([
                            .init("value", Document(half.value)),
                            .init("version", .integer(Int64(half.version))),
                            .init("time", .timestamp(half.time)),
                            .init("source", .text(half.source.name)),
                            .init("in_sync", .boolean(property.isInSync)),
                            .init("state", .text("\(property.state)")),
                            .init(
                                "slot", half.slot.map { .integer(Int64($0.number)) } ?? .null),
                            .init("slots", .array(property.slots.map(\.document))),
                        ])))
            }
        }
        document.append(.init("reported", .map(reported)))
        document.append(.init("desired", .map(desired)))
        document.append(
            .init(
                "states",
                .map(
                    (view?.properties ?? []).map {
                        .init(registry.name(of: $0.property), .text("\($0.state)"))
                    })))
        return .map(document)
    }
}

extension Engine {
    private func unit(of property: Property, on device: Device) -> Document {
        registry.model(of: property, on: device)?.unit.map { .text($0.symbol) } ?? .null
    }
}

extension DesiredSlot {
    /// One priority's wish, `null` where it was relinquished.
    fileprivate var document: Document {
        .map([
            .init("slot", .integer(Int64(slot.number))),
            .init("value", value.map { Document($0) } ?? .null),
            .init("time", .timestamp(stamp.time)),
            .init("expires", expires.map { .timestamp($0) } ?? .null),
            .init("source", .text(source.name)),
        ])
    }
}

extension TwinSource {
    /// As it is printed.
    package var name: String {
        switch self {
        case .device: "device"
        case .command: "command"
        case .pattern: "pattern"
        case .operatorRequest: "operator"
        case .simulated: "simulated"
        }
    }
}
