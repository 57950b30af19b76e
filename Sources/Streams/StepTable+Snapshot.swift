import Model

/// What the steps remember as bytes and back.
extension StepTable {
    func write(into writer: inout ByteWriter) {
        writer.list(owners) { writer, owner in
            writer.unsigned(UInt64(owner.device))
            writer.unsigned(UInt64(owner.property))
        }
        for state in states {
            writer.instant(state.time)
            writer.value(state.value)
            writer.value(state.candidate)
            writer.list(state.held) { $0.value($1) }
            guard let window = state.window else { continue }
            writer.instant(window.start)
            for partial in window.partials { partial.write(into: &writer) }
        }
        for passed in passed {
            writer.list(passed.order.elements) { writer, entry in
                writer.instant(entry.time)
                writer.list(entry.key) { $0.value($1) }
            }
        }
        for join in joins { join.write(into: &writer) }
        for table in calls where !table.calls.isEmpty { table.write(into: &writer) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = StepTable(
            steps, width: width, isByProperty: isByProperty, limit: limit, measures: measures)
        for _ in 0..<(try reader.count()) {
            let device = try reader.count()
            let property = try reader.count()
            guard device <= Int(UInt32.max), property <= Int(UInt16.max),
                add(Owner(device: UInt32(device), property: UInt16(property))) != nil
            else { throw .malformed(at: reader.offset) }
        }
        for place in states.indices { try restoreState(place, from: &reader) }
        for step in steps.indices {
            for _ in 0..<(try reader.count()) {
                let time = try reader.instant()
                var key: [Value?] = []
                for _ in 0..<(try reader.count()) { key.append(try reader.value()) }
                passed[step].times[key] = time
                passed[step].order.append(Passed.Entry(time: time, key: key))
            }
        }
        for step in steps.indices { try joins[step].restore(from: &reader) }
        for step in calls.indices where !calls[step].calls.isEmpty {
            try calls[step].restore(from: &reader, keys: owners.count)
        }
    }

    private mutating func restoreState(
        _ place: Int, from reader: inout ByteReader
    ) throws(RecordError) {
        states[place].time = try reader.instant()
        states[place].value = try reader.value()
        states[place].candidate = try reader.value()
        for _ in 0..<(try reader.count()) { states[place].held.append(try reader.value()) }
        guard [0, width].contains(states[place].held.count) else {
            throw .malformed(at: reader.offset)
        }
        guard !states[place].held.isEmpty else { return }
        if let measures {
            var window = Window(start: try reader.instant(), partials: [])
            for _ in 0..<measures {
                window.partials.append(try AggregatePartial(from: &reader))
            }
            states[place].window = window
        }
        let (key, step) = place.quotientAndRemainder(dividingBy: steps.count)
        switch steps[step] {
        case .debounce(_, let span): wait(until: states[place].time + span, step, key)
        case .sample(let period, _): wait(until: states[place].time + period, step, key)
        default: throw .malformed(at: reader.offset)
        }
    }
}
