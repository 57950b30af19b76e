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
    /// Behind the filters, but before a step that remembers rows.
    let arrivalSteps: [StepPlan]
    /// From the first step that remembers rows to the aggregate.
    let orderedSteps: [StepPlan]
    let keyFields: [KeyTable.KeyField]
    /// Empty where the patterns see raw rows.
    let windows: [WindowPlan]
    let cells: [CellPlan]
    let measures: [MeasurePlan]
    /// On window rows. A row for which a filter is not true does not come out.
    let rowSteps: [StepPlan]
    /// The fields that these steps add behind the key.
    let derived: [Schema.Column]
    /// How long closed windows can be revised; nil if they cannot.
    let retention: Milliseconds?
    let patterns: [PatternPlan]
    /// Behind the steps that act on arrival, and before the others.
    var join: JoinPlan? = nil

    /// Where the number is put by which a waiting row's partials are found.
    var carrier: Int?
    /// By source: the columns that carry partials.
    var carried: [[Carried]] = []
    /// Rows of one key that may wait with their partials; nil where only the buffer's limit says.
    var carriedPerKey: Int?
    /// The windows that others are made of, the smallest first.
    var bases: [Int] = []

    /// A column, the measure of the stream that is followed, and what is read of its partial.
    struct Carried: Sendable {
        var column: Int
        var measure: Int
        var needs: AggregatePartial.Needs
    }

    /// Where rows are of something else than devices, no device is waited for.
    var isOfDevices: Bool {
        keyFields.contains { if case .device = $0 { true } else { false } }
    }

    /// Whether rows come from other streams, so that those of one time may have different keys.
    var followsStreams: Bool { sources.contains { $0.upstream != nil } }

    /// Columns of the rows that patterns see: raw columns, or the measures and then the key.
    var patternColumns: [String] {
        windows.isEmpty
            ? columns.map(\.name)
            : measures.map(\.name) + keyFields.map(\.name) + derived.map(\.name)
    }

    /// How many they are.
    var patternWidth: Int {
        windows.isEmpty
            ? columns.count : measures.count + keyFields.count + derived.count
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
    /// Whether a column takes anything that is no value and not the row's device.
    let namesTopic: Bool
    /// Where rows come from if not from readings.
    let upstream: Upstream?
    /// The column that takes the device's number of the event, on its way to the `SequenceTable`.
    let sequence: Int?
    let conversions: [Conversion]

    /// A column whose values are brought to one unit.
    struct Conversion: Sendable {
        let column: Int
        let target: Unit
        /// By model: the unit its values are in; nil where they stay as they are.
        let units: [Unit?]
    }

    /// What another stream puts out.
    struct Upstream: Sendable {
        /// Its place among the plans, which is before this one's.
        let stream: Int
        /// Nil for its window rows.
        let pattern: String?
        /// Column and the name of the field that fills it.
        let fills: [(column: Int, name: String)]
        /// Columns that tell which device a row is about.
        let deviceColumns: [Int]
        /// Columns, and the measures whose partials they may carry.
        var measures: [(column: Int, measure: Int)] = []
        /// Rows of one key that may come at once.
        var rowsAtOnce = 1
    }

    init(_ upstream: Upstream) {
        self.init(
            topic: TopicFilter(), group: nil,
            lateness: .zero, idleTimeout: .day, fills: [], upstream: upstream)
    }

    init(
        topic: TopicFilter, group: Int?, lateness: Milliseconds, idleTimeout: Milliseconds,
        fills: [(column: Int, fill: Fill)], upstream: Upstream? = nil, sequence: Int? = nil,
        conversions: [Conversion] = []
    ) {
        self.sequence = sequence
        self.conversions = conversions
        self.upstream = upstream
        self.topic = topic
        self.group = group
        self.lateness = lateness
        self.idleTimeout = idleTimeout
        self.fills = fills
        namesTopic = fills.contains { _, fill in
            switch fill {
            case .root, .propertyName, .partnerName, .sourceNumber: true
            case .deviceName, .value, .property: false
            }
        }
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
        /// `topic[1]`, where the row itself is about another device.
        case partnerName
        /// The source's own number.
        case sourceNumber(Int)
    }

    /// The columns that a reading of this property fills with its value.
    func columns(of property: String) -> [Int] {
        fills.compactMap { column, fill in
            switch fill {
            case .value: column
            case .property(let name): name == property ? column : nil
            case .root, .deviceName, .propertyName, .partnerName, .sourceNumber: nil
            }
        }
    }

    /// True where a row says nothing of what was measured, so that every datagram makes one.
    var hasNoPayload: Bool {
        fills.allSatisfy { _, fill in
            switch fill {
            case .root, .deviceName, .propertyName, .partnerName, .sourceNumber: true
            case .value, .property: false
            }
        }
    }
}

/// A window; an aggregation's has a name.
struct WindowPlan: Sendable {
    let name: String?
    let kind: WindowDefinition.Kind
    let offset: Milliseconds
    /// The smaller window that it is made of, by its place among the stream's.
    var base: Int?

    /// Of windows aligned to the epoch: their length and the distance of their starts. Nil for
    /// those that follow the rows of their key.
    var aligned: (size: Milliseconds, every: Milliseconds)? {
        switch kind {
        case .tumbling(let size): (size, size)
        case .hopping(let size, let every): (size, every)
        case .session, .count, .sliding: nil
        }
    }

    /// By how much adjacent windows overlap; nil where windows of a key are always adjacent.
    var overlap: Milliseconds? { aligned.map { Milliseconds($0.size.count - $0.every.count) } }
}

/// What is accumulated for one column, whichever measures read it.
struct CellPlan: Sendable {
    /// Nil to count rows.
    let column: Int?
    /// The other column, for what needs two.
    var second: Int? = nil
    var needs: AggregatePartial.Needs
    /// Whether it takes the partials that rows carry, rather than their values.
    var isMerged = false

    /// Takes a row in. `order` decides between rows of the same time.
    @inline(__always)
    func add(
        _ row: [Value?], carrying partials: [AggregatePartial] = [], at time: Instant,
        order: UInt64, to partial: inout AggregatePartial
    ) {
        guard let column else {
            partial.count += 1
            return
        }
        if isMerged {
            if column < partials.count { partial.merge(partials[column].reduced(to: needs)) }
            return
        }
        guard let value = row[column] else { return }
        partial.add(
            value, needs: needs, at: time, order: order, with: second.flatMap { row[$0]?.double })
    }
}

/// One field of a window's row.
struct MeasurePlan: Sendable {
    let name: String
    let function: AggregateFunction
    var quantile: Double? = nil
    let cell: Int
    let type: ValueType
    let unit: Unit?

    /// Whether it may be not exact.
    var isEstimate: Bool {
        !AggregatePartial.Needs(function).isDisjoint(with: [.ranks, .distinct, .timeline])
    }
}
