import Commands
import Model

/// A site whose devices and network misbehave, on a virtual clock, until everything has ended.
///
/// What a device does to an attempt depends on the seed, the command and the attempt alone, so that
/// a run with a crash in it meets the same devices as a run without.
struct World {
    var site: Site
    let seed: UInt64
    let verify: Milliseconds?
    let sequences: [SequenceDefinition]
    /// Outcome and reports on their way, in the order of (time, number).
    private var coming: [(time: Instant, number: Int, event: Event)] = []
    private var number = 0
    private var transmissionsSeen = 0
    /// Ids the devices ran, and how often each was run.
    var executions: [CommandID: Int] = [:]
    /// Ids for which the gateway was told a refusal last, and those it was told a success for.
    var refused: Set<CommandID> = []
    var acknowledged: Set<CommandID> = []
    /// Ids with an attempt that may have left the gateway.
    var maybeSent: Set<CommandID> = []
    var steps = 0
    private var questions = 0

    enum Event {
        case start(String, trigger: String, near: String, isCritical: Bool)
        case answer(CommandResponse)
        case report(String, Value, by: String)
    }

    /// Starts that meet on the same devices and properties, so that they replace, drop and delay
    /// each other; and devices that cannot be reached.
    static func crowded(seed: UInt64) -> World {
        let sequences = [
            Site.cooling(strategy: ErrorHandling.Strategy.allCases[Int(seed % 3)]),
            Site.cooling("warming", selection: .all, mode: "heat"),
            Site.cooling("urgent", attempts: 2, isCritical: true),
            Site.single("purging", "purge"),
        ]
        return World(seed: seed, sequences: sequences, starts: 12, allowsUnreachable: true)
    }

    /// Each sequence once, all on one device, none touching what another sets: whatever the timing,
    /// there is one right outcome.
    static func orderly(seed: UInt64) -> World {
        let sequences = [
            Site.cooling(strategy: ErrorHandling.Strategy.allCases[Int(seed % 3)]),
            Site.single("opening", "open", [("zone", .integer(7)), ("to", .integer(2))]),
            Site.single("purging", "purge", isCritical: true),
            Site.single("configuring", "configure", [("armed", .boolean(true))]),
        ]
        return World(seed: seed, sequences: sequences, starts: 0, allowsUnreachable: false)
    }

    private init(
        seed: UInt64, sequences: [SequenceDefinition], starts: Int, allowsUnreachable: Bool
    ) {
        var random = SplitMix64(state: seed)
        self.seed = seed
        self.sequences = sequences
        self.allowsUnreachable = allowsUnreachable
        verify = Bool.random(using: &random) ? .seconds(30) : nil
        site = Site(sequences, verify: verify)
        if starts == 0 {
            for (index, sequence) in sequences.enumerated() {
                let start = Event.start(
                    sequence.name.value, trigger: "t", near: "sensor-1", isCritical: false)
                schedule(start, at: Instant(milliseconds: Int64(index)))
            }
        }
        for index in 0..<starts {
            let at = Instant(milliseconds: Int64.random(in: 0..<60_000, using: &random))
            let sequence = sequences.randomElement(using: &random)?.name.value ?? ""
            let near = ["sensor-1", "sensor-2"].randomElement(using: &random) ?? ""
            let isCritical = Int.random(in: 0..<5, using: &random) == 0
            schedule(
                .start(sequence, trigger: "t\(index)", near: near, isCritical: isCritical), at: at)
        }
    }

    private let allowsUnreachable: Bool

    private mutating func schedule(_ event: Event, at time: Instant) {
        number += 1
        coming.append((time, number, event))
        coming.sort { ($0.time, $0.number) < ($1.time, $1.number) }
    }

