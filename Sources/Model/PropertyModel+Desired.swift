extension PropertyModel {
    /// The value as it may be wished for or commanded: as the property holds it, and on one of its
    /// steps. What devices report needs no step.
    package func accept(
        desired value: Value, in given: Unit? = nil
    ) throws(Misfit) -> Value {
        let accepted = try accept(value, in: given)
        guard let step, let number = accepted.double, type == .number || type == .integer else {
            return accepted
        }
        let start = range?.lowerBound ?? 0
        guard PropertyModel.divides(step, number - start) else {
            let last = start + ((number - start) / step).rounded(.down) * step
            throw .outOfRange(
                "\(name) = \(number) lies between its steps \(last) and \(last + step)")
        }
        return accepted
    }

    /// Whether `step` goes into `length` a whole number of times, but for the rounding of decimal
    /// fractions.
    package static func divides(_ step: Double, _ length: Double) -> Bool {
        let count = length / step
        return count.isFinite && abs(count - count.rounded()) <= 1e-9 * max(1, abs(count))
    }
}

extension DeviceModel {
    /// A version in full, from one to three numbers separated by points; nil for any other text.
    package static func version(_ text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var numbers: [UInt32] = []
        for part in parts {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.utf8.count <= 9,
                let number = UInt32(part)
            else { return nil }
            numbers.append(number)
        }
        while numbers.count < 3 { numbers.append(0) }
        return numbers.map(String.init).joined(separator: ".")
    }
}
