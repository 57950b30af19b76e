/// One message to a device about a command.
package struct Transmission: Hashable, Sendable {
    package var command: CommandID
    package var attempt: Int
    package var device: Device
    package var name: String
    package var method: CommandModel.Method
    package var path: [String]
    package var query: [String]
    /// In the order they were written; a CBOR map on the wire, with the command id under `id`.
    package var parameters: [Field]
    /// Sent in the turn that decided it, before its commit.
    package var isCritical: Bool
    package var purpose: Purpose
    /// Grows with each lease of the device; a device refuses a command with a lower one than it has
    /// seen. 0 where the device is not fenced.
    package var fence: UInt64

    /// What it asks of the device. On the wire:
    /// - `execute`: the command's own method and path; a map of `id`, `fence` and parameters.
    /// - `prepare`: the same with `phase: prepare`: be ready, answer 2.04 or refuse.
    /// - `release`: the same with `phase: release`: the prepared command will not come.
    /// - `probe`: GET `command/{id}`: answered 2.05 with a map of `state` (`executing`,
    ///   `succeeded`, `failed`, `cancelled`) and perhaps `percent`, `reason`, `transient`,
    ///   `output`; 4.04 for an id that it does not know.
    /// - `cancel`: DELETE `command/{id}`: 2.02 with the same map; 4.04 likewise.
    package enum Purpose: UInt8, Hashable, Sendable, CaseIterable {
        case execute, prepare, release, probe, cancel
    }

    package init(
        command: CommandID, attempt: Int, device: Device, name: String,
        method: CommandModel.Method, path: [String], query: [String], parameters: [Field],
        isCritical: Bool, purpose: Purpose = .execute, fence: UInt64 = 0
    ) {
        self.command = command
        self.attempt = attempt
        self.device = device
        self.name = name
        self.method = method
        self.path = path
        self.query = query
        self.parameters = parameters
        self.isCritical = isCritical
        self.purpose = purpose
        self.fence = fence
    }
}
