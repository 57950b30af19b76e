import Model

/// Places against the one before: devices that move do so in small steps.
struct PlaceCoder: Hashable, Sendable {
    private var word: UInt64
    private(set) var height: Int32
    private var north = RiceCoder()
    private var east = RiceCoder()
    private var up = RiceCoder()

    /// The first place, which is written elsewhere.
    init(_ word: UInt64, _ height: Int32) {
        self.word = word
        self.height = height
    }

    mutating func write(_ next: UInt64, _ nextHeight: Int32, to bits: inout BitWriter) {
        north.writeSigned(
            Int64(Int32(truncatingIfNeeded: next >> 32 &- word >> 32)), to: &bits)
        east.writeSigned(Int64(Int32(truncatingIfNeeded: next &- word)), to: &bits)
        up.writeSigned(Int64(nextHeight &- height), to: &bits)
        word = next
        height = nextHeight
    }

    mutating func read(from bits: inout BitReader) -> UInt64 {
        let steps = (
            UInt32(truncatingIfNeeded: north.readSigned(from: &bits)),
            UInt32(truncatingIfNeeded: east.readSigned(from: &bits)),
            Int32(truncatingIfNeeded: up.readSigned(from: &bits))
        )
        let latitude = UInt32(truncatingIfNeeded: word >> 32) &+ steps.0
        let longitude = UInt32(truncatingIfNeeded: word) &+ steps.1
        word = UInt64(latitude) << 32 | UInt64(longitude)
        height = height &+ steps.2
        return word
    }
}

extension GeoPosition {
    /// Latitude and longitude in one.
    var word: UInt64 {
        UInt64(UInt32(bitPattern: latitude)) << 32 | UInt64(UInt32(bitPattern: longitude))
    }

    /// From what was written; nil where that is no place. The least height is none.
    init?(word: UInt64, height: Int32) {
        self.init(
            latitude: Int32(truncatingIfNeeded: word >> 32),
            longitude: Int32(truncatingIfNeeded: word),
            altitude: height == .min ? nil : height)
    }
}

extension Value {
    /// A position's height as it is written; 0 for all else.
    var height: Int32 {
        guard case .position(let position) = self else { return 0 }
        return position.altitude ?? .min
    }
}
