package import Model
package import Wire

/// How a command stands on its device, as it answers a probe and tells of it by itself.
package struct CommandStatus: Hashable, Sendable {
    package var state: State
    /// How much of it is done, while it runs.
    package var percent: Int?
    package var reason: String?
    /// A failure that may be over soon.
    package var isTransient = false
    /// What the command puts out.
    package var output: [Field] = []

    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Taken up; only as an answer to the command itself.
        case accepted
        case executing, succeeded, failed, cancelled
    }

    package init(_ state: State) { self.state = state }

    /// The map on the wire: `state`, and of `percent`, `reason`, `transient` and `output` what
    /// there is.
    package var document: Document {
        var entries: [Document.Entry] = [.init("state", .text(state.rawValue))]
        if let percent { entries.append(.init("percent", .integer(Int64(percent)))) }
        if let reason { entries.append(.init("reason", .text(reason))) }
        if isTransient { entries.append(.init("transient", .boolean(true))) }
        if !output.isEmpty { entries.append(.init("output", Document(output))) }
        return .map(entries)
    }
}
