package import Model

/// The names an expression may use, with their types: the contract between a stream and its text.
package struct Schema: Sendable {
    package var columns: [Column]
    /// True where a row is the result of a window, so that `for N consecutive windows` makes
    /// sense.
    package var isWindowed: Bool

    /// One field of a row. Its place in `columns` is its place in the row.
    package struct Column: Sendable {
        package var name: String
        package var type: ValueType
        package var unit: Unit?
        /// For a window's column, also where it comes from another stream: the aggregate that made
        /// it, so that `within` can merge its partials.
        package var aggregate: AggregateFunction?
        /// Of a window's `percentile`: which, from 0 to 1.
        package var quantile: Double?
        /// For an enumeration: the words it may be. Empty where any text may come.
        package var choices: [String]

        package init(
            name: String, type: ValueType, unit: Unit? = nil, aggregate: AggregateFunction? = nil,
            quantile: Double? = nil, choices: [String] = []
        ) {
            self.name = name
            self.type = type
            self.unit = unit
            self.aggregate = aggregate
            self.quantile = quantile
            self.choices = choices
        }
    }

    package init(columns: [Column], isWindowed: Bool = false) {
        self.columns = columns
        self.isWindowed = isWindowed
    }
}
