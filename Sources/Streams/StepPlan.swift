import Language
import Model

/// A processing step as it is compiled, on rows of sources or on those of windows.
enum StepPlan: Sendable {
    case filter(Formula)
    /// The column takes the expression's value.
    case derive(column: Int, Formula)
    /// The columns take the device's tags.
    case tags([(column: Int, tag: String)])
    /// The columns take what a reference table knows.
    case lookup(TableLookup)
    /// Drops a row whose columns (all, where there are none) were those of one that passed less
    /// than `within` ago.
    case deduplicate(by: [Int], within: Milliseconds)
    /// Drops a row whose value is within the band around the last that passed.
    case deadband(column: Int, ProcessingDefinition.Band)
    /// Puts out a value that is new once it has lasted.
    case debounce(column: Int, Milliseconds)
    /// The first, or last, row of each period.
    case sample(every: Milliseconds, ProcessingDefinition.Kept)
    /// The change of one column over time goes to another.
    case rate(of: Int, column: Int, per: Milliseconds)

    /// Columns that a row lacks are those of the latest row with the same values of `on`, or of the
    /// same device.
    case join(columns: [Int], on: [Int], within: Milliseconds)

    /// Whether it remembers rows, so that it must see them in the total order.
    var isOrdered: Bool {
        switch self {
        case .filter(let formula), .derive(_, let formula): formula.remembers
        case .tags, .lookup: false
        case .deduplicate, .deadband, .debounce, .sample, .rate, .join: true
        }
    }

    var isTags: Bool {
        if case .tags = self { return true }
        return false
    }

    /// Whether it keeps a whole row for later.
    var holdsRow: Bool {
        switch self {
        case .debounce, .sample(_, .last): true
        default: false
        }
    }

    /// The expression, where that is what it consists of.
    var formula: Formula? {
        switch self {
        case .filter(let formula), .derive(_, let formula): formula
        default: nil
        }
    }
}
