import Model

/// What happens to a source's row before anything else looks at it.
extension Stream {
    /// Takes the device's number out of the row that has been filled; false, and counted, where the
    /// event was taken before.
    mutating func takesNumber(_ source: Int, _ device: Device, at time: Instant) -> Bool {
        sequence = .min
        guard let column = plan.sources[source].sequence,
            case .integer(let number)? = row[column]
        else { return true }
        row[column] = nil
        switch sequences.take(number, of: device, source: source, at: time) {
        case .new:
            sequence = number
            return true
        case .repeated: counters.duplicates += 1
        case .tooManyDevices: counters.droppedByLimit += 1
        }
        return false
    }

    /// Converts the row that has been filled from the units of the device's model.
    mutating func convertUnits(_ source: Int, _ device: Device, _ registry: Registry) {
        guard let model = registry.entry(device)?.model else { return }
        for index in 0..<plan.sources[source].conversions.count {
            let conversion = plan.sources[source].conversions[index]
            guard model < conversion.units.count, let unit = conversion.units[model],
                let value = row[conversion.column]?.double
            else { continue }
            let converted = unit.convert(value, to: conversion.target)
            row[conversion.column] = converted.flatMap { $0.isFinite ? .number($0) : nil }
        }
    }

    /// Decides between rows of one time: by the device, then by its number or the property.
    func order(_ device: Device, _ property: Property) -> UInt64 {
        isNumbered
            ? UInt64(device.index) << 32 | UInt64(UInt32(truncatingIfNeeded: sequence))
            : UInt64(device.index) << 16 | UInt64(property.index)
    }
}
