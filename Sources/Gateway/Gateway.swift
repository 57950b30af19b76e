import CoAP
package import Config
package import Engine
import Loop
import Model
import Store
import Uplink
import Wire

/// The appliance: one thread that turns datagrams into decisions.
///
/// A turn drains the datagrams that wait, steps the core once over all of them, hands the store one
/// write batch, and performs what the core asked for. Whatever leaves the gateway (an
/// acknowledgement, a command, a record for upstream) leaves after the batch that justifies it is
/// durable; a critical command alone leaves at once, under an id that makes its repeat harmless.
package final class Gateway {
    package private(set) var settings: GatewaySettings
    package internal(set) var engine: Engine
    package internal(set) var counters = GatewayCounters()
    package internal(set) var latencies = Latencies()
    let options: GatewayOptions
    let store: Store
    let endpoint: CoAPEndpoint
    let log: Log

    private let loop: EventLoop
    private let waker: Waker
    private let signals: Signals
    let inquiry: Inquiry
    let control: ControlSocket
    let metrics: MetricsServer?
    var uplink: UplinkThread?

    var timeline: Timeline
    var turn: Turn
    var telemetry: Telemetry
    var effects: [Effect] = []
    var relations = RelationTable<Device, Interest>()
    /// What those who watch were told of each twin last, by its ETag.
    var watched: [Device: [UInt8]] = [:]
    /// Devices whose observers are to be told of this turn.
    var changedTwins: [Device] = []
    /// The newest batch that the store was given.
    var newestTicket: UInt64 = 0
    var held = Held()
    /// Requests of ours that devices have not answered yet.
    var awaited: [Token: Awaited] = [:]
    /// What came of transmissions since the last turn: inputs of the next.
    var answers: [Input] = []
    var journalSinceCheckpoint = 0
    var checkpointSize = 0
    /// What a batch held that the store did not take.
    var unsavedTwins: Set<Device> = []
    var unsavedNames:
        (devices: [(index: UInt32, name: String)], properties: [(index: UInt16, name: String)]) =
            ([], [])
    var unsavedHistory: [HistoryRow] = []
    /// Sealed blocks that are on their way to the disk, for questions about them.
    var freshHistory: [(ticket: UInt64, rows: [HistoryRow])] = []
    /// The configuration in force, until a batch has brought it to the store.
    var unsavedConfiguration: [UInt8]?
    var lastCheckpoint = Instant.distantPast
    /// The last entry of the audit whose hash upstream was told.
    var auditTold: UInt64 = 0
    private var storeStatus: StoreStatus.State = .ready
    private(set) var isStoreQueueFull = false
    /// The database refuses all writes until it is opened anew.
    private var mustRestart = false

    /// A transmission under way.
    struct Awaited {
        var command: CommandID
        var attempt: Int
        var purpose: Transmission.Purpose
        /// Monotonic microseconds.
        var sent: UInt64
    }

    /// Datagrams in one turn, so that the first of them does not wait for a thousand others.
    private static let turnBudget = 512

    init(
        options: GatewayOptions, settings: GatewaySettings, engine: Engine, store: Store,
        endpoint: CoAPEndpoint, inquiry: Inquiry, control: ControlSocket,
        metrics: MetricsServer?, timeline: Timeline, log: Log, waker: Waker
    ) throws(LoopError) {
        self.options = options
        self.settings = settings
        self.engine = engine
        self.store = store
        self.endpoint = endpoint
        self.inquiry = inquiry
        self.control = control
        self.metrics = metrics
        self.timeline = timeline
        self.log = log
        self.waker = waker
        signals = try Signals()
        loop = try EventLoop()
        turn = Turn(now: .distantPast)
        telemetry = Telemetry(settings)
        try loop.watch(fd: endpoint.fd)
        try loop.watch(fd: waker.fd)
        try loop.watch(fd: signals.fd)
        endpoint.onRequest = { [unowned self] request in answer(request) }
        endpoint.onSign = { [unowned self] peer, sign in note(peer, sign) }
        endpoint.onDoubt = { [unowned self] id in relations.doubt(messageID: id) }
        endpoint.onCompletion = { [unowned self] token, completion in
            complete(token, completion)
        }
    }

    var isStoreReady: Bool { storeStatus == .ready }
    var storeState: String { storeStatus.description }

    /// Runs until SIGTERM or SIGINT; then everything accepted is committed and a checkpoint
    /// written.
    package func run() throws(StartError) {
        resume()
        while true {
            do throws(LoopError) {
                _ = try loop.wait(until: deadline)
            } catch {
                throw .unavailable(error.description)
            }
            waker.clear()
            while let wish = signals.next() {
                switch wish {
                case .stop: return stop()
                case .reload: reload()
                }
            }
            takeTurn()
            if mustRestart {
                stop()
                throw .unavailable("the store can no longer be written; start the gateway again")
            }
            inquiry.answer { [unowned self] words in reply(to: words) }
        }
    }

    /// Monotonic milliseconds at which a turn is due though nobody calls.
    private var deadline: UInt64 {
        var due = endpoint.nextTick
        if !answers.isEmpty || !turn.inputs.isEmpty { return 0 }
        if let next = engine.nextDeadline {
            let wait = max(0, (next - turn.now).count)
            due = min(due, Clock.monotonic + UInt64(wait))
        }
        return due
    }

    func beginTurn() {
        turn.begin(at: timeline.now(wall: Clock.now, monotonic: Int64(Clock.monotonic)))
        turn.deviceNames += unsavedNames.devices
        turn.propertyNames += unsavedNames.properties
        unsavedNames = ([], [])
    }

    private func takeTurn() {
        let started = Clock.microseconds
        release()
        refreshStoreState()
        turn.now = timeline.now(wall: Clock.now, monotonic: Int64(Clock.monotonic))
        endpoint.drain(budget: Gateway.turnBudget, now: Clock.monotonic)
        endpoint.tick(now: Clock.monotonic)
        turn.inputs += answers
        answers.removeAll(keepingCapacity: true)
        let isDue = engine.nextDeadline.map { $0 <= turn.now } ?? false
        let checkpoint = untoldCheckpoint
        guard isDue || !turn.inputs.isEmpty || !turn.replies.isEmpty || checkpoint != nil else {
            return release()
        }
        engine.step(turn.inputs, at: turn.now, into: &effects)
        keepPromises()
        if let checkpoint { tell(checkpoint) }
        perform(started: started)
        beginTurn()
        release()
    }

    private func refreshStoreState() {
        let statistics = store.statistics
        isStoreQueueFull =
            statistics.queuedBytes > Gateway.queueBytesMax / 2
            || statistics.queuedBatches > Gateway.queueBatchesMax / 2
        let status = store.status
        if status.needsRestart { mustRestart = true }
        let state = status.state
        // Only a checkpoint lets journal blocks go, so a store without room needs one.
        if state == .mapFull || statistics.uncoveredJournalBytes > settings.limits.journalBytes / 2,
            turn.now - lastCheckpoint > .seconds(5)
        {
            writeCheckpoint()
        }
        guard state != storeStatus else { return }
        log.warning("store: \(state)")
        storeStatus = state
    }

    static let queueBytesMax = 16 << 20
    static let queueBatchesMax = 8192

    /// Settings that may change while running; listeners and the store's place need a restart.
    func adopt(_ settings: GatewaySettings) {
        self.settings = settings
        telemetry = Telemetry(settings)
    }

    private func stop() {
        log.info("stopping: committing what was accepted")
        control.close()
        metrics?.close()
        inquiry.close()
        // While no gateway runs, what is asked of the history comes from the store alone.
        engine.sealHistory()
        writeCheckpoint()
        uplink?.stop()
        store.stop()
        release()
        Notify.send("STOPPING=1")
    }
}
