/// Everything that can be wrong with an expression or a rule, by the stable code that diagnostics
/// carry.
package enum Fault: String, CaseIterable, Sendable {
    /// A byte that starts no word, number, string or operator.
    case unexpectedCharacter = "E0301"
    /// A string or a quoted name without its closing quote.
    case unterminatedString = "E0302"
    /// A number too large to be one.
    case badNumber = "E0303"
    /// Something the grammar needs here is not here.
    case expected = "E0304"
    /// The expression is complete, but the text goes on.
    case trailingText = "E0305"
    /// Nested deeper, or with more operators, than we evaluate.
    case tooDeep = "E0306"
    /// Longer than `SourceText.bytesMax`.
    case tooLong = "E0307"
    // E0308 named what an earlier version did not have. Codes are not used again.
    /// A duration that cannot be read, or is not positive.
    case badDuration = "E0309"
    /// An operator spelt as in another language: `&&`, `AND`.
    case foreignSpelling = "E0310"
    /// `a < b < c`.
    case chainedComparison = "E0311"
    /// `within` on a condition that is decided by one reading.
    case withinSpansNothing = "E0312"
    /// A name that is no column and no aggregate of one.
    case unknownName = "E0313"
    /// `max_te` where several columns begin with `te`.
    case ambiguousName = "E0314"
    /// A function that does not exist.
    case unknownFunction = "E0315"
    /// A function called with too few or too many arguments.
    case wrongArgumentCount = "E0316"
    /// An operator or function on a type that it is not for.
    case typeMismatch = "E0317"
    /// A word after a number that is no unit.
    case unknownUnit = "E0318"
    /// A temperature where a ratio is needed.
    case unitMismatch = "E0319"
    /// A literal with a unit meets a value whose unit is unknown.
    case noUnit = "E0320"
    /// An enumeration compared with a word that it cannot be.
    case unknownChoice = "E0321"
    /// An aggregate without `within` or `over`.
    case aggregateWithoutSpan = "E0322"
    /// `for N consecutive windows` where rows are not windows.
    case needsWindow = "E0323"
    /// A count that is no whole number of at least 1.
    case badCount = "E0324"
    /// A clause written twice.
    case duplicateClause = "E0325"
    /// The whole expression has another type than is needed where it stands.
    case wrongResult = "E0326"
    /// An aggregate, or a clause that spans time, where only one row is looked at.
    case notOnOneRow = "E0327"
    /// Nothing but blanks.
    case empty = "E0328"
    /// `no … for`, `any devices: …` or a label inside a condition instead of at its start.
    case misplacedStep = "E0329"
    /// A clause where it does not belong: before `then`, or `for` on what is no condition.
    case misplacedClause = "E0330"
    /// More steps than `Rule.stepsMax`.
    case tooManySteps = "E0331"
    /// A label that another step or a field has.
    case duplicateLabel = "E0332"
    /// A step's label where its events cannot be read.
    case badReference = "E0333"
    /// An argument with a name that the function does not have, or has twice.
    case unknownParameter = "E0334"
    /// A parameter that is no constant or out of its range.
    case badParameter = "E0335"
    /// `is stale` without `after`.
    case staleWithoutSpan = "E0336"
    /// A clause that changes nothing where it stands.
    case clauseWithoutEffect = "E0337"
    /// `immediately then` or `without` before a silence.
    case senselessLink = "E0338"
}
