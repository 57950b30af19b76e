import Model

/// How DTDL calls what a unit measures, and the unit.
struct Crosswalk {
    var quantity: String
    var unit: String

    /// Nil where DTDL has no word for the unit.
    init?(_ unit: Unit) {
        guard let words = Crosswalk.known[unit.symbol] else { return nil }
        (quantity, self.unit) = words
    }

    /// By our symbol. Relative humidity is a quantity of its own there: what DTDL calls Humidity is
    /// a mass of water in a volume.
    private static let known: [String: (String, String)] = [
        "Cel": ("Temperature", "degreeCelsius"), "degF": ("Temperature", "degreeFahrenheit"),
        "K": ("Temperature", "kelvin"), "%RH": ("RelativeHumidity", "percent"),
        "kg/m3": ("Humidity", "kilogramPerCubicMetre"),
        "g/m3": ("Humidity", "gramPerCubicMetre"),
        "W": ("Power", "watt"), "kW": ("Power", "kilowatt"), "MW": ("Power", "megawatt"),
        "mW": ("Power", "milliwatt"), "J": ("Energy", "joule"), "kWh": ("Energy", "kilowattHour"),
        "lx": ("Illuminance", "lux"), "Pa": ("Pressure", "pascal"),
        "kPa": ("Pressure", "kilopascal"), "hPa": ("Pressure", "millibar"),
        "bar": ("Pressure", "bar"), "V": ("Voltage", "volt"), "mV": ("Voltage", "millivolt"),
        "A": ("Current", "ampere"), "mA": ("Current", "milliampere"), "Hz": ("Frequency", "hertz"),
        "kHz": ("Frequency", "kilohertz"), "1/min": ("AngularVelocity", "revolutionPerMinute"),
        "m": ("Length", "metre"), "km": ("Length", "kilometre"), "cm": ("Length", "centimetre"),
        "mm": ("Length", "millimetre"), "kg": ("Mass", "kilogram"), "g": ("Mass", "gram"),
        "s": ("TimeSpan", "second"), "ms": ("TimeSpan", "millisecond"),
        "min": ("TimeSpan", "minute"), "h": ("TimeSpan", "hour"), "rad": ("Angle", "radian"),
        "deg": ("Angle", "degreeOfArc"), "l/s": ("VolumeFlowRate", "litrePerSecond"),
        "m/s": ("Velocity", "metrePerSecond"), "km/h": ("Velocity", "kilometrePerHour"),
        "m/s2": ("Acceleration", "metrePerSecondSquared"), "Ohm": ("Resistance", "ohm"),
        "dB": ("SoundPressure", "decibel"), "B": ("DataSize", "byte"), "bit": ("DataSize", "bit"),
        "m3": ("Volume", "cubicMetre"), "l": ("Volume", "litre"), "m2": ("Area", "squareMetre"),
        "C": ("ElectricCharge", "coulomb"), "lat": ("Latitude", "degreeOfArc"),
        "lon": ("Longitude", "degreeOfArc"),
    ]
}
