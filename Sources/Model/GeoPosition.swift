/// A place on the Earth (WGS 84): as exact as satellites tell it, and no larger than a text.
public struct GeoPosition: Hashable, Sendable {
    /// North of the equator, in 1e-7 degrees: about a centimetre.
    public let latitude: Int32
    /// East of Greenwich, in 1e-7 degrees.
    public let longitude: Int32
    /// Above the ellipsoid, in centimetres; the least number where it is not known.
    private let height: Int32

    /// Above the ellipsoid, in centimetres; nil where it is not known.
    public var altitude: Int32? { height == .min ? nil : height }

    /// Nil where the numbers are no place: 90 degrees from the equator is the most.
    public init?(latitude: Int32, longitude: Int32, altitude: Int32? = nil) {
        guard latitude.magnitude <= 900_000_000, longitude.magnitude <= 1_800_000_000,
            altitude != .min
        else { return nil }
        self.latitude = latitude
        self.longitude = longitude
        height = altitude ?? .min
    }

    /// From degrees and metres, rounded; nil where they are no place.
    public init?(degreesNorth: Double, degreesEast: Double, metres: Double? = nil) {
        guard let latitude = Int32(exactly: (degreesNorth * 1e7).rounded()),
            let longitude = Int32(exactly: (degreesEast * 1e7).rounded())
        else { return nil }
        var altitude: Int32?
        if let metres {
            altitude = Int32(exactly: (metres * 100).rounded())
            if altitude == nil { return nil }
        }
        self.init(latitude: latitude, longitude: longitude, altitude: altitude)
    }

    /// Degrees north of the equator.
    public var degreesNorth: Double { Double(latitude) / 1e7 }
    /// Degrees east of Greenwich.
    public var degreesEast: Double { Double(longitude) / 1e7 }
    /// Metres above the ellipsoid, where known.
    public var metres: Double? { altitude.map { Double($0) / 100 } }

    /// The square of the way to another place, in square metres: along the ground as if that were
    /// flat between them, and up where both heights are known. For places that are near.
    package func squaredDistance(to other: GeoPosition) -> Double {
        let metresPerUnit = 6_371_008.8 * .pi / 180 / 1e7
        var east = Double(longitude) - Double(other.longitude)
        if abs(east) > 1.8e9 { east -= east > 0 ? 3.6e9 : -3.6e9 }
        let middle = (degreesNorth + other.degreesNorth) / 2 * .pi / 180
        let across = east * metresPerUnit * GeoPosition.cosine(middle)
        let north = (Double(latitude) - Double(other.latitude)) * metresPerUnit
        let up = metres.flatMap { metres in other.metres.map { metres - $0 } } ?? 0
        return across * across + north * north + up * up
    }

    /// The cosine between -90 and 90 degrees, to 1e-7, in radians.
    private static func cosine(_ angle: Double) -> Double {
        let square = angle * angle
        var sum = 0.0
        for step in stride(from: 12.0, through: 2, by: -2) {
            sum = (1 - sum) * square / (step * (step - 1))
        }
        return 1 - sum
    }
}

extension GeoPosition: CustomStringConvertible {
    /// As RFC 5870 writes it, without the scheme: `48.13743,11.57549,519.5`.
    public var description: String {
        let ground = "\(GeoPosition.decimal(latitude, 7)),\(GeoPosition.decimal(longitude, 7))"
        return altitude.map { ground + "," + GeoPosition.decimal($0, 2) } ?? ground
    }

    /// Reads `48.13743,11.57549` or with a height in metres behind it, perhaps with `geo:` in front
    /// and blanks after the commas.
    public init?(_ text: String) {
        guard text.utf8.count <= 100 else { return nil }
        let plain = text.hasPrefix("geo:") ? text.dropFirst(4) : text[...]
        let numbers = plain.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.drop { $0 == " " })
        }
        guard (2...3).contains(numbers.count), let north = numbers[0], let east = numbers[1] else {
            return nil
        }
        if numbers.count == 3, numbers[2] == nil { return nil }
        self.init(
            degreesNorth: north, degreesEast: east, metres: numbers.count == 3 ? numbers[2] : nil)
    }

    private static func decimal(_ number: Int32, _ places: Int) -> String {
        var digits = String(number.magnitude)
        if digits.utf8.count <= places {
            digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
        }
        let whole = digits.dropLast(places)
        var fraction = digits.suffix(places)
        while fraction.last == "0" { fraction.removeLast() }
        return (number < 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
    }
}
