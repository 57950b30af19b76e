import CoAP
import Glibc
import Loop
import Model
import Simulation
import Wire

/// All devices on one thread: what is due is dealt out, what arrives is taken in, until everything
/// was acknowledged and no command came for a while.
final class FleetRun {
    private(set) var report = RunReport()
    private(set) var fleet: Fleet
    private var replay: Replay?
    private let options: Options
    private let loop: EventLoop
    private let signals: Signals
    private var endpoints: [EmulatedEndpoint] = []
    private var links: [FaultyLink] = []
    /// Which endpoint, or link, a descriptor belongs to.
    private var endpointByDescriptor: [Int32: Int] = [:]
    private var linkByDescriptor: [Int32: Int] = [:]
    /// Place in `endpoints` by device index, or -1.
    private var place: [Int]
    private var clock: ScenarioClock
    private var eventNow: Instant
    private var progress = Progress()
    /// Called once, when every reading has been acknowledged.
    var onAllAcknowledged: (FleetRun) -> Void = { _ in }

    private var began: UInt64 = 0
    private var lastActivity: UInt64 = 0
    private var nextTick: UInt64 = 0
    private var nextPump: UInt64 = 0
    /// Devices that have got something to send.
    private var touched: Set<Int> = []
    private var stopRequested: UInt64?
    private var wasAllAcknowledged = false

    /// Milliseconds between two looks at everything's timers.
    private static let tickInterval: UInt64 = 100
    /// How long a run that was told to stop waits for acknowledgements.
    private static let stopPatience: UInt64 = 10_000
    /// Rows that wait in all devices together; the schedule waits for them to become fewer.
    private var waitingMax: Int { max(10_000, endpoints.count * 100) }

    init(
        _ options: Options, fleet: Fleet, replay: Replay?, end: Instant, signals: Signals
    ) throws {
        self.options = options
        self.fleet = fleet
        self.replay = replay
        self.signals = signals
        loop = try EventLoop()
        place = Array(repeating: -1, count: fleet.registry.deviceNames.count)
        eventNow = fleet.start
        clock = ScenarioClock(start: fleet.start, end: end, speedup: 1, began: 0)
        report.start = fleet.start
        report.end = end
        try loop.watch(fd: signals.fd)
        let terms = EmulatedEndpoint.Terms(
            format: options.format, pack: options.pack, isConfirmable: options.isConfirmable,
            registry: fleet.registry)
        for device in replay?.members ?? fleet.members { try add(device, terms) }
        report.devices = endpoints.count
    }

    private func add(_ device: Device, _ terms: EmulatedEndpoint.Terms) throws {
        let index = endpoints.count
        let name = fleet.registry.name(of: device)
        let endpoint = try EmulatedEndpoint(
            device, bind: options.bind, target: options.target,
            isLinkFaulty: !options.faults.areNone, terms: terms)
        let window = fleet.registry.entry(device)?.model.flatMap {
            fleet.registry.models[$0].awakeWindow
        }
        if !options.faults.areNone || window != nil,
            let own = endpoint.endpoint.listeners.first
        {
            let random = SplitMix64(seed: options.seed, name: "link/" + name)
            guard
                let link = FaultyLink(
                    bind: options.bind, device: own, server: options.target,
                    faults: options.faults, awakeWindow: window, random: random)
            else { throw CoAPError.cannotListen(options.bind) }
            endpoint.target = link.address
            linkByDescriptor[link.descriptor] = links.count
            links.append(link)
            try loop.watch(fd: link.descriptor)
        }
        endpoint.endpoint.onRequest = { [unowned self] request in obey(request, device) }
        endpoints.append(endpoint)
        endpointByDescriptor[endpoint.endpoint.fd] = index
        place[Int(device.index)] = index
        try loop.watch(fd: endpoint.endpoint.fd)
    }

