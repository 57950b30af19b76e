/// One value of one property of one device at one event time: what telemetry is made of.
///
/// A datagram with several values becomes several readings. The datagram's topic is then
/// `telemetry/{device}/{property}` for each, whichever way it was sent.
package struct Reading: Hashable, Sendable {
    package var device: Device
    package var property: Property
    package var flags: Flags
    /// Event time: the device's own where it is believed, else the arrival.
    package var time: Instant
    /// In the unit of the model's property.
    package var value: Value

    /// Doubts that travel with the value.
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The device's time disagreed with the arrival by more than the limit, so the arrival was
        /// used.
        package static let clockSuspect = Flags(rawValue: 1)
        /// Same device, datagram and time as the reading before: both are fields of one row.
        package static let sameRow = Flags(rawValue: 2)
        /// It could not be promised to be kept, so only critical patterns may look at it.
        package static let decideOnly = Flags(rawValue: 4)
    }

    package init(
        device: Device, property: Property, time: Instant, value: Value, flags: Flags = []
    ) {
        self.device = device
        self.property = property
        self.flags = flags
        self.time = time
        self.value = value
    }
}
