import Model

/// A word, number, string or operator, and the bytes it was written with.
struct Token {
    var kind: Kind
    var range: Range<Int>

    enum Kind {
        case number(NumberToken)
        /// `5m`, `1h30m`: a number that touches its unit of time.
        case duration(Milliseconds)
        case text(String)
        /// A name or a keyword; which of them is decided by where it stands. Dots are part of it.
        case word(String)
        /// A name in backquotes, never a keyword.
        case quotedName(String)
        case symbol(String)
        /// Reported by the lexer already.
        case unreadable
        case end
    }

    /// True for a word that can be a name.
    var isName: Bool {
        if case .word(let word) = kind { return !Keyword.reserved.contains(word) }
        return false
    }

    /// The keyword or operator this may be; nil for names in backquotes, numbers and strings.
    var spelling: String? {
        switch kind {
        case .word(let word): word
        case .symbol(let symbol): symbol
        case .number, .duration, .text, .quotedName, .unreadable, .end: nil
        }
    }
}

/// A number and the word after it, which may be a unit.
struct NumberToken {
    var value: Double
    /// Where the number is written without fraction or exponent and fits.
    var integer: Int64?
    var suffix: (word: String, range: Range<Int>)?
}

/// Words with a meaning of their own behind a number or an operand.
enum Keyword {
    /// These cannot start an operand, unless in backquotes.
    static let reserved: Set<String> = [
        "and", "or", "not", "in", "is", "between", "within", "for", "over", "cooldown", "then",
        "true", "false",
    ]
    /// These are never units.
    static let notUnits: Set<String> = reserved.union([
        "without", "immediately", "until", "per", "overlapping", "consecutive", "event", "events",
        "window", "windows", "times", "of", "device", "devices", "at", "least", "exactly",
        "changed", "crosses", "missing", "stale", "by", "above", "below", "after",
    ])
    /// These begin a clause or lead to the next step; after an error, reading goes on there.
    static let clauses: Set<String> = [
        "for", "within", "cooldown", "then", "immediately", "without", "until", "per",
        "overlapping",
    ]
}
