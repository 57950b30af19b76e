import Model

/// In what two runs over the same record differ, wherever in the run each decided it.
package struct Difference: Sendable {
    /// By decision: how often the second run decided it more often than the first.
    private var balance: [Decision: Int] = [:]
    /// Decisions that could not be compared, because too many others wait for their like.
    package private(set) var uncompared: UInt64 = 0

    private static let limit = 1_000_000

    /// Which run it was that decided.
    package enum Side: Int, Sendable { case before = -1, after = 1 }

    package init() {}

    /// Takes note of what one of the runs decided.
    package mutating func add(_ decision: Decision, _ side: Side) {
        if let count = balance[decision] {
            balance[decision] = count + side.rawValue == 0 ? nil : count + side.rawValue
        } else if balance.count < Difference.limit {
            balance[decision] = side.rawValue
        } else {
            uncompared += 1
        }
    }

    package var isEmpty: Bool { balance.isEmpty && uncompared == 0 }

    /// What only one side decided, in the order of time; of one time, first what is gone.
    package var changes: [(side: Side, decision: Decision)] {
        var changes: [(side: Side, decision: Decision)] = []
        for (decision, count) in balance {
            let side: Side = count < 0 ? .before : .after
            for _ in 0..<abs(count) { changes.append((side, decision)) }
        }
        return changes.map { ($0, Difference.text($0.decision)) }.sorted { left, right in
            let (one, other) = (left.0.decision, right.0.decision)
            if one.time != other.time { return one.time < other.time }
            if one.kind != other.kind { return one.kind.place < other.kind.place }
            if one.name != other.name { return one.name < other.name }
            if left.0.side != right.0.side { return left.0.side == .before }
            return left.1 < right.1
        }.map(\.0)
    }

    /// How many decisions of a kind there are more, and less.
    package func count(_ kind: Decision.Kind) -> (more: Int, less: Int) {
        balance.reduce(into: (more: 0, less: 0)) { counts, entry in
            guard entry.key.kind == kind else { return }
            if entry.value > 0 { counts.more += entry.value } else { counts.less -= entry.value }
        }
    }

    private static func text(_ decision: Decision) -> String {
        (decision.key + decision.values).map {
            "\($0.name)=\($0.value?.description ?? "")"
        }.joined(separator: ",")
    }
}

extension Decision.Kind {
    fileprivate var place: Int { Decision.Kind.allCases.firstIndex(of: self) ?? 0 }
}
