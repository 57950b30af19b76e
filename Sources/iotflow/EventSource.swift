import Model

/// Events of a file, or of standard input, block by block.
struct EventSource: ~Copyable {
    private(set) var table: EventTable
    private var input: EventInput
    private let format: EventFormat
    /// How many bytes of the input's block the last events took; nil before the first.
    private var used: Int?
    private var isDone = false

    /// Without a format the file's name tells it, or else its first byte.
    init(
        _ input: consuming EventInput, _ table: EventTable, as format: EventFormat?
    ) throws(EventError) {
        try input.advance(by: 0)
        self.format = format ?? EventFormat(path: input.path) ?? EventFormat(input.bytes)
        self.table = table
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
