extension PropertyModel {
    /// Why a property cannot take a value.
    package enum Misfit: Error, Hashable, Sendable, CustomStringConvertible {
        case wrongType(String)
        case wrongUnit(String)
        case outOfRange(String)
        /// A text that is none of the choices.
        case unknownChoice(String)

        package var description: String {
            switch self {
            case .wrongType(let text), .wrongUnit(let text), .outOfRange(let text),
                .unknownChoice(let text):
                text
            }
        }
    }

    /// The value as this property holds it: of its type, in its unit, within its range, among its
    /// choices. `given` is the value's own unit, where it has one.
    package func accept(_ value: Value, in given: Unit? = nil) throws(Misfit) -> Value {
        switch type {
        case .number, .integer:
            guard let number = value.numeric else { throw mismatch(value) }
            let converted = try convert(number, from: given)
            if let range, !range.contains(converted) {
                throw .outOfRange(
                    "\(name) = \(converted) is outside \(range.lowerBound)...\(range.upperBound)")
            }
            if type == .number { return .number(converted) }
            guard let integer = Int64(exactly: converted) else { throw mismatch(value) }
            return .integer(integer)
        case .boolean:
            switch value {
            case .boolean: return value
            case .integer(0), .number(0): return .boolean(false)
            case .integer(1), .number(1): return .boolean(true)
            default: throw mismatch(value)
            }
        case .text:
            if let choice = choice(numbered: value) { return .text(choice) }
            guard case .text(let text) = value else { throw mismatch(value) }
            guard choices.isEmpty || choices.contains(text) else {
                throw .unknownChoice(
                    "\(name) is one of \(choices.joined(separator: ", ")), not '\(text)'")
            }
            return value
        case .position:
            guard let position = value.position else { throw mismatch(value) }
            return .position(position)
        case .timestamp:
            guard let instant = value.instant else { throw mismatch(value) }
            return .timestamp(instant)
        }
    }

    /// The choice that a number stands for.
    private func choice(numbered value: Value) -> String? {
        guard !choiceNumbers.isEmpty, let number = value.numeric.flatMap({ Int64(exactly: $0) }),
            let place = choiceNumbers.firstIndex(of: number), place < choices.count
        else { return nil }
        return choices[place]
    }

    private func convert(_ number: Double, from given: Unit?) throws(Misfit) -> Double {
        guard let unit, let given else { return number }
        guard let converted = given.convert(number, to: unit), converted.isFinite else {
            throw .wrongUnit("\(name) is in \(unit.symbol), which \(given.symbol) is no measure of")
        }
        return converted
    }

    private func mismatch(_ value: Value) -> Misfit {
        let article = type == .integer ? "an" : "a"
        return .wrongType("\(name) is \(article) \(type.rawValue), not '\(value)'")
    }
}

extension Value {
    /// A number's; a boolean is none here.
    fileprivate var numeric: Double? {
        switch self {
        case .integer, .number: double
        case .boolean, .text, .timestamp, .position: nil
        }
    }

    /// A point in time however it is written; numbers are SenML's seconds since the epoch.
    fileprivate var instant: Instant? {
        switch self {
        case .timestamp(let instant): instant
        case .text(let text): Instant(text)
        case .integer, .number:
            double.flatMap { Int64(exactly: ($0 * 1000).rounded()) }
                .map { Instant(milliseconds: $0) }
        case .boolean, .position: nil
        }
    }

    /// A place, perhaps as text: `48.13743,11.57549`.
    fileprivate var position: GeoPosition? {
        switch self {
        case .position(let position): position
        case .text(let text): GeoPosition(text)
        case .boolean, .integer, .number, .timestamp: nil
        }
    }
}
