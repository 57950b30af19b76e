import Engine
import Model
import Store
import Twins
import Wire

extension HistoryRow {
    init(_ block: HistoryTable.SealedBlock) {
        self.init(
            device: block.device.index, property: block.property.index,
            kind: block.kind.rawValue, start: block.start, end: block.end,
            sequence: block.sequence, value: block.bytes)
    }
}

extension Gateway {
    /// `history DEVICE PROPERTY KINDS`: the blocks of these kinds, numbers with commas, that the
    /// store does not have yet, in hexadecimal.
    func historyReply(to words: [String]) -> [UInt8] {
        let names = words.dropFirst()
        guard words.count == 4, let device = engine.registry.device(named: words[1]) else {
            return Document.failure("no device is called '\(names.first ?? "")'").json
        }
        guard let property = engine.registry.property(named: words[2]) else {
            return Document.failure("no property is called '\(words[2])'").json
        }
        let kinds = words[3].split(separator: ",").compactMap { UInt8($0) }
            .compactMap(HistoryTable.Kind.init(rawValue:))
        let fresh = freshHistory.flatMap(\.rows).filter { row in
            row.device == device.index && row.property == property.index
                && kinds.contains { $0.rawValue == row.kind }
        }
        var blocks = fresh.map(\.value)
        for kind in kinds { blocks += engine.history.open(device, property, kind) }
        return Document.map([.init("blocks", .array(blocks.map { .text($0.hexadecimal) }))]).json
    }

    /// What `iotflow status` shows of the history.
    var historyDocument: Document {
        let counters = engine.history.counters
        let statistics = store.statistics
        return .counts([
            ("recorded", counters.recorded), ("late", counters.late),
            ("refused", counters.refused), ("series", UInt64(engine.history.seriesCount)),
            ("blocks", UInt64(statistics.historyBlocks)),
            ("bytes", UInt64(statistics.historyBytes)),
        ])
    }
}
