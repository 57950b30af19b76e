import Language
import Model

/// How much memory a stream can come to need: the sum of its tables, each at its limit.
extension Stream {
    /// In bytes. Estimates the tables' entries, not the allocator's waste.
    func memoryBound(registry: Registry) -> Int {
        let devices = deviceBound(registry)
        let keyCount = min(limits.keys, max(1, devices))
        var bytes =
            keyCount * (MemoryLayout<KeyTable.Key>.stride + 96 * max(1, plan.keyFields.count))
        for window in plan.windows {
            bytes += keyCount * openWindows(window) * WindowTable.bytes(cells: plan.cells.count)
        }
        for pattern in plan.patterns { bytes += keyCount * bytesPerKey(of: pattern) }
        if plan.windows.isEmpty, !ordered.isEmpty {
            bytes += limits.reorderEntries * ReorderBuffer.bytes(width: plan.columns.count)
        }
        return bytes
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

    /// Windows of one key that lateness keeps open at once.
    private func openWindows(_ window: WindowPlan) -> Int {
        let lateness = plan.sources.map(\.lateness).max() ?? .zero
        let count = lateness.count / window.size.count + 2
        return Int(min(count, Int64(limits.openWindows)))
    }

    private func bytesPerKey(of pattern: PatternPlan) -> Int {
        var bytes = MemoryLayout<PatternState.Key>.stride
        if case .duration = pattern.rule.sustained {
            bytes += plan.patternWidth * MemoryLayout<Value?>.stride
            bytes += MemoryLayout<Timer>.stride
        }
        for call in pattern.rule.aggregates {
            var entries = Int64(limits.trailingEntries)
            if let window = plan.windows.first {
                entries = min(entries, call.over.count / window.size.count + 1)
            }
            bytes += MemoryLayout<TrailingAggregate>.stride
            bytes += Int(entries) * TrailingAggregate.bytesPerEntry
        }
        return bytes
    }
}