    /// Runs to the end; false where a reading was not acknowledged.
    func run() throws(LoopError) {
        began = Clock.monotonic
        lastActivity = began
        clock = ScenarioClock(
            start: clock.start, end: clock.end, speedup: speedup ?? 1, began: began)
        for device in fleet.members { reportInitialState(of: device) }
        var now = began
        while !isFinished(now: now) {
            let ready = try loop.wait(until: deadline(now: now))
            now = Clock.monotonic
            for descriptor in ready { take(descriptor, now: now) }
            while signals.next() != nil {
                if stopRequested != nil { return finish(now: now) }
                stopRequested = now
            }
            tick(now: now)
            tellProgress(now: now)
            dealOut(now: now)
            pump(now: now)
            if options.showsProgress { progress.show(report, at: eventNow, now: now) }
        }
        finish(now: now)
    }

    /// Event milliseconds for one of the wall; nil for as fast as it goes.
    private var speedup: Double? {
        if case .times(let factor) = options.pace { return factor }
        return nil
    }

    private func reportInitialState(of device: Device) {
        guard replay == nil, place[Int(device.index)] >= 0 else { return }
        let state = fleet.initialState(of: device)
        guard !state.isEmpty else { return }
        enqueue(
            ReadingRow(
                device: device, time: fleet.start,
                measurements: state.map { .init(property: $0.property, value: $0.value) }))
    }

    private func take(_ descriptor: Int32, now: UInt64) {
        if let index = linkByDescriptor[descriptor] {
            links[index].forward(now: now)
        } else if let index = endpointByDescriptor[descriptor] {
            endpoints[index].drain(now: now)
            pump(endpoints[index], now: now)
        }
    }

    private func tick(now: UInt64) {
        for link in links { if let due = link.due, due <= now { link.forward(now: now) } }
        guard now >= nextTick else { return }
        nextTick = now + FleetRun.tickInterval
        for endpoint in endpoints { endpoint.tick(now: now) }
    }

    // MARK: What is due

    /// Puts into the devices' queues what is due now, as far as there is room.
    private func dealOut(now: UInt64) {
        guard stopRequested == nil, nextTime != nil else {
            if speedup != nil { eventNow = clock.now(at: now) }
            return
        }
        var room = waitingMax - pendingRows
        var limit = clock.end
        if speedup != nil {
            limit = clock.now(at: now)
        } else {
            room = max(1, endpoints.count * options.pack * 2) - pendingRows
            if case .max(let lead?) = options.pace, let oldest = oldestPending ?? nextTime {
                limit = min(max(limit, nextTime ?? limit), oldest + lead)
            }
        }
        while room > 0, let row = next(through: limit) {
            room -= 1
            eventNow = max(eventNow, row.time)
            enqueue(row)
        }
        if speedup != nil { eventNow = max(eventNow, limit) }
    }

    private var nextTime: Instant? {
        if let replay, let next = replay.nextTime { return next }
        return fleet.nextTime
    }

    private func next(through time: Instant) -> ReadingRow? {
        if let row = replay?.next(through: time) {
            for measurement in row.measurements {
                fleet.note(row.device, measurement.property, measurement.value)
            }
            return row
        }
        guard let emission = fleet.next(through: time) else { return nil }
        let unit = fleet.registry.model(of: emission.property, on: emission.device)?.unit
        return ReadingRow(
            device: emission.device, time: emission.time,
            measurements: [
                .init(
                    property: emission.property, unit: unit?.symbol ?? "", value: emission.value)
            ])
    }

    private func enqueue(_ row: ReadingRow) {
        report.readingsSent += row.measurements.count
        if fleet.isGone(row.device) {
            report.readingsVanished += row.measurements.count
            return
        }
        endpoints[place[Int(row.device.index)]].enqueue(row)
        touched.insert(place[Int(row.device.index)])
    }

    private func pump(now: UInt64) {
        for index in touched { pump(endpoints[index], now: now) }
        touched.removeAll(keepingCapacity: true)
        guard now >= nextPump else { return }
        nextPump = now + FleetRun.tickInterval
        for endpoint in endpoints { pump(endpoint, now: now) }
    }

    private func pump(_ endpoint: EmulatedEndpoint, now: UInt64) {
        endpoint.pump(now: now)
        for outcome in endpoint.takeOutcomes() { report.count(outcome) }
    }

