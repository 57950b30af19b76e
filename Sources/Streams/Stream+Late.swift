import Language
import Model

/// Events behind the watermark: critical patterns look at them, windows that are kept are revised,
/// and the rest comes out as what it is.
extension Stream {
    /// Takes the late row that has been filled.
    mutating func acceptLate(
        _ source: Int, _ device: Device, _ property: Property, at time: Instant,
        registry: Registry, into outputs: inout [StreamOutput]
    ) {
        let isWanted = lateOutputs < limits.lateOutputs
        guard isWanted || !immediate.isEmpty || plan.retention != nil else { return }
        fillNames(source, device, property, registry)
        let values = isWanted ? lateValues(device, registry) : []
        guard passesFilters(), passesArrivalSteps(device, at: time, registry) else { return }
        take(device, property, at: time, isLate: true, registry: registry, into: &outputs)
        var isTaken = false
        if plan.retention != nil, let key = keys.key(of: row, device, in: registry) {
            isTaken = revise(
                key: key, at: time, order: order(device, property), into: &outputs)
        }
        guard isWanted, !isTaken else { return }
        lateOutputs += 1
        outputs.append(
            .late(
                LateEvent(
                    stream: plan.name, device: registry.entry(device) == nil ? nil : device,
                    time: time, values: values)))
    }

    /// The sources' fields, before any step.
    private func lateValues(_ device: Device, _ registry: Registry) -> [Field] {
        var values = fields(of: row)
        guard device.index != Stream.noDevice.index else { return values }
        for column in plan.deviceColumns {
            let name = plan.columns[column].name
            for index in values.indices where values[index].name == name {
                values[index].value = .text(registry.name(of: device))
            }
        }
        return values
    }

    /// Takes the row into the windows it belongs to: open ones, and those kept, which come out
    /// again. False where all are gone.
    private mutating func revise(
        key: Int, at time: Instant, order: UInt64, into outputs: inout [StreamOutput]
    ) -> Bool {
        var isTaken = false
        for table in closed.indices where !tables[table].isFed {
            if revise(table, key: key, at: time, order: order, into: &outputs) { isTaken = true }
        }
        return isTaken
    }

    /// Keeps the window that a table is about to close, and forgets those kept long enough.
    mutating func keepFirst(of table: Int, _ slots: [(key: Int, slot: Int)]) {
        guard let retention = plan.retention else { return }
        while closed[table].firstEnd < .distantFuture,
            closed[table].firstEnd + retention <= clock.watermark
        {
            closed[table].removeFirst()
        }
        for (key, slot) in slots
        where !closed[table].keep(slot: slot, key: key, of: tables[table]) {
            counters.droppedByLimit += 1
        }
    }
}
