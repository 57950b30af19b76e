import Language
import Model

extension Stream {
    /// How far a device is from a match of the pattern that is watched.
    func explanation(_ device: Device, at time: Instant, registry: Registry) -> Explanation? {
        guard let witness = witnesses.first else { return nil }
        let state =
            witness.isImmediate ? immediate[witness.pattern] : ordered[witness.pattern]
        var result = Explanation(
            stream: plan.name, pattern: state.plan.name,
            key: [Field("device_id", .text(registry.name(of: device)))], time: time,
            counters: counters)
        result.steps = witness.outline.steps.enumerated().map { index, step in
            Explanation.Step(
                label: step.label, text: step.text, isStrict: state.shape.isStrict[index])
        }
        let shown = keys(of: device, registry).compactMap { key in
            witness.shown[key].map { (key: key, shown: $0) }
        }
        guard let (key, latest) = shown.max(by: { $0.shown.end < $1.shown.end }) else {
            return result
        }
        result.key = keys.output(key)
        result.rows = latest.count
        result.row = explain(
            latest, device: plan.windows.isEmpty ? keys.keys[key].device : nil, registry)
        var reader = StateReader(state: state, outline: witness.outline, shown: latest, time: time)
        guard reader.find(key, keys, registry) else {
            result.isOutside = true
            return result
        }
        if state.hasPartitions {
            result.key = state.partitions.output(reader.slot, keys, columns: plan.patternColumns)
        }
        reader.explain(keys, registry, in: &result)
        return result
    }

    private func explain(
        _ shown: Witness.Shown, device: Device?, _ registry: Registry
    ) -> Explanation.Row {
        var shown = shown
        // Where no expression reads the device's name, rows do not have it.
        for column in plan.deviceColumns {
            guard let device else { break }
            shown.row[column] = .text(registry.name(of: device))
        }
        let values = plan.patternColumns.enumerated().compactMap { column, name in
            name.isEmpty
                ? nil
                : Explanation.Row.Entry(
                    field: Field(name, shown.row[column]), last: shown.last[column]?.value,
                    lastTime: shown.last[column]?.time)
        }
        return Explanation.Row(start: shown.start, end: shown.end, fields: values)
    }

    /// The keys that rows of a device may have had.
    private func keys(of device: Device, _ registry: Registry) -> [Int] {
        let (name, entry) = (registry.name(of: device), registry.entry(device))
        let found = keys.keys.indices.filter { index in
            if let owner = keys.keys[index].device { return owner == device }
            return zip(keys.fields, keys.keys[index].values).allSatisfy { field, value in
                if case .column = field { return true }
                return value == field.value(of: entry, in: registry)
            }
        }
        // Where a field of the row is the device's name, other values are other devices'.
        let named = found.filter { keys.keys[$0].values.contains(name) }
        return named.isEmpty ? found : named
    }
}

/// Reads what a pattern's state says of one key.
private struct StateReader {
    var state: PatternState
    let outline: RuleOutline
    let shown: Witness.Shown
    let time: Instant
    private(set) var slot = 0

    init(state: PatternState, outline: RuleOutline, shown: Witness.Shown, time: Instant) {
        self.state = state
        self.outline = outline
        self.shown = shown
        self.time = time
    }

    /// Finds where the key's latest row went; false where that is nowhere.
    mutating func find(_ key: Int, _ keys: KeyTable, _ registry: Registry) -> Bool {
        slot = key
        if state.hasPartitions {
            let columns = Array(shown.row.prefix(state.width))
            guard case .slot(let found) = state.partitions.slot(of: key, columns, keys, registry)
            else { return false }
            slot = found
        }
        state.reach(slot)
        var row = shown.row
        if state.hasStale {
            state.calls.fillStale(
                &row, from: state.width + state.plan.rule.aggregates.count, key: key, at: time)
        }
        row += Array(repeating: nil, count: state.row.count - row.count)
        state.row = row
        return true
    }

