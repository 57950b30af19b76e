package import Model

/// What a device is asked about a command, as `Transmission.Purpose` has it on the wire.
package struct DeviceRequest: Hashable, Sendable {
    package var id: CommandID
    /// A device refuses a lower one than it has seen; 0 where it is not fenced.
    package var fence: UInt64
    package var action: Action

    package enum Action: Hashable, Sendable {
        case run(name: String, parameters: [Field])
        /// Be ready to run it.
        case prepare(name: String, parameters: [Field])
        /// What was prepared will not come.
        case release
        /// How does it stand?
        case probe
        case cancel
        /// Let this property have this value.
        case write(property: String, value: Value?)
    }

    package init(id: CommandID, fence: UInt64 = 0, _ action: Action) {
        self.id = id
        self.fence = fence
        self.action = action
    }

    /// What `transmission` says when it arrives.
    package init(_ transmission: Transmission) {
        id = transmission.command
        fence = transmission.fence
        action = DeviceRequest.action(of: transmission)
    }

    private static func action(of transmission: Transmission) -> Action {
        switch transmission.purpose {
        case .execute where transmission.method == .put && transmission.path.count == 1:
            .write(
                property: transmission.path[0], value: transmission.parameters.first?.value)
        case .execute:
            .run(name: transmission.name, parameters: transmission.parameters)
        case .prepare:
            .prepare(name: transmission.name, parameters: transmission.parameters)
        case .release: .release
        case .probe: .probe
        case .cancel: .cancel
        }
    }
}
