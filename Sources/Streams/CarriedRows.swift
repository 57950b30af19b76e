import Language
import Model

/// What rows of another stream's windows carry while they wait in the reorder buffer: partials by
/// column, found by a number that the row holds itself.
struct CarriedRows: Sendable {
    private var rows: [Int64: [AggregatePartial]] = [:]
    private var next: Int64 = 0

    subscript(number: Int64) -> [AggregatePartial] { rows[number] ?? [] }

    mutating func add(_ partials: [AggregatePartial]) -> Int64 {
        rows[next] = partials
        next += 1
        return next - 1
    }

    mutating func remove(_ number: Int64) { rows[number] = nil }

    func write(into writer: inout ByteWriter) {
        writer.list(rows.sorted { $0.key < $1.key }) { writer, row in
            writer.signed(row.key)
            writer.list(row.value) { writer, partial in partial.write(into: &writer) }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = CarriedRows()
        for _ in 0..<(try reader.count()) {
            let number = try reader.signed()
            guard number >= next, number < 1 << 53 else { throw .malformed(at: reader.offset) }
            rows[number] = try reader.list { (reader) throws(RecordError) in
                try AggregatePartial(from: &reader)
            }
            next = number + 1
        }
    }
}

extension Stream {
    /// Notes what the row being filled carries.
    mutating func carry(_ partials: [AggregatePartial], from source: Int) {
        guard source < plan.carried.count, let last = plan.carried[source].map(\.column).max()
        else { return }
        carried = Array(repeating: AggregatePartial(), count: last + 1)
        for one in plan.carried[source] where one.measure < partials.count {
            carried[one.column] = partials[one.measure].reduced(to: one.needs)
        }
    }

    /// What a row carries that has waited.
    func partials(of row: [Value?]) -> [AggregatePartial] {
        guard let carrier = plan.carrier, case .integer(let number)? = row[carrier] else {
            return []
        }
        return carriedRows[number]
    }

    /// Keeps what the row carries until it comes out of the buffer.
    mutating func shelve() {
        guard let carrier = plan.carrier else { return }
        row[carrier] = .integer(carriedRows.add(carried))
    }

    mutating func unshelve(_ row: [Value?]) {
        guard let carrier = plan.carrier, case .integer(let number)? = row[carrier] else { return }
        carriedRows.remove(number)
    }
}

extension StreamCompiler {
    /// Makes a place for what rows of other streams carry; where steps remember rows, they carry
    /// nothing.
    func prepareCarrying(_ input: inout SourceColumns, isPossible: Bool) {
        for index in input.columns.indices where !isPossible {
            input.columns[index].aggregate = nil
        }
        guard input.columns.contains(where: { $0.aggregate != nil }) else { return }
        input.carrier = input.columns.count
        input.columns.append(Schema.Column(name: "", type: .integer))
    }

    /// Says which columns carry partials that somebody reads.
    static func finishCarrying(_ plan: inout StreamPlan, _ input: SourceColumns) {
        guard let carrier = input.carrier, plan.orderedSteps.isEmpty, plan.join == nil
        else { return }
        var read: [Int: AggregatePartial.Needs] = [:]
        for cell in plan.cells where cell.isMerged {
            if let column = cell.column { read[column, default: []].formUnion(cell.needs) }
        }
        if plan.windows.isEmpty {
            for call in plan.patterns.flatMap(\.rule.aggregates) {
                guard case .column(let column) = call.argument else { continue }
                read[column, default: []].formUnion(AggregatePartial.Needs(call.function))
            }
        }
        guard !read.isEmpty else { return }
        plan.carrier = carrier
        plan.carried = input.sources.map { source in
            source.upstream?.measures.compactMap { column, measure in
                read[column].map {
                    StreamPlan.Carried(column: column, measure: measure, needs: $0)
                }
            } ?? []
        }
        let rows = input.sources.compactMap { $0.upstream?.rowsAtOnce }
        plan.carriedPerKey = rows.count == 1 && input.sources.count == 1 ? rows[0] : nil
    }
}
