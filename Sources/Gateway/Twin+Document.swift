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
                            .init("version", .integer(Int64(half.version))),
                            .init("time", .timestamp(half.time)),
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
                        ])))
            }
        }
        document.append(.init("reported", .map(reported)))
        document.append(.init("desired", .map(desired)))
        return .map(document)
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
        }
    }
}
