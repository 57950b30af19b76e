import CoAP
package import Model
package import Wire

extension PropertyModel {
    /// The value as the twin keeps it: in the property's type and unit, within its range.
    package func accept(_ value: Value, unit: TelemetryPack.UnitReference, spelling: String?)
        throws(Refusal) -> Value
    {
        var given: Unit?
        switch unit {
        case .none: break
        case .known(let index): given = TelemetryPack.units[Int(index)]
        case .unknown:
            guard self.unit == nil || type != .number && type != .integer else {
                throw Refusal(
                    .unprocessableEntity, "unknown unit '\(spelling ?? "?")' for \(name)",
                    .wrongUnit)
            }
        }
        do throws(Misfit) {
            return try accept(value, in: given)
        } catch {
            throw Refusal(.unprocessableEntity, error.description, error.reason)
        }
    }
}

extension PropertyModel.Misfit {
    fileprivate var reason: Refusal.Reason {
        switch self {
        case .wrongType: .wrongType
        case .wrongUnit: .wrongUnit
        case .outOfRange, .unknownChoice: .outOfRange
        }
    }
}
