package import Model

/// One wish that is to be brought to its device.
package struct TwinSend: Hashable, Sendable {
    package var device: Device
    package var property: Property
    package var value: Value
    /// The desired version this is, which the answers are about.
    package var version: UInt32
    /// From 1; a new one is another transmission of the same version.
    package var attempt: Int
    /// No other has it.
    package var number: UInt64
    /// Who wishes it, which says how urgent it is.
    package var slot: DesiredWrite.Slot
}

/// A wish and a device that did not come together, or not by themselves.
package struct TwinConflict: Hashable, Sendable {
    package var device: Device
    package var property: Property
    package var from: PropertyState
    /// `contested` and `refused` wait for somebody; `observed` means that the device won,
    /// `pending` that it is brought back.
    package var to: PropertyState
    package var version: UInt32
    package var desired: Value?
    package var reported: Value?
}
