import Language
import Model

/// What one pattern was shown last of each key: kept only where somebody asks why.
struct Witness: Sendable {
    /// Its place among the patterns that judge rows as they arrive, or among the others.
    let pattern: Int
    let isImmediate: Bool
    let outline: RuleOutline
    /// Rows after this do not count.
    let end: Instant
    private(set) var shown: [Int: Shown] = [:]

    /// The latest row of a key.
    struct Shown: Sendable {
        /// Columns, aggregates and calls.
        var row: [Value?] = []
        var start = Instant.distantPast
        var end = Instant.distantPast
        /// Rows in all.
        var count = 0
        /// By column: the latest value that there was, and when.
        var last: [(value: Value, time: Instant)?] = []
    }

    init(pattern: Int, isImmediate: Bool, outline: RuleOutline, end: Instant) {
        self.pattern = pattern
        self.isImmediate = isImmediate
        self.outline = outline
        self.end = end
    }

    mutating func note(_ row: [Value?], width: Int, key: Int, start: Instant, end: Instant) {
        guard end <= self.end else { return }
        var shown = self.shown[key] ?? Shown()
        shown.count += 1
        while shown.last.count < width { shown.last.append(nil) }
        for column in 0..<width {
            guard let value = row[column], end >= shown.last[column]?.time ?? .distantPast else {
                continue
            }
            shown.last[column] = (value, end)
        }
        if end >= shown.end { (shown.row, shown.start, shown.end) = (row, start, end) }
        self.shown[key] = shown
    }
}

extension Stream {
    /// Notes the row that a pattern has just judged, if that is the one somebody asks about.
    @inline(__always)
    mutating func witness(
        _ pattern: Int, isImmediate: Bool, _ columns: [Value?], key: Int, start: Instant,
        end: Instant
    ) {
        if witnesses.isEmpty { return }
        note(pattern, isImmediate, columns, key: key, start: start, end: end)
    }

    private mutating func note(
        _ pattern: Int, _ isImmediate: Bool, _ columns: [Value?], key: Int, start: Instant,
        end: Instant
    ) {
        for index in witnesses.indices
        where witnesses[index].pattern == pattern && witnesses[index].isImmediate == isImmediate {
            let state = isImmediate ? immediate[pattern] : ordered[pattern]
            let row = state.row.count > state.width ? state.row : columns
            let own = row.prefix(row.count - (state.row.count > state.width ? state.captures : 0))
            witnesses[index].note(
                Array(own), width: state.width, key: key, start: start, end: end)
        }
    }

    /// The fields of the rows that patterns see.
    var patternSchema: Schema {
        if plan.windows.isEmpty { return Schema(columns: plan.columns) }
        let measures = plan.measures.map {
            Schema.Column(
                name: $0.name, type: $0.type, unit: $0.unit, aggregate: $0.function,
                quantile: $0.quantile)
        }
        let key = plan.keyFields.map { Schema.Column(name: $0.name, type: .text) }
        return Schema(columns: measures + key + plan.derived, isWindowed: true)
    }

    /// Begins to note what a pattern is shown, up to a time; false where there is no such pattern.
    mutating func watch(_ pattern: PatternDefinition, until end: Instant) -> Bool {
        let name = pattern.name.value
        guard let outline = RuleOutline(pattern.condition, schema: patternSchema) else {
            return false
        }
        if let index = immediate.firstIndex(where: { $0.plan.name == name }) {
            witnesses = [Witness(pattern: index, isImmediate: true, outline: outline, end: end)]
        } else if let index = ordered.firstIndex(where: { $0.plan.name == name }) {
            witnesses = [Witness(pattern: index, isImmediate: false, outline: outline, end: end)]
        } else {
            return false
        }
        return true
    }
}
