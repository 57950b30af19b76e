import Model
import Simulation
import Wire

/// How the answer to a what-if is printed.
extension WhatIf {
    func document(_ registry: Registry) -> Document {
        var devices: [Document.Entry] = []
        for device in question.devices {
            let entries = trajectories.filter { $0.device == device }.map { one in
                Document.Entry(registry.name(of: one.property), WhatIf.document(of: one))
            }
            devices.append(.init(registry.name(of: device), .map(entries)))
        }
        return .map([
            .init("start", .timestamp(start)),
            .init("end", .timestamp(start + question.duration)),
            .init("step_ms", .integer(question.step.count)),
            .init("seed", .integer(Int64(clamping: question.seed))),
            .init("times", .array(times.map { .timestamp($0) })),
            .init("devices", .map(devices)),
            .init("events", .array(events.map(WhatIf.document))),
            .init("events_dropped", .integer(Int64(eventsDropped))),
        ])
    }

    private static func document(of one: Trajectory) -> Document {
        var entries: [Document.Entry] = []
        let numbers = one.numbers
        if let least = numbers.min(), let most = numbers.max() {
            entries = [.init("min", .number(least)), .init("max", .number(most))]
        }
        entries.append(.init("last", Document(one.values.last ?? nil)))
        entries.append(.init("values", .array(one.values.map { Document($0) })))
        return .map(entries)
    }

    private static func document(of event: Event) -> Document {
        .map([
            .init("time", .timestamp(event.time)), .init("kind", .text(event.kind.rawValue)),
            .init("name", .text(event.name)),
            .init("device", event.device.map { .text($0) } ?? .null),
            .init("fields", Document(event.fields)),
        ])
    }

    /// One line for each sample of each property.
    func csv(_ registry: Registry) -> String {
        var lines = "time,device,property,value\n"
        for (place, time) in times.enumerated() {
            for one in trajectories {
                guard let value = one.values[place] else { continue }
                lines +=
                    "\(time),\(WhatIf.field(registry.name(of: one.device))),"
                    + "\(registry.name(of: one.property)),\(WhatIf.field(value.description))\n"
            }
        }
        return lines
    }

    /// In quotes where RFC 4180 wants them.
    private static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else {
            return text
        }
        return "\""
            + text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }

    func text(_ registry: Registry) -> String {
        var rows = [["DEVICE", "PROPERTY", "FIRST", "LAST", "LEAST", "MOST"]]
        for one in trajectories {
            let numbers = one.numbers
            rows.append([
                registry.name(of: one.device), registry.name(of: one.property),
                one.values.lazy.compactMap { $0 }.first?.description ?? "-",
                (one.values.last ?? nil)?.description ?? "-",
                numbers.min().map { "\($0)" } ?? "-", numbers.max().map { "\($0)" } ?? "-",
            ])
        }
        var text = "from \(start), \(question.duration) in steps of \(question.step)\n\n"
        text += table(rows)
        if events.allSatisfy({ $0.kind == .log }) { return text + "\nnothing followed\n" }
        let followed = events.filter { $0.kind != .log }.map { event in
            [
                "+\(event.time - start)", event.kind.rawValue, event.name, event.device ?? "-",
                event.fields.map { "\($0.name)=\($0.value?.description ?? "")" }
                    .joined(separator: " "),
            ]
        }
        text += "\n" + table([["AFTER", "WHAT", "NAME", "DEVICE", "VALUES"]] + followed)
        if eventsDropped > 0 { text += "and \(eventsDropped) more\n" }
        return text
    }
}

extension WhatIf.Trajectory {
    /// Those of its values that are numbers.
    fileprivate var numbers: [Double] {
        values.compactMap { value in
            if case .boolean? = value { nil } else { value?.double }
        }
    }
}
