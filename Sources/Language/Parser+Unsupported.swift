// Constructs of the language that this version does not have: each is known and named, so that
// nobody searches for a typing error that is not there.
extension Parser {
    /// Reports it and gives up on the rest, which belongs to it.
    mutating func unsupported(_ construct: String) -> Expression {
        source.report(
            .notInThisVersion, "this version does not have \(construct)", at: token.range)
        let range = token.range
        skipToEnd()
        return Expression(.invalid, range)
    }

    func unsupportedOperand() -> String? {
        guard case .word(let word) = token.kind else { return nil }
        let next = peek().spelling
        switch word {
        case "no":
            guard let next, next == "(" || peek().isName else { return nil }
            return "`no \(next == "data" || next == "event" ? next : "…") for`"
        case "any", "all":
            return next == "devices" || next == "device" ? "`\(word) devices`" : nil
        case "at":
            guard next == "least" else { return nil }
            return isNext("devices", ahead: 3) ? "`at least N devices`" : "`at least N times`"
        default:
            return next == ":" ? "steps with a label (`\(word):`)" : nil
        }
    }

    func unsupportedRelation() -> String? {
        guard case .word(let word) = token.kind else { return nil }
        switch word {
        case "changed", "crosses": return "`\(word)`"
        default: return nil
        }
    }

    func unsupportedClause() -> String? {
        if case .number = token.kind {
            return isNext("times", ahead: 1) ? "`N times`" : nil
        }
        guard case .word(let word) = token.kind else { return nil }
        switch word {
        case "then", "without", "until", "per", "overlapping": return "`\(word)`"
        case "immediately": return "`immediately then`"
        case "at": return "`at least N times`"
        case "exactly": return "`exactly N times`"
        default: return nil
        }
    }
}
