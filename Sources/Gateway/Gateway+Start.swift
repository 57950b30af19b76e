import CoAP
import Config
import Engine
import Glibc
import Loop
import Model
import Store
import Uplink
import Wire

/// Starting: the configuration is read, the store opened and recovered, the journal replayed, and
/// only then a socket is opened.
extension Gateway {
    /// How long repeats of a request may come: EXCHANGE_LIFETIME (RFC 7252 section 4.8.2).
    private static let exchangeLifetime = Milliseconds.seconds(247)

    /// Starts the gateway. Diagnostics of the configuration go to standard error.
    package static func start(_ options: GatewayOptions) throws(StartError) -> Gateway {
        // The first reading only tells where the store is; the second knows the store's names.
        guard let first = Setup.load(options, known: KnownNames()) else { throw .configuration }
        let log = Log(level: first.settings.logLevel)
        let store = try openStore(first.settings)
        let recovery = try unavailable { () throws(StoreError) in try store.recover() }
        let known = KnownNames(
            devices: recovery.deviceNames, properties: recovery.propertyNames)
        guard let setup = Setup.load(options, known: known) else { throw .configuration }
        var engine = Engine(setup.plan)
        let endpoint = try openEndpoint(setup.settings, secret: store.secret)
        let newest = try replay(
            recovery, store: store, endpoint: endpoint, into: &engine, log: log)
        let waker = try unavailable { () throws(LoopError) in try Waker() }
        let inquiry = Inquiry(waker: waker)
        let control = try unavailable { () throws(LoopError) in
            try ControlSocket(
                path: options.socket ?? defaultSocket(setup.settings), inquiry: inquiry)
        }
        let metrics = try unavailable { () throws(LoopError) in
            try setup.settings.metricsListen.map { endpoint throws(LoopError) in
                try MetricsServer(endpoint, inquiry: inquiry)
            }
        }
        let timeline = Timeline(
            wall: Clock.now, monotonic: Int64(Clock.monotonic), notBefore: newest)
        let gateway = try unavailable { () throws(LoopError) in
            try Gateway(
                options: options, settings: setup.settings, engine: engine, store: store,
                endpoint: endpoint, inquiry: inquiry, control: control, metrics: metrics,
                timeline: timeline, log: log, waker: waker)
        }
        gateway.beginTurn()
        gateway.nameSymbols(
            devices: recovery.deviceNames.count, properties: recovery.propertyNames.count)
        let uplink = try unavailable { () throws(UplinkError) in
            try UplinkThread(
                sinks: setup.settings.sinks(gateway: gateway.name), cursors: recovery.advances,
                outbox: store.outbox(gateway: gateway.name)
            ) { status in
                log.info("uplink \(status.name): \(status.text)")
            }
        }
        gateway.uplink = uplink
        try unavailable { () throws(StoreError) in
            try store.start {
                waker.wake()
                uplink.recordsAdded()
            }
        }
        control.start()
        metrics?.start()
        try gateway.listen()
        return gateway
    }

    /// As this gateway is known upstream.
    var name: String { settings.name ?? store.gateway }

    private static func openStore(_ settings: GatewaySettings) throws(StartError) -> Store {
        var configuration = StoreConfiguration(
            path: settings.data, mapSize: settings.limits.mapBytes,
            journalLimit: settings.limits.journalBytes,
            // Matches and command results are few; aggregates get what is left.
            outboxLimits: [
                settings.limits.outboxBytes / 8, settings.limits.outboxBytes / 8,
                settings.limits.outboxBytes * 3 / 4,
            ],
            sinks: settings.sinkNames,
            schedule: StoreConfiguration.Schedule(
                maxDelay: Milliseconds(Int64(settings.maxDelayMilliseconds)),
                wearBudgetPerDay: settings.wearBudgetBytesPerDay),
            queueBytes: queueBytesMax, queueBatches: queueBatchesMax)
        if let delay = environment("IOTFLOW_TEST_COMMIT_DELAY_MS").flatMap(Int64.init) {
            configuration.commitDelay = Milliseconds(delay)
        }
        return try unavailable { () throws(StoreError) in try Store.open(configuration) }
    }

    private static func openEndpoint(
        _ settings: GatewaySettings, secret: UInt64
    ) throws(StartError) -> CoAPEndpoint {
        var configuration = CoAPEndpoint.Configuration()
        configuration.payloadMax = min(settings.limits.payloadBytes, 1024)
        configuration.exchangesMax = settings.limits.exchanges
        configuration.idleSessionsMax = UInt32(clamping: settings.limits.sessions)
        configuration.exchangeSecret = secret
        return try unavailable { () throws(CoAPError) in try CoAPEndpoint(configuration) }
    }

    /// Brings the engine to where the last process left it. Effects are dropped: what they
    /// published is in the store already, and commands are taken up again by `resume`.
    private static func replay(
        _ recovery: Recovery, store: Store, endpoint: CoAPEndpoint, into engine: inout Engine,
        log: Log
    ) throws(StartError) -> Instant {
        if let checkpoint = recovery.checkpoint {
            var reader = ByteReader(checkpoint.bytes)
            do throws(RecordError) {
                try engine.restore(from: &reader)
            } catch {
                throw .unavailable("the checkpoint is damaged: \(error)")
            }
        }
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
        _ = engine.takeChangedTwins()
        if replay.turns > 0 { log.info("replayed \(replay.turns) turns of the journal") }
        return replay.newest
    }

    /// Notes the names that were numbered after the first `devices` and `properties`: they go to
    /// disk before anything uses them.
    func nameSymbols(devices: Int, properties: Int) {
        let (known, named) = (engine.registry.deviceNames, engine.registry.propertyNames)
        turn.deviceNames += (devices..<max(devices, known.count)).map {
            (UInt32($0), known.name(UInt32($0)))
        }
        turn.propertyNames += (properties..<max(properties, named.count)).map {
            (UInt16($0), named.name(UInt32($0)))
        }
    }

    private func listen() throws(StartError) {
        let configured = settings.listen.map { "\($0)".split(separator: "/").last ?? "" }
        for text in options.listen.isEmpty ? configured.map(String.init) : options.listen {
            guard let socket = SocketAddress(text) else {
                throw .unavailable("cannot listen on \(text): not an address")
            }
            let bound = try unavailable { () throws(CoAPError) in
                try endpoint.listen(on: socket)
            }
            log.info("listening on coap://\(bound)")
        }
    }

    /// Takes up what the last process left under way, and says that the gateway is there.
    func resume() {
        engine.resume(at: turn.now, into: &effects)
        perform(started: Clock.microseconds)
        beginTurn()
        Notify.send("READY=1")
        log.info("gateway \(name) is ready")
    }

    private static func defaultSocket(_ settings: GatewaySettings) -> String {
        (environment("RUNTIME_DIRECTORY") ?? settings.data) + "/control.sock"
    }
}

extension Store {
    /// Keys the names of exchanges: as random as the gateway's name, and as lasting.
    fileprivate var secret: UInt64 { (UInt64(gateway, radix: 16) ?? 0) << 32 ^ epoch }
}

/// Runs `body`; what it throws becomes the reason why the gateway cannot start.
private func unavailable<Result, Failure: Error & CustomStringConvertible>(
    _ body: () throws(Failure) -> Result
) throws(StartError) -> Result {
    do throws(Failure) {
        return try body()
    } catch {
        throw .unavailable(error.description)
    }
}