    /// Does what happens next; false when nothing is left.
    mutating func step() -> Bool {
        let due = site.scheduler.nextDeadline
        guard let next = [coming.first?.time, due].compactMap({ $0 }).min() else { return false }
        site.now = max(site.now, next)
        if let first = coming.first, first.time <= site.now, due.map({ first.time <= $0 }) ?? true {
            coming.removeFirst()
            handle(first.event)
        } else {
            site.wait(.zero)
        }
        answerTransmissions()
        steps += 1
        return true
    }

    /// The process dies and comes back a second later. Answers on their way find nobody; reports
    /// and what sets sequences off come later, as a device repeats what is not acknowledged.
    mutating func crash() throws {
        coming.removeAll { if case .answer = $0.event { true } else { false } }
        site.now = site.now + .second
        try site.restart(with: sequences)
        answerTransmissions()
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .start(let sequence, let trigger, let near, let isCritical):
            site.start(sequence, trigger, near: near, isCritical: isCritical)
        case .report(let property, let value, let device):
            site.report(property, value, by: device)
        case .answer(let response):
            switch response.outcome {
            case .acknowledged, .completed: acknowledged.insert(response.command)
            case .refused: refused.insert(response.command)
            default: break
            }
            site.scheduler.receive(
                response, registry: site.registry, twins: site.reports, at: site.now,
                into: &site.effects)
        }
    }

    private mutating func answerTransmissions() {
        let sent = site.sent
        for transmission in sent[transmissionsSeen...] { deliver(transmission) }
        transmissionsSeen = sent.count
    }

    /// What the network and the device make of one transmission.
    private mutating func deliver(_ sent: Transmission) {
        let id = sent.command
        let mixed = UInt64(truncatingIfNeeded: id.value ^ id.value >> 64)
        var random = SplitMix64(state: mixed ^ seed &* 31 ^ UInt64(sent.attempt) << 56)
        if sent.purpose != .execute { return deliverQuestion(sent) }
        let fate = Int.random(in: 0..<10, using: &random)
        let slow = Milliseconds(Int64.random(in: 20..<5000, using: &random))
        func answer(_ outcome: CommandResponse.Outcome) -> Event {
            .answer(CommandResponse(command: id, attempt: sent.attempt, outcome: outcome))
        }
        if fate == 0, allowsUnreachable {
            schedule(answer(.unreachable), at: site.now)
            return
        }
        maybeSent.insert(id)
        if fate <= 1 {  // The request is lost.
            schedule(answer(.noResponse), at: site.now + .seconds(93))
            return
        }
        if executions[id] == nil, fate == 2 || fate == 3 {
            let code = fate == 2 ? 400 : 503
            schedule(answer(.refused(code: code, diagnostic: "no")), at: site.now + slow)
            return
        }
        executions[id, default: 0] += executions[id] == nil ? 1 : 0
        if fate == 4 {  // The answer is lost.
            schedule(answer(.noResponse), at: site.now + .seconds(93))
        } else if fate == 5 {  // Nobody even tells that there was no answer.
            return
        } else {
            schedule(answer(.acknowledged(code: 204)), at: site.now + slow)
        }
        if fate != 6 {  // Else the device says it did, and does nothing.
            report(sent, at: site.now + slow)
        }
    }

    /// A device remembers what it ran.
    private mutating func deliverQuestion(_ sent: Transmission) {
        questions += 1
        let isLost = allowsUnreachable && (UInt64(questions) &+ seed) % 4 == 0
        let outcome: CommandResponse.Outcome =
            isLost
            ? .noResponse
            : executions[sent.command] == nil ? .unknown : .completed(output: [])
        schedule(
            .answer(
                CommandResponse(
                    command: sent.command, attempt: sent.attempt, purpose: sent.purpose,
                    outcome: outcome)),
            at: site.now + (isLost ? .seconds(93) : Milliseconds(40)))
    }

    private mutating func report(_ sent: Transmission, at time: Instant) {
        let device = site.registry.name(of: sent.device)
        for field in sent.parameters {
            let property = ["speed": "fan_speed", "to": "level"][field.name] ?? field.name
            if let value = field.value { schedule(.report(property, value, by: device), at: time) }
        }
    }
}
