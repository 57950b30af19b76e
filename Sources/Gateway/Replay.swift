import CoAP
import Engine
import Model
import Store
import Wire

/// Feeds journal blocks to an engine.
struct Replay {
    var engine: Engine
    /// The last block that the engine's checkpoint holds.
    let covered: UInt64
    private(set) var turns = 0
    private(set) var newest = Instant.distantPast
    private(set) var damage: WireError?

    init(engine: Engine, covered: UInt64) {
        self.engine = engine
        self.covered = covered
    }

    /// Steps through a block's turns; false where the block is damaged, for nothing after it can be
    /// trusted to mean the same.
    mutating func step(_ block: JournalBlock) -> Bool {
        var effects: [Effect] = []
        do throws(WireError) {
            try TurnCodec.decode(block.turns) { now, inputs in
                engine.step(inputs, at: now, into: &effects)
                effects.removeAll(keepingCapacity: true)
                newest = max(newest, now)
                turns += 1
            }
        } catch {
            damage = error
        }
        return damage == nil
    }

    /// Requests whose readings are in the journal were taken: their repeats are answered and not
    /// run.
    ///
    /// A repeat is recognised for as long as it would be without the restart: `wall` and
    /// `monotonic`, the same moment in milliseconds, tell how old an exchange is.
    mutating func restoreExchanges(
        of block: JournalBlock, into endpoint: CoAPEndpoint, wall: Int64, monotonic: UInt64
    ) {
        newest = max(newest, block.time)
        // A damaged block is reported by `step`; here it only means fewer repeats recognised.
        try? TurnCodec.decode(block.turns) { (now: Instant, inputs: [Input]) throws(WireError) in
            let age = UInt64(max(0, wall - now.milliseconds))
            for case .exchange(let key) in inputs {
                endpoint.restoreExchange(
                    ExchangeKey(rawValue: key), code: .changed,
                    now: monotonic - min(age, monotonic))
            }
        }
    }
}
