import Wire

extension Document {
    /// The numbers of a status in Prometheus' text format: a name is the path to a number, and
    /// where a map's keys are names of things, the key is a label.
    package var prometheus: String {
        var samples = Samples()
        for (key, label) in [
            ("intake", ""), ("streams", "stream"), ("commands", ""), ("twins", ""),
            ("coap", ""), ("store", ""),
            ("latency", "of"),
        ] {
            self[key]?.add(to: &samples, name: "iotflow_" + key, label: label, labels: "")
        }
        for key in ["events_processed", "commands_issued", "twin_sync_accuracy"] {
            self["report"]?[key]?.add(to: &samples, name: "iotflow_" + key, label: "", labels: "")
        }
        if case .array(let uplinks)? = self["uplinks"] {
            for uplink in uplinks {
                guard case .text(let sink)? = uplink["name"] else { continue }
                for key in ["acknowledged", "in_flight", "failures"] {
                    uplink[key]?.add(
                        to: &samples, name: "iotflow_uplink_" + key, label: "",
                        labels: "{sink=\"\(Document.escaped(sink))\"}")
                }
            }
        }
        return samples.text
    }

    /// The keys under which a map's own keys are names: of reasons and of lanes.
    private static let labelled = ["refused": "reason", "outbox": "lane"]

    private func add(to samples: inout Samples, name: String, label: String, labels: String) {
        switch self {
        case .integer(let value): samples.add(name, labels, "\(value)")
        case .number(let value): samples.add(name, labels, "\(value)")
        case .map(let entries):
            for entry in entries {
                guard case .text(let key) = entry.key else { continue }
                if label.isEmpty {
                    // `commands` has a count of that name.
                    let inner = name == "iotflow_commands" ? nil : Document.labelled[key]
                    entry.value.add(
                        to: &samples, name: "\(name)_\(key)", label: inner ?? "", labels: labels)
                } else {
                    entry.value.add(
                        to: &samples, name: name, label: "",
                        labels: "{\(label)=\"\(Document.escaped(key))\"}")
                }
            }
        default: break
        }
    }

    private static func escaped(_ text: String) -> String {
        text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}

/// Lines by metric: the format wants all of one metric together.
private struct Samples {
    private var names: [String] = []
    private var lines: [String: String] = [:]

    mutating func add(_ name: String, _ labels: String, _ value: String) {
        if lines[name] == nil { names.append(name) }
        lines[name, default: ""] += "\(name)\(labels) \(value)\n"
    }

    var text: String { names.compactMap { lines[$0] }.joined() }
}
