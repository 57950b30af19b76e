import Model

extension PropertyModel {
    /// Why a property cannot take a value, to go after the parameter's name.
    struct Refusal: Error {
        var reason: String
        var help: [String] = []
    }

    /// The value as this property holds it, if it can: of its type, in its range, among its
    /// choices.
    func accept(_ value: Value) -> Result<Value, Refusal> {
        guard let converted = convert(value) else {
            return .failure(
                Refusal(
                    reason: "sets '\(name)', which is \(type.withArticle), not '\(value)'"))
        }
        if case .text(let text) = converted, !choices.isEmpty, !choices.contains(text) {
            let near = didYouMean(text, among: choices).map { ["did you mean '\($0)'?"] } ?? []
            return .failure(
                Refusal(
                    reason: "sets '\(name)', which is one of \(choices.joined(separator: ", "))"
                        + ", not '\(text)'",
                    help: near))
        }
        if let range, let number = converted.double, !range.contains(number) {
            return .failure(
                Refusal(
                    reason: "sets '\(name)', which goes from \(range.lowerBound) to "
                        + "\(range.upperBound), not to \(value)"))
        }
        return .success(converted)
    }

    private func convert(_ value: Value) -> Value? {
        if type == .timestamp, case .text(let text) = value {
            return Instant(text).map { .timestamp($0) }
        }
        return value.converted(to: type)
    }
}

extension ValueType {
    fileprivate var withArticle: String { (self == .integer ? "an " : "a ") + rawValue }
}
