/// A unit of measurement: a dimension and the line that leads to the dimension's base unit.
///
/// Names are SenML's primary and secondary units (RFC 8428 section 12.1, RFC 8798), UCUM's
/// Fahrenheit, and the words people write in a configuration. `base = scale * value + offset`.
package struct Unit: Hashable, Sendable {
    /// The one spelling we print: SenML's where it has one.
    package let symbol: String
    package let dimension: Dimension
    package let scale: Double
    package let offset: Double

    package enum Dimension: String, Hashable, Sendable {
        case temperature, ratio, power, energy, illuminance, pressure, voltage, current, frequency
        case length, mass, time, angle, flow, speed, acceleration, concentration, count, resistance
        case loudness, information, volume, area, humidity, charge, latitude, longitude
        case temperatureDifference
    }

    /// Nil where no unit is spelt so. Case matters, as in SenML.
    package init?(_ name: String) {
        guard let unit = Unit.known[name] else { return nil }
        self = unit
    }

    private init(_ symbol: String, _ dimension: Dimension, _ scale: Double, _ offset: Double) {
        self.symbol = symbol
        self.dimension = dimension
        self.scale = scale
        self.offset = offset
    }

    /// `value` of this unit expressed in `other`; nil where they measure different things.
    package func convert(_ value: Double, to other: Unit) -> Double? {
        guard dimension == other.dimension else { return nil }
        if scale == other.scale, offset == other.offset { return value }
        return (value * scale + offset - other.offset) / other.scale
    }

    /// All spellings, sorted, for suggestions.
    package static var names: [String] { known.keys.sorted() }

    private static let known: [String: Unit] = {
        // Symbol, dimension, scale, offset, other spellings.
        let rows: [(String, Dimension, Double, Double, [String])] = [
            ("Cel", .temperature, 1, 0, ["celsius", "degC", "°C", "degreeCelsius"]),
            ("degF", .temperature, 5.0 / 9.0, -160.0 / 9.0, ["fahrenheit", "[degF]", "°F"]),
            ("K", .temperature, 1, -273.15, ["kelvin"]),
            ("%", .ratio, 0.01, 0, ["percent", "/100"]),
            ("%RH", .ratio, 0.01, 0, []),
            ("%EL", .ratio, 0.01, 0, []),
            ("/", .ratio, 1, 0, ["ratio"]),
            ("permille", .ratio, 0.001, 0, ["/1000"]),
            ("ppm", .ratio, 1e-6, 0, []),
            ("ppb", .ratio, 1e-9, 0, []),
            ("W", .power, 1, 0, ["watt", "watts"]),
            ("kW", .power, 1000, 0, ["kilowatt"]),
            ("MW", .power, 1e6, 0, []),
            ("mW", .power, 0.001, 0, []),
            ("J", .energy, 1, 0, ["joule"]),
            ("Wh", .energy, 3600, 0, []),
            ("kWh", .energy, 3_600_000, 0, []),
            ("lx", .illuminance, 1, 0, ["lux"]),
            ("Pa", .pressure, 1, 0, ["pascal"]),
            ("hPa", .pressure, 100, 0, ["mbar"]),
            ("kPa", .pressure, 1000, 0, []),
            ("bar", .pressure, 100_000, 0, []),
            ("V", .voltage, 1, 0, ["volt", "volts"]),
            ("mV", .voltage, 0.001, 0, []),
            ("A", .current, 1, 0, ["ampere", "amperes"]),
            ("mA", .current, 0.001, 0, []),
            ("Hz", .frequency, 1, 0, ["hertz", "1/s"]),
            ("kHz", .frequency, 1000, 0, []),
            ("1/min", .frequency, 1.0 / 60, 0, ["rpm"]),
            ("m", .length, 1, 0, ["meter", "metre"]),
            ("km", .length, 1000, 0, []),
            ("cm", .length, 0.01, 0, []),
            ("mm", .length, 0.001, 0, []),
            ("kg", .mass, 1, 0, ["kilogram"]),
            ("g", .mass, 0.001, 0, ["gram"]),
            ("s", .time, 1, 0, ["second", "seconds"]),
            ("ms", .time, 0.001, 0, []),
            ("min", .time, 60, 0, []),
            ("h", .time, 3600, 0, []),
            ("rad", .angle, 1, 0, []),
            ("deg", .angle, 0.017453292519943295, 0, []),
            ("m3/s", .flow, 1, 0, []),
            ("l/s", .flow, 0.001, 0, []),
            ("m/s", .speed, 1, 0, []),
            ("km/h", .speed, 1 / 3.6, 0, []),
            ("m/s2", .acceleration, 1, 0, []),
            ("count", .count, 1, 0, []),
            ("Ohm", .resistance, 1, 0, ["ohm"]),
            ("dB", .loudness, 1, 0, []),
            ("B", .information, 1, 0, ["byte"]),
            ("bit", .information, 0.125, 0, []),
            ("m3", .volume, 1, 0, []),
            ("l", .volume, 0.001, 0, ["liter", "litre"]),
            ("m2", .area, 1, 0, []),
            ("kg/m3", .humidity, 1, 0, []),
            ("g/m3", .humidity, 0.001, 0, []),
            // Differences do not have the scales' offsets.
            ("deltaCel", .temperatureDifference, 1, 0, ["deltaK", "Δ°C", "ΔK"]),
            ("deltadegF", .temperatureDifference, 5.0 / 9.0, 0, ["Δ°F"]),
            ("C", .charge, 1, 0, ["coulomb"]),
            ("lat", .latitude, 1, 0, []),
            ("lon", .longitude, 1, 0, []),
        ]
        var units: [String: Unit] = [:]
        for (symbol, dimension, scale, offset, others) in rows {
            let unit = Unit(symbol, dimension, scale, offset)
            for name in [symbol] + others { units[name] = unit }
        }
        return units
    }()
}
