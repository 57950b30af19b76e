/// One value of one property of one device at one event time: what telemetry is made of.
///
/// A datagram with several values becomes several readings. The datagram's topic is then
/// `telemetry/{device}/{property}` for each, whichever way it was sent.
public struct Reading: Hashable, Sendable {
    /// Whose.
    public var device: Device
    /// Of what.
    public var property: Property
    /// What is in doubt.
    public var flags: Flags
    /// Event time: the device's own where it is believed, else the arrival.
    public var time: Instant
    /// In the unit of the model's property.
    public var value: Value

    /// Doubts that travel with the value.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The flags as bits.
        public let rawValue: UInt8
        /// The flags of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The device's time disagreed with the arrival by more than the limit, so the arrival was
        /// used.
        public static let clockSuspect = Flags(rawValue: 1)
        /// Same device, datagram and time as the reading before: both are fields of one row.
        public static let sameRow = Flags(rawValue: 2)
        /// It could not be promised to be kept, so only critical patterns may look at it.
        public static let decideOnly = Flags(rawValue: 4)
    }

    /// One reading.
    public init(
        device: Device, property: Property, time: Instant, value: Value, flags: Flags = []
    ) {
        self.device = device
        self.property = property
        self.flags = flags
        self.time = time
        self.value = value
    }
}
