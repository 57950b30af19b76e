import CoAP
import Engine
import Loop
import Model
import Store

/// Recovery: the engine goes on where the last process left it.
extension Gateway {
    /// Gives the engine its checkpoint. One that cannot be read keeps the gateway from starting,
    /// unless `startsEmpty`: then as much of it as can be read is taken, and true comes back.
    static func restore(
        _ checkpoint: Recovery.Checkpoint?, startsEmpty: Bool, into engine: inout Engine, log: Log
    ) throws(StartError) -> Bool {
        guard let checkpoint else { return false }
        let problem: RecordError
        do throws(RecordError) {
            var restored = engine
            var reader = ByteReader(checkpoint.bytes)
            try restored.restore(from: &reader)
            engine = restored
            return false
        } catch {
            problem = error
        }
        let told = Gateway.tell(problem)
        guard startsEmpty else {
            throw .unavailable(
                "\(told)\n"
                    + "Nothing has been changed. With --start-empty the gateway starts all the "
                    + "same: windows and patterns\nbegin anew, with what the journal holds since "
                    + "then; twins, and what waits to be sent upstream, stay.")
        }
        do throws(RecordError) {
            var restored = engine
            var reader = ByteReader(checkpoint.bytes)
            try restored.restore(from: &reader, emptyStreams: true)
            engine = restored
            log.warning("\(told); windows and patterns start empty, commands go on")
        } catch {
            log.warning("\(told); windows and patterns start empty, commands under way are lost")
        }
        return true
    }

    private static func tell(_ problem: RecordError) -> String {
        if case .otherVersion = problem { return "the checkpoint cannot be read: \(problem)" }
        return "the checkpoint is damaged: \(problem)"
    }

    /// Gives the engine its twins and the journal since the checkpoint. Effects are dropped: what
    /// they published is in the store already, and commands are taken up again by `resume`.
    static func replay(
        _ recovery: Recovery, store: Store, endpoint: CoAPEndpoint, into engine: inout Engine,
        log: Log
    ) throws(StartError) -> Instant {
        for row in recovery.twins {
            var reader = ByteReader(row.value)
            do throws(RecordError) {
                try engine.decodeTwin(of: Device(index: row.key), from: &reader)
            } catch {
                log.warning("twin \(row.key) is damaged and starts anew: \(error)")
            }
        }
        var replay = Replay(engine: engine, covered: recovery.checkpoint?.covered ?? 0)
        let (wall, monotonic) = (Clock.now, UInt64(Clock.monotonic))
        try unavailable { () throws(StoreError) in
            try store.readJournal(from: .within(exchangeLifetime)) { block in
                replay.restoreExchanges(
                    of: block, into: endpoint, wall: wall, monotonic: monotonic)
                return true
            }
            try store.readJournal(from: .after(replay.covered)) { replay.step($0) }
        }
        if let damage = replay.damage { log.error("the journal is damaged: \(damage)") }
        engine = replay.engine
        engine.continueOutbox(after: recovery.outboxSequence)
        engine.continueHistory(after: recovery.historySequence)
        _ = engine.takeChangedTwins()
        _ = engine.takeSealedHistory()
        if replay.turns > 0 { log.info("replayed \(replay.turns) turns of the journal") }
        return replay.newest
    }
}