    private var pendingRows: Int { endpoints.reduce(0) { $0 + $1.pendingRows } }
    private var oldestPending: Instant? { endpoints.compactMap(\.oldestPending).min() }

    // MARK: Commands

    /// The clock by which commands run: theirs are the wall's seconds, as the gateway's are.
    private static var commandClock: Instant {
        Instant(milliseconds: Int64(Clock.monotonic))
    }

    private func obey(_ request: Request, _ device: Device) -> Disposition {
        lastActivity = Clock.monotonic
        let received: ReceivedRequest
        switch ReceivedRequest.read(request, for: device, registry: fleet.registry) {
        case .failure(let refusal): return .reply(.error(refusal.code, refusal.diagnostic))
        case .success(let read): received = read
        }
        if let speedup, speedup > 0 { passTime(to: clock.now(at: lastActivity)) }
        let answer = fleet.receive(received.request, on: device, at: FleetRun.commandClock)
        report.count(received, answer, device)
        if fleet.isGone(device) { vanish(device) }
        enqueue(answer.reports, of: device)
        if answer.isLost { return .deferred }
        let code = Code(rawValue: UInt8((answer.code / 100) << 5 | answer.code % 100))
        if let status = answer.status {
            return .reply(Response(code, format: .cbor, payload: status.document.cbor))
        }
        return .reply(
            code.isSuccess ? Response(code) : .error(code, answer.diagnostic))
    }

    private func passTime(to time: Instant) {
        eventNow = max(eventNow, time)
        fleet.advance(to: eventNow)
    }

    private func enqueue(_ values: [(property: Property, value: Value)], of device: Device) {
        guard !values.isEmpty else { return }
        enqueue(
            ReadingRow(
                device: device, time: eventNow,
                measurements: values.map { .init(property: $0.property, value: $0.value) }))
    }

    private func vanish(_ device: Device) {
        report.readingsVanished += endpoints[place[Int(device.index)]].vanish()
    }

    /// Lets devices tell how the commands that they run are getting on.
    private func tellProgress(now: UInt64) {
        for notice in fleet.notices(through: FleetRun.commandClock) {
            lastActivity = now
            report.count(notice)
            endpoints[place[Int(notice.device.index)]].tell(
                of: notice.command, notice.status.document.cbor)
            touched.insert(place[Int(notice.device.index)])
            enqueue(notice.reports, of: notice.device)
        }
    }

    // MARK: The end

    private func isFinished(now: UInt64) -> Bool {
        let isDone =
            (nextTime == nil || stopRequested != nil) && fleet.nextNotice == nil
            && endpoints.allSatisfy(\.isIdle)
        if let stopRequested { return isDone || now >= stopRequested + FleetRun.stopPatience }
        guard isDone else {
            lastActivity = now
            return false
        }
        if !wasAllAcknowledged {
            wasAllAcknowledged = true
            close(report: now)
            onAllAcknowledged(self)
        }
        return now >= lastActivity + UInt64(options.linger.count)
    }

    private func close(report now: UInt64) {
        report.wallMilliseconds = now - began
        if !links.isEmpty {
            report.faults = links.reduce(into: (0, 0, 0, 0)) { sum, link in
                sum.0 += link.counts.lost
                sum.1 += link.counts.doubled
                sum.2 += link.counts.held
                sum.3 += link.counts.asleep
            }
        }
    }

    private func finish(now: UInt64) {
        close(report: now)
        if options.showsProgress { progress.finish() }
    }

    /// Monotonic milliseconds at which something is to be done though nothing arrives.
    private func deadline(now: UInt64) -> UInt64 {
        var due = nextTick
        if !touched.isEmpty { return now }
        for link in links { due = min(due, link.due ?? due) }
        if let notice = fleet.nextNotice {
            due = min(due, UInt64(max(0, notice.milliseconds)))
        }
        guard stopRequested == nil, speedup != nil, let next = nextTime else { return due }
        return min(due, max(clock.moment(of: next), now + 1))
    }
}