    mutating func explain(_ keys: KeyTable, _ registry: Registry, in result: inout Explanation) {
        let partials = state.slots[slot].partials.indices.dropFirst(state.slots[slot].head)
            .sorted { left, right in
                let (one, other) = (
                    state.slots[slot].partials[left], state.slots[slot].partials[right]
                )
                return (-one.step, one.start, left) < (-other.step, other.start, right)
            }
        result.partialCount = partials.count
        result.partials = partials.prefix(Explanation.partialsMax).map { partial($0) }
        result.current = result.partials.first?.step ?? 0
        result.progress = result.partials.first?.progress
        readGroup(keys, registry, in: &result)
        let step = outline.steps[result.current]
        state.loadCaptures(slot, partials.first)
        result.condition = step.condition?.trace(state.row)
        result.abort = step.abort?.trace(state.row)
        state.loadCaptures(slot, nil)
        result.until = outline.until?.trace(state.row)
        result.hasFired = state.slots[slot].hasFired
        guard let cooldown = state.plan.rule.cooldown, state.lastMatches[slot] > .distantPast
        else { return }
        let last = state.lastMatches[slot]
        result.lastMatch = last
        if last + cooldown > time { result.quietUntil = last + cooldown }
    }

    private func partial(_ index: Int) -> Explanation.Partial {
        let partial = state.slots[slot].partials[index]
        var step = Int(partial.step)
        var count = Int(partial.count)
        // One that has enough of its own waits for the next step.
        if case .greedy(let least) = state.shape.kinds[step], step < state.shape.last,
            count >= least
        {
            (step, count) = (step + 1, 0)
        }
        return Explanation.Partial(
            began: partial.began, step: step,
            progress: progress(of: partial, index, step: step, count: count),
            captured: captured(index, before: step),
            expires: state.shape.span.map { partial.start + $0 })
    }

    private func progress(
        of partial: PatternSlot.Partial, _ index: Int, step: Int, count: Int
    ) -> Explanation.Progress {
        switch state.shape.kinds[step] {
        case .once, .group: return .event
        case .times(let needed), .greedy(let needed):
            return .count(count, of: needed, among: nil)
        case .run(let needed, _): return .count(count, of: needed, among: needed)
        case .some(let needed, let among, _):
            let words = state.shape.words
            let recalled =
                state.slots[slot].words[index * words..<(index + 1) * words]
                .reduce(0) { $0 + $1.nonzeroBitCount }
            return .count(step == 0 ? count : recalled, of: needed, among: among)
        case .hold(let span):
            if count == 0 { return .event }
            return .holds(since: partial.since, due: partial.since + span)
        case .absence(let span):
            return .silence(since: partial.since, due: partial.since + span)
        }
    }

    private func captured(_ index: Int, before step: Int) -> [Field] {
        let captures = state.plan.rule.captures
        return captures.indices.compactMap { place in
            let capture = captures[place]
            let label = outline.steps[capture.step].label ?? "\(capture.step + 1)"
            guard capture.step < step else { return nil }
            let cell = state.slots[slot].cells[index * captures.count + place]
            switch capture.what {
            case .first(let column): return Field("\(label).\(name(of: column))", cell.value)
            case .aggregate(let function, let quantile, _):
                return Field(
                    "\(function.rawValue)(\(label))",
                    cell.partial.result(of: function, quantile: quantile, type: .number))
            }
        }
    }

    private func name(of column: Int) -> String { outline.columns[column] }

    /// Counts the devices of the group step that is waited for.
    private func readGroup(
        _ keys: KeyTable, _ registry: Registry, in result: inout Explanation
    ) {
        guard let place = state.shape.groups.firstIndex(of: result.current),
            case .group(let quantifier, _, _) = state.plan.rule.steps[result.current].what
        else { return }
        let group = state.groups[slot * state.shape.groups.count + place]
        result.members = group.members.map { key, member in
            let owner = keys.keys[Int(key)]
            let name =
                owner.device.map { registry.name(of: $0) }
                ?? owner.values.map { $0 ?? "" }.joined(separator: " ")
            return Explanation.Member(name: name, isTrue: member.isTrue, since: member.since)
        }.sorted { $0.name < $1.name }
        let population = max(
            group.members.count,
            state.partitions.population(of: slot, state.sources, registry))
        let needed =
            switch quantifier {
            case .any: 1
            case .atLeast(let least): least
            case .all: population
            case .percent(let percent):
                Int((percent * Double(population) / 100).rounded(.up))
            }
        result.progress = .devices(group.trueCount, of: population, needs: max(1, needed))
    }
}
