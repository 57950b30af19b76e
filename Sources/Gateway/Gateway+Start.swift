import CoAP
import Config
import Engine
import Glibc
import Loop
import Model
import Store
import Uplink

/// Starting: the configuration is read, the store opened and recovered, the journal replayed, and
/// only then a socket is opened.
extension Gateway {
    /// How long repeats of a request may come: EXCHANGE_LIFETIME (RFC 7252 section 4.8.2).
    static let exchangeLifetime = Milliseconds.seconds(247)

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
        var engine = setup.engine
        let endpoint = try openEndpoint(setup.settings, secret: store.secret)
        let isDropped = try restore(
            recovery.checkpoint, startsEmpty: options.startsEmpty, into: &engine, log: log)
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
        if isDropped { gateway.counters.checkpointsDropped = 1 }
        let kept = KeptConfiguration(setup.sources).bytes
        gateway.unsavedConfiguration = kept == recovery.configuration ? nil : kept
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
            journalLimit: settings.limits.journalBytes, journalAge: settings.limits.journalAge,
            // Matches and command results are few; aggregates get what is left. Of the heads of the
            // audit the newest says all.
            outboxLimits: [
                settings.limits.outboxBytes / 8, settings.limits.outboxBytes / 8,
                settings.limits.outboxBytes * 3 / 4 - (64 << 10), 64 << 10,
            ],
            auditLimit: settings.limits.auditBytes,
            historyLimit: settings.history.bytes, historyAge: settings.history.age,
            rollupAge: settings.history.rollupAge,
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
func unavailable<Result, Failure: Error & CustomStringConvertible>(
    _ body: () throws(Failure) -> Result
) throws(StartError) -> Result {
    do throws(Failure) {
        return try body()
    } catch {
        throw .unavailable(error.description)
    }
}
