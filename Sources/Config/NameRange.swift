/// `temp-sensor-{001..100}`: names that differ in a number, in order. Without braces it is one
/// name.
struct NameRange {
    let names: [String]

    enum Mistake: Error {
        /// Braces that do not hold `low..high`, or more than one pair of them.
        case malformed
        case descending(low: Int, high: Int)
        case tooMany(Int, limit: Int)

        var words: String {
            switch self {
            case .malformed: "a range of names looks like sensor-{001..100}"
            case .descending(let low, let high): "the range runs backwards, from \(low) to \(high)"
            case .tooMany(let count, let limit):
                "the range has \(count) names; at most \(limit) are allowed"
            }
        }
    }

    /// Numbers are padded with zeros to the width that the first one is written with.
    init(_ pattern: String, limit: Int) throws(Mistake) {
        guard pattern.contains(where: { $0 == "{" || $0 == "}" }) else {
            names = [pattern]
            return
        }
        let halves = pattern.split(
            separator: "{", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { throw .malformed }
        let tail = halves[1].split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
        guard tail.count == 2, !tail[1].contains(where: { $0 == "{" || $0 == "}" }) else {
            throw .malformed
        }
        let bounds = tail[0].split(separator: ".", omittingEmptySubsequences: false)
        guard bounds.count == 3, bounds[1].isEmpty, let low = NameRange.number(bounds[0]),
            let high = NameRange.number(bounds[2])
        else { throw .malformed }
        guard low <= high else { throw .descending(low: low, high: high) }
        let count = high - low + 1
        guard count <= limit else { throw .tooMany(count, limit: limit) }
        let width = bounds[0].count
        names = (low...high).map { number in
            let digits = String(number)
            let zeros = String(repeating: "0", count: max(0, width - digits.count))
            return "\(halves[0])\(zeros)\(digits)\(tail[1])"
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...9).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(text)
    }
}

extension Array {
    /// The value for place `index` of `count` when the values are dealt out evenly, in contiguous
    /// runs.
    func dealt(_ index: Int, of count: Int) -> Element { self[index * self.count / count] }
}
