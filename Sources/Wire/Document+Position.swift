package import Model

extension Document {
    /// A map of degrees, and of metres where the height is known.
    static func map(of position: GeoPosition) -> Document {
        var entries = [
            Entry("lat", .number(position.degreesNorth)),
            Entry("lon", .number(position.degreesEast)),
        ]
        if let metres = position.metres { entries.append(Entry("alt", .number(metres))) }
        return .map(entries)
    }

    fileprivate var numeric: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }
}

extension GeoPosition {
    /// Reads `{lat, lon, alt}` in degrees and metres, its keys perhaps in full; a GeoJSON Point
    /// (RFC 7946), whose coordinates begin with the longitude; or those coordinates alone. Nil for
    /// anything else.
    init?(_ document: Document) {
        switch document {
        case .array(let elements):
            let numbers = elements.compactMap(\.numeric)
            guard (2...3).contains(elements.count), numbers.count == elements.count else {
                return nil
            }
            self.init(
                degreesNorth: numbers[1], degreesEast: numbers[0],
                metres: numbers.count == 3 ? numbers[2] : nil)
        case .map(let entries):
            if entries.count == 2, document["type"] == .text("Point"),
                case .array? = document["coordinates"]
            {
                guard let coordinates = document["coordinates"] else { return nil }
                self.init(coordinates)
                return
            }
            var parts = PositionParts()
            for entry in entries {
                guard case .text(let key) = entry.key, let part = PositionParts.Part(name: key)
                else { return nil }
                // A height that is null is not known.
                if part == .altitude, entry.value == .null { continue }
                guard let number = entry.value.numeric, parts.note(number, as: part) else {
                    return nil
                }
            }
            guard let position = parts.position else { return nil }
            self = position
        default: return nil
        }
    }
}

/// The parts of a position that come one by one.
package struct PositionParts: Hashable, Sendable {
    private var latitude: Double?
    private var longitude: Double?
    private var altitude: Double?

    /// What a number may be of a position.
    package enum Part: Sendable {
        case latitude, longitude, altitude

        /// By the name of a key, or by the number of a resource of LwM2M's object 6.
        package init?(name: String) {
            switch name {
            case "lat", "latitude", "0": self = .latitude
            case "lon", "longitude", "1": self = .longitude
            case "alt", "altitude", "2": self = .altitude
            default: return nil
            }
        }

        /// By SenML's units.
        package init?(unit: Unit?) {
            switch unit?.dimension {
            case .latitude: self = .latitude
            case .longitude: self = .longitude
            case .length: self = .altitude
            default: return nil
            }
        }
    }

    package init() {}

    package var isEmpty: Bool { latitude == nil && longitude == nil && altitude == nil }

    /// False where the part is known already.
    package mutating func note(_ number: Double, as part: Part) -> Bool {
        switch part {
        case .latitude:
            guard latitude == nil else { return false }
            latitude = number
        case .longitude:
            guard longitude == nil else { return false }
            longitude = number
        case .altitude:
            guard altitude == nil else { return false }
            altitude = number
        }
        return true
    }

    /// Nil while a part is missing that a position needs, and where they are no place.
    package var position: GeoPosition? {
        guard let latitude, let longitude else { return nil }
        return GeoPosition(degreesNorth: latitude, degreesEast: longitude, metres: altitude)
    }
}
