/// Text with the place it was written at, so that an error found late can still point there.
package struct Located<Wrapped: Sendable>: Sendable {
    package var value: Wrapped
    package var place: Place

    package init(_ value: Wrapped, at place: Place = .unknown) {
        self.value = value
        self.place = place
    }
}

/// Where in a file something stands. Lines and columns count from 1; columns count UTF-8 bytes + 1.
package struct Place: Hashable, Sendable {
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// For values that no file holds, such as those of the Swift library.
    package static let unknown = Place(file: "", line: 0, column: 0)
}

/// One thing wrong (or doubtful) in a configuration, for people to read.
package struct Diagnostic: Error, Hashable, Sendable {
    package enum Severity: String, Sendable { case error, warning }

    package var severity: Severity
    /// Stable, for documentation and tests: `E0312`.
    package var code: String
    package var message: String
    package var place: Place
    /// Bytes to underline, at least 1.
    package var length: Int
    /// What to do instead; may be empty.
    package var help: [String]

    package init(
        _ severity: Severity = .error, code: String, _ message: String, at place: Place,
        length: Int = 1, help: [String] = []
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.place = place
        self.length = length
        self.help = help
    }
}

/// The nearest of `candidates` to a misspelt `word`, if near enough to be worth suggesting
/// (Damerau-Levenshtein distance of at most a third of the word, at least 1), or the one that means
/// what other languages call so.
package func didYouMean(_ word: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    let synonym = synonyms[word.lowercased()]
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        if candidate == synonym { return candidate }
        guard abs(candidate.count - word.count) <= limit else { continue }
        let distance = editDistance(Array(word.lowercased()), Array(candidate.lowercased()))
        if distance <= limit, distance < best?.distance ?? .max {
            best = (distance, candidate)
        }
    }
    return best?.candidate
}

/// What other languages call it, and what we do.
private let synonyms = [
    "average": "avg", "mean": "avg", "maximum": "max", "minimum": "min", "total": "sum",
    "std": "stddev", "stdev": "stddev", "sd": "stddev", "var": "variance",
    "quantile": "percentile", "unique": "distinct", "nunique": "distinct", "double": "float",
    "number": "float", "int": "integer", "bool": "boolean", "text": "string",
]

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
            var distance = min(replaced, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current.append(distance)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
