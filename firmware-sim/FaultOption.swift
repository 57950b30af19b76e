import Arguments
import Model

/// Reads `--fault KIND=TARGET[/COMMAND][,after=SPAN][,delay=SPAN][,times=N][,probability=P]`.
enum FaultOption {
    static func read(_ text: String) throws(UsageError) -> FaultDefinition {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let head = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
        guard head.count == 2, let kind = FaultDefinition.Kind(rawValue: head[0]) else {
            let kinds = FaultDefinition.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError("--fault: '\(text)' is not KIND=TARGET; a KIND is \(kinds)")
        }
        let target = head[1].split(separator: "/", maxSplits: 1).map(String.init)
        guard let name = target.first else {
            throw UsageError("--fault: '\(text)' names no device or group")
        }
        // Whether it is a group or a device, the fleet finds out.
        var fault = FaultDefinition(
            kind, group: name, devices: [name], commands: Array(target.dropFirst()))
        for part in parts.dropFirst() { try set(part, in: &fault) }
        return fault
    }

    private static func set(_ text: String, in fault: inout FaultDefinition) throws(UsageError) {
        let pair = text.split(separator: "=", maxSplits: 1).map(String.init)
        let value = pair.count == 2 ? pair[1] : ""
        switch pair.first {
        case "after":
            if let span = Milliseconds(value), span >= .zero {
                fault.after = span
                return
            }
        case "delay":
            if let span = Milliseconds(value), span > .zero {
                fault.delay = span
                return
            }
        case "times":
            if let times = Int(value), times > 0 {
                fault.times = times
                return
            }
        case "probability":
            if let share = Double(value), (0...1).contains(share) {
                fault.probability = share
                return
            }
        default: break
        }
        throw UsageError("--fault: '\(text)' is none of after, delay, times and probability")
    }
}
