import Language
import Model

/// The most memory that the state of one stream can take, operator by operator.
package struct StreamMemory: Sendable {
    /// The stream's.
    package var name: String
    package var parts: [Part]

    /// One table, at its limit.
    package struct Part: Hashable, Sendable {
        /// `keys`, `windows`, `pattern hot`, …
        package var what: String
        package var count: Int
        package var bytesEach: Int

        /// A hundred limits multiplied might not fit.
        package var bytes: Int {
            let (product, overflow) = count.multipliedReportingOverflow(by: bytesEach)
            return overflow ? .max : product
        }
    }

    package var bytes: Int { parts.reduce(0) { saturatingSum($0, $1.bytes) } }
}

extension [StreamMemory] {
    package var totalBytes: Int { reduce(0) { saturatingSum($0, $1.bytes) } }
}

private func saturatingSum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}

/// How much memory a stream can come to need: the sum of its tables, each at its limit.
extension Stream {
    /// Estimates the tables' entries, not the allocator's waste.
    func memory(registry: Registry) -> StreamMemory {
        let keyCount = min(limits.keys, max(1, deviceBound(registry)))
        var result = StreamMemory(name: plan.name, parts: [])
        func add(_ what: String, _ count: Int, _ bytes: Int) {
            result.parts.append(.init(what: what, count: count, bytesEach: bytes))
        }
        add("keys", keyCount, MemoryLayout<KeyTable.Key>.stride + 96 * max(1, plan.keyFields.count))
        for window in plan.windows {
            let what = window.name.map { "windows \($0)" } ?? "windows"
            if window.base != nil {
                // Closed windows come in order, so that one is open at a time.
                let isSealed = plan.retention == nil
                add(what, keyCount, WindowTable.bytes(cells: plan.cells, isSealed: isSealed))
            } else if let (size, every) = window.aligned {
                add(
                    what, keyCount * openSlots(size: size, every: every),
                    WindowTable.bytes(cells: plan.cells))
            } else {
                add(
                    what, keyCount,
                    KeyedWindows.bytesPerKey(
                        window.kind, plan.measures, plan.cells, entries: limits.trailingEntries))
            }
        }
        for table in closed {
            let kept = Int(clamping: (plan.retention?.count ?? 0) / table.every.count + 2)
            add(
                "closed windows", keyCount * kept,
                WindowTable.bytes(cells: plan.cells) + MemoryLayout<AggregatePartial>.stride)
        }
        for pattern in plan.patterns {
            add("pattern \(pattern.name)", keyCount, bytesPerKey(of: pattern))
            let shape = PatternShape(pattern)
            guard !pattern.isPlain else { continue }
            let most = max(limits.partialsPerKey, shape.mostEvents)
            let perKey = shape.isPruned ? min(shape.mostKept, most) : most
            add(
                "partials \(pattern.name)", min(keyCount * perKey, max(1, limits.partialsPerRule)),
                MemoryLayout<PatternSlot.Partial>.stride + 8 * shape.words
                    + pattern.rule.captures.count * MemoryLayout<PatternSlot.Cell>.stride)
        }
        if let join = plan.join {
            let width = plan.columns.count
            add(
                "join", JoinTable.mostRows(join, devices: keyCount, limits: limits),
                JoinSide.bytes(width: width, key: max(1, join.by.count)))
            add("joined rows", limits.joinRows, JoinTable.bytesPerResult(width: width))
        }
        if let steps { add("steps", keyCount, (steps.bytes(keys: keyCount) - 1) / keyCount + 1) }
        if let rowSteps {
            let rows = keyCount * max(1, plan.windows.count)
            add("steps behind windows", rows, (rowSteps.bytes(keys: rows) - 1) / rows + 1)
        }
        for source in plan.sources where source.sequence != nil {
            add("sequences", keyCount, SequenceTable.bytesPerDevice)
        }
        if plan.carrier != nil, isOrdered {
            let rows = min(limits.reorderEntries, plan.carriedPerKey.map { $0 * keyCount } ?? .max)
            let columns = plan.carried.joined()
            let last = columns.map(\.column).max() ?? 0
            let each = columns.reduce((last + 1) * MemoryLayout<AggregatePartial>.stride) {
                $0 + $1.needs.bytes()
            }
            add("partials of waiting rows", rows, each)
        }
        if isOrdered {
            add("reorder", limits.reorderEntries, ReorderBuffer.bytes(width: plan.columns.count))
        }
        return result
    }

    private func deviceBound(_ registry: Registry) -> Int {
        var total = 0
        for source in plan.sources {
            if source.topic.device != nil {
                total += 1
            } else if let group = source.group, group < registry.groups.count {
                total += registry.groups[group].members.count
            } else {
                return registry.deviceNames.limit
            }
        }
        return total
    }

    /// Windows, or panes, of one key that lateness keeps open at once.
    private func openSlots(size: Milliseconds, every: Milliseconds) -> Int {
        let lateness = plan.sources.map(\.lateness).max() ?? .zero
        let count = Int(min(lateness.count / every.count + 2, Int64(limits.openWindows)))
        let others = WindowTable.covering(size: size, every: every) - 1
        // And the panes that are merged as a window closes.
        return others == 0
            ? count : (count + others) * WindowTable.panes(size: size, every: every).count + 1
    }

    /// All but the partials, which are bounded together.
    private func bytesPerKey(of pattern: PatternPlan) -> Int {
        let state = PatternState(pattern, width: plan.patternWidth, limits: limits)
        let shape = state.shape
        let hasCooldown = pattern.rule.cooldown != nil
        var bytes = state.isSingle && !hasCooldown ? 0 : PatternSlot.bytes
        bytes += state.calls.bytesPerKey
        bytes += state.fed.reduce(0) { $0 + $1.bytesPerKey }
        if state.hasPartitions { bytes += MemoryLayout<Int32>.stride }
        if shape.countsWindows { bytes += MemoryLayout<PatternSlot.Window>.stride }
        if hasCooldown { bytes += MemoryLayout<Instant>.stride }
        if state.holdsRows {
            bytes += plan.patternWidth * MemoryLayout<Value?>.stride
            bytes += MemoryLayout<Timer>.stride + MemoryLayout<Instant>.stride
        }
        if state.hasStale {
            bytes += PatternStale.bytesPerKey(width: state.stale.width) + MemoryLayout<Timer>.stride
        }
        // In the worst case each key has a slot, with its groups, of its own; and is a member.
        bytes +=
            shape.groups.count
            * (MemoryLayout<PatternGroup>.stride + 4 * MemoryLayout<PatternGroup.Member>.stride)
        for call in pattern.rule.aggregates {
            var entries = Int64(TrailingAggregate.limit(of: call, limits.trailingEntries))
            if let events = call.events {
                entries = min(entries, Int64(events))
            } else if let (_, every) = plan.windows.first?.aligned {
                entries = min(entries, call.over.count / every.count + 1)
            }
            bytes += MemoryLayout<TrailingAggregate>.stride
            bytes += Int(entries) * TrailingAggregate.bytesPerEntry(of: call)
        }
        return bytes
    }
}
