import Engine
import Model
import Store
import Twins
import Wire

extension HistoryRow {
    init(_ block: HistoryTable.SealedBlock) {
        self.init(
            device: block.device.index, property: block.property.index,
            kind: block.isLate ? HistoryRow.late : HistoryRow.regular, start: block.start,
            end: block.end, sequence: block.sequence, value: block.bytes)
    }

    /// Kinds of blocks: samples in order, and samples that came late.
    static let regular: UInt8 = 0, late: UInt8 = 1
}

extension Gateway {
    /// `history DEVICE PROPERTY`: the blocks that the store does not have yet, in hexadecimal.
    func historyReply(to words: [String]) -> [UInt8] {
        guard words.count == 3, let device = engine.registry.device(named: words[1]) else {
            return Document.failure("no device is called '\(words.dropFirst().first ?? "")'").json
        }
        guard let property = engine.registry.property(named: words[2]) else {
            return Document.failure("no property is called '\(words[2])'").json
        }
        let fresh = freshHistory.flatMap(\.rows).filter {
            $0.device == device.index && $0.property == property.index
        }
        let blocks = fresh.map(\.value) + engine.history.open(device, property)
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
