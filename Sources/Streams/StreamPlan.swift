import Language
import Model

/// A stream, or an aggregation, as it is compiled: names have become numbers.
struct StreamPlan: Sendable {
    let name: String
    /// Tells one definition from another, so that state is only given back to what it came from.
    let fingerprint: UInt64
    let sources: [SourcePlan]
    /// A raw row's fields.
    let columns: [Schema.Column]
    /// Where in a row the device's name belongs, if anywhere.
    let deviceColumns: [Int]
    /// Whether an expression reads the device's name; else it is only filled in for output.
    let readsDevice: Bool
    let filters: [Program]
    let keyFields: [KeyTable.KeyField]
    /// Empty where the patterns see raw rows.
    let windows: [WindowPlan]
    let cells: [CellPlan]
    let measures: [MeasurePlan]
    /// On window rows; those for which one is not true do not come out.
    let rowFilters: [Program]
    let patterns: [PatternPlan]

    /// Columns of the rows that patterns see: raw columns, or the measures and then the key.
    var patternWidth: Int {
        windows.isEmpty ? columns.count : measures.count + keyFields.count
    }
}

/// One entry of `sources`.
struct SourcePlan: Sendable {
    let topic: TopicFilter
    /// Index into the registry's groups; nil for every device.
    let group: Int?
    let lateness: Milliseconds
    let idleTimeout: Milliseconds
    let fills: [(column: Int, fill: Fill)]
    /// Whether a column takes `topic[0]` or `topic[2]`.
    let namesTopic: Bool

    init(
        topic: TopicFilter, group: Int?, lateness: Milliseconds, idleTimeout: Milliseconds,
        fills: [(column: Int, fill: Fill)]
    ) {
        self.topic = topic
        self.group = group
        self.lateness = lateness
        self.idleTimeout = idleTimeout
        self.fills = fills
        namesTopic = fills.contains { $0.fill == .root || $0.fill == .propertyName }
    }

    /// What a column of the row is taken from.
    enum Fill: Hashable, Sendable {
        /// `topic[0]`, which is always `telemetry`.
        case root
        /// `topic[1]`.
        case deviceName
        /// `topic[2]`.
        case propertyName
        /// `payload.value`.
        case value
        /// `payload.{property}`.
        case property(String)
    }

    /// The columns that a reading of this property fills with its value.
    func columns(of property: String) -> [Int] {
        fills.compactMap { column, fill in
            switch fill {
            case .value: column
            case .property(let name): name == property ? column : nil
            case .root, .deviceName, .propertyName: nil
            }
        }
    }

    /// True where a row says nothing of what was measured, so that every datagram makes one.
    var hasNoPayload: Bool {
        fills.allSatisfy { _, fill in
            switch fill {
            case .root, .deviceName, .propertyName: true
            case .value, .property: false
            }
        }
    }
}

/// A tumbling window; an aggregation's has a name.
struct WindowPlan: Sendable {
    let name: String?
    let size: Milliseconds
    let offset: Milliseconds
}

/// What is accumulated for one column, whichever measures read it.
struct CellPlan: Sendable {
    /// Nil to count rows.
    let column: Int?
    var needs: AggregatePartial.Needs
}

/// One field of a window's row.
struct MeasurePlan: Sendable {
    let name: String
    let function: AggregateFunction
    let cell: Int
    let type: ValueType
    let unit: Unit?
}
