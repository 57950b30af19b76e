import Model
import Wire

/// Names as ours may be: made fit where they are not, and different from each other.
struct NameList {
    private var taken: Set<String> = []

    /// The name for `name`; a changed one is told.
    mutating func name(_ name: String, at path: String, _ losses: inout [Loss]) -> String {
        var fit = String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    scalar.value < 0x20 || scalar.value == 0x7f
                        || "/+#".unicodeScalars.contains(scalar) ? "_" : scalar
                }))
        while fit.utf8.count > 120 { fit.removeLast() }
        if fit.isEmpty { fit = "unnamed" }
        let stem = fit
        var number = 2
        while !taken.insert(fit).inserted {
            fit = "\(stem)_\(number)"
            number += 1
        }
        if fit != name { losses.append(Loss(path, "renamed to \(fit)")) }
        return fit
    }

    /// `Sensor Value` as names are written here: `sensor_value`.
    static func snake(_ text: String) -> String {
        var words: [String] = []
        for part in text.lowercased().split(whereSeparator: {
            !$0.isASCII || !$0.isLetter && !$0.isNumber
        }) {
            words.append(String(part))
        }
        return words.joined(separator: "_")
    }
}

/// A map whose keys are asked for one by one, so that those nobody asked for can be named.
struct Keys {
    private let entries: [Document.Entry]
    private var asked: Set<String> = []

    /// Nil where it is no map.
    init?(_ document: Document?) {
        guard case .map(let entries)? = document else { return nil }
        self.entries = entries
    }

    mutating func take(_ key: String) -> Document? {
        asked.insert(key)
        return entries.first { $0.key == .text(key) }?.value
    }

    mutating func text(_ key: String) -> String? {
        if case .text(let text)? = take(key) { text } else { nil }
    }

    mutating func boolean(_ key: String) -> Bool? {
        if case .boolean(let boolean)? = take(key) { boolean } else { nil }
    }

    mutating func number(_ key: String) -> Double? { take(key)?.finiteNumber }

    mutating func span(_ key: String) -> Milliseconds? {
        text(key).flatMap { Milliseconds($0) }.flatMap { $0.count > 0 ? $0 : nil }
    }

    /// The entries of a map inside, by name; those past the limit are left out.
    mutating func table(_ key: String) -> [(name: String, value: Document)] {
        guard case .map(let entries)? = take(key) else { return [] }
        return entries.prefix(1024).compactMap { entry in
            if case .text(let name) = entry.key { (name, entry.value) } else { nil }
        }
    }

    /// Tells of every key that was not asked for.
    func tellRest(at path: String, _ losses: inout [Loss]) {
        for entry in entries {
            guard case .text(let key) = entry.key, !asked.contains(key) else { continue }
            losses.append(Loss("\(path).\(key)", "no word for it here"))
        }
    }
}

extension Document {
    var finiteNumber: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number) where number.isFinite: number
        default: nil
        }
    }

    /// Whole numbers without a point.
    init(plain number: Double) {
        self =
            Int64(exactly: number).flatMap { abs($0) < 1 << 53 ? .integer($0) : nil }
            ?? .number(number)
    }
}
