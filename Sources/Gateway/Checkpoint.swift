import Engine
import Model
import Store

/// Checkpoints: the engine's state and the changed twins, written so seldom that they cost little
/// and so often that recovery is short.
extension Gateway {
    /// Journal bytes after which a checkpoint is worth it, whatever its size.
    private static let journalMin = 1 << 20
    /// A checkpoint costs about as many bytes as this multiple of it is journaled in between.
    private static let journalFactor = 4
    /// No more than this is ever replayed, if anything happened at all.
    private static let interval = Milliseconds.minute * 5

    var isCheckpointDue: Bool {
        guard journalSinceCheckpoint > 0 else { return false }
        if journalSinceCheckpoint
            > max(Gateway.journalMin, checkpointSize * Gateway.journalFactor)
        {
            return true
        }
        return turn.now - lastCheckpoint > Gateway.interval
    }

    /// Adds the state after this turn to the turn's own batch.
    func addCheckpoint(to batch: inout WriteBatch) {
        var size = 0
        let devices = Set(engine.takeChangedTwins()).union(unsavedTwins)
        unsavedTwins = []
        for device in devices.sorted(by: { $0.index < $1.index }) {
            var writer = ByteWriter()
            engine.encodeTwin(of: device, into: &writer)
            size += writer.bytes.count
            batch.twins.append((device.index, writer.bytes))
        }
        var writer = ByteWriter()
        engine.snapshot(into: &writer)
        size += writer.bytes.count
        batch.checkpoint = writer.bytes
        checkpointSize = size
        journalSinceCheckpoint = 0
        lastCheckpoint = turn.now
    }

    /// Writes a checkpoint of its own, for a clean stop or before a new plan takes over.
    func writeCheckpoint() {
        var batch = WriteBatch(time: turn.now, urgency: .strict)
        batch.deviceNames = turn.deviceNames
        batch.propertyNames = turn.propertyNames
        batch.history = takeHistory()
        addCheckpoint(to: &batch)
        batch.configuration = unsavedConfiguration
        if store.submit(batch) == nil { return keep(batch) }
        unsavedConfiguration = nil
    }

    /// The blocks of history that the next batch is to bring.
    func takeHistory() -> [HistoryRow] {
        defer { unsavedHistory = [] }
        return unsavedHistory + engine.takeSealedHistory().map { HistoryRow($0) }
    }

    /// After a batch that the store did not take: what later batches must bring in its place.
    func keep(_ batch: WriteBatch) {
        unsavedTwins.formUnion(batch.twins.map { Device(index: $0.key) })
        unsavedHistory += batch.history
        unsavedNames.devices += batch.deviceNames
        unsavedNames.properties += batch.propertyNames
        if batch.checkpoint != nil { journalSinceCheckpoint = .max / 2 }
    }
}
