import Model

/// Events of a file, or of standard input, block by block.
struct EventSource: ~Copyable {
    private(set) var table: EventTable
    private var input: EventInput
    private let format: EventFormat
    /// How many bytes of the input's block the last events took; nil before the first.
    private var used: Int?
    private var isDone = false

    /// Opens a file, or standard input where the path is `-`.
    init(
        _ path: String, _ names: EventTable.Names, _ registry: Registry
    ) throws(EventError) {
        var input = try EventInput(path)
        try input.advance(by: 0)
        format = names.format ?? EventFormat(path: path) ?? EventFormat(input.bytes)
        table = EventTable(names, registry: registry)
        self.input = input
    }

    /// Puts the next events in the place of the last; false when there are no more.
    mutating func next(into readings: inout [Reading]) throws(EventError) -> Bool {
        readings.removeAll(keepingCapacity: true)
        while !isDone {
            if let used { try input.advance(by: used) }
            used = try table.read(input, as: format, into: &readings)
            isDone = input.isAtEnd || table.isBroken
            if isDone || !readings.isEmpty { return true }
        }
        return false
    }

    /// Gives the devices that have no model this one.
    mutating func adopt(_ model: DeviceModel) { table.adopt(model) }
}
