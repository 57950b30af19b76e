import CoAP
package import Model
package import Wire

extension PropertyModel {
    /// The value as the twin keeps it: in the property's type and unit, within its range.
    package func accept(_ value: Value, unit: TelemetryPack.UnitReference, spelling: String?)
        throws(Refusal) -> Value
    {
        switch type {
        case .number, .integer:
            guard let number = value.double, value.isNumeric else { throw mismatch(value) }
            let converted = try convert(number, unit: unit, spelling: spelling)
            if let range, !range.contains(converted) {
                throw Refusal(
                    .unprocessableEntity,
                    "\(name) = \(converted) is outside \(range.lowerBound)...\(range.upperBound)",
                    .outOfRange)
            }
            if type == .number { return .number(converted) }
            guard let integer = Int64(exactly: converted) else { throw mismatch(value) }
            return .integer(integer)
        case .boolean:
            if case .boolean = value { return value }
            switch value {
            case .integer(0), .number(0): return .boolean(false)
            case .integer(1), .number(1): return .boolean(true)
            default: throw mismatch(value)
            }
        case .text:
            guard case .text(let text) = value else { throw mismatch(value) }
            guard choices.isEmpty || choices.contains(text) else {
                throw Refusal(
                    .unprocessableEntity,
                    "\(name) is one of \(choices.joined(separator: ", ")), not '\(text)'",
                    .outOfRange)
            }
            return value
        case .timestamp:
            switch value {
            case .timestamp: return value
            case .text(let text):
                guard let instant = Instant(text) else { throw mismatch(value) }
                return .timestamp(instant)
            case .integer, .number:
                // SenML's way: seconds since the epoch.
                guard let seconds = value.double,
                    let count = Int64(exactly: (seconds * 1000).rounded())
                else { throw mismatch(value) }
                return .timestamp(Instant(milliseconds: count))
            case .boolean: throw mismatch(value)
            }
        }
    }

    private func convert(
        _ number: Double, unit reference: TelemetryPack.UnitReference, spelling: String?
    ) throws(Refusal) -> Double {
        guard let unit else { return number }
        switch reference {
        case .none: return number
        case .unknown:
            throw Refusal(
                .unprocessableEntity, "unknown unit '\(spelling ?? "?")' for \(name)", .wrongUnit)
        case .known(let index):
            let given = TelemetryPack.units[Int(index)]
            guard let converted = given.convert(number, to: unit), converted.isFinite else {
                throw Refusal(
                    .unprocessableEntity,
                    "\(name) is in \(unit.symbol), which \(given.symbol) is no measure of",
                    .wrongUnit)
            }
            return converted
        }
    }

    private func mismatch(_ value: Value) -> Refusal {
        Refusal(.unprocessableEntity, "\(name) is a \(type.rawValue), not '\(value)'", .wrongType)
    }
}

extension Value {
    fileprivate var isNumeric: Bool {
        switch self {
        case .integer, .number: true
        case .boolean, .text, .timestamp: false
        }
    }
}
