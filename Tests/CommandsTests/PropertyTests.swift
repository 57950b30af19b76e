import Commands
import Model
import Testing

/// What holds whatever happens: seeded crowds of requests against simple references.
@Suite struct PropertyTests {
    /// A device that runs what it is sent, once for each id, and answers at last.
    private struct Script {
        var random: SplitMix64
        var executed: [(id: CommandID, device: Device)] = []
        var seen = 0

        /// Answers everything that was sent since; some answers and some requests are lost.
        mutating func serve(_ plant: inout Plant, lossy: Bool) {
            while seen < plant.sent.count {
                let sent = plant.sent[seen]
                seen += 1
                let fate = lossy ? Int.random(in: 0..<10, using: &random) : 9
                if sent.purpose == .execute, fate == 0 {
                    plant.answer(.noResponse, to: sent)
                    continue
                }
                let isKnown = executed.contains { $0.id == sent.command }
                switch sent.purpose {
                case .execute:
                    if fate == 1, !isKnown {
                        plant.answer(.refused(code: 503, diagnostic: ""), to: sent)
                        continue
                    }
                    if !isKnown { executed.append((sent.command, sent.device)) }
                    plant.answer(fate == 2 ? .noResponse : .acknowledged(code: 204), to: sent)
                case .probe, .cancel:
                    plant.answer(isKnown ? .completed(output: []) : .unknown, to: sent)
                case .prepare, .release: plant.answer(.acknowledged(code: 204), to: sent)
                }
            }
        }
    }

    /// A queue as anybody would write it: a newer set replaces the unsent older one of the same
    /// property and of no higher priority.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func supersedingAgainstAReferenceQueue(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var plant = Plant()
        plant.submit(plant.request("resume", key: "busy"))
        var reference: [(key: String, name: String, priority: CommandPriority)] = []
        var gone: Set<String> = []
        for number in 0..<25 {
            let name = ["set_gate", "set_speed", "resume"].randomElement(using: &random) ?? ""
            let priority = CommandPriority.allCases.randomElement(using: &random) ?? .low
            let key = "\(number)"
            let parameters: [Field] =
                switch name {
                case "set_gate": [Field("gate", .text(key))]
                case "set_speed": [Field("speed", .integer(Int64(number) * 50))]
                default: []
                }
            plant.submit(plant.request(name, parameters, key: key, priority: priority))
            if name != "resume" {
                for old in reference where old.name == name && priority <= old.priority {
                    gone.insert(old.key)
                }
                reference.removeAll { gone.contains($0.key) }
            }
            reference.append((key, name, priority))
        }
        let superseded = plant.ids.keys.filter { plant.state($0) == .superseded }
        #expect(Set(superseded) == gone, "seed \(seed)")
        var script = Script(random: random)
        while plant.scheduler.records.contains(where: { !$0.state.isFinal }) {
            script.serve(&plant, lossy: false)
            plant.report("speed", .number(0))
            for sent in plant.sent where sent.name == "set_speed" {
                if let value = sent.parameters.first?.value { plant.report("speed", value) }
            }
        }
        let order = script.executed.dropFirst().map(\.id)
        let expected = reference.enumerated()
            .sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
            .compactMap { plant.ids[$0.element.key] }
        #expect(Array(order) == expected, "seed \(seed)")
    }

    /// What one device runs is one order: of each class in the order asked for, no two at a time,
    /// and everything that succeeded was run once.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func eachDevicesOrderIsLinear(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var plant = Plant()
        var script = Script(random: SplitMix64(state: seed &+ 99))
        var asked: [(key: String, device: String, priority: CommandPriority)] = []
        for number in 0..<60 {
            let device = ["station-1", "station-2"].randomElement(using: &random) ?? ""
            let priority = Bool.random(using: &random) ? CommandPriority.high : .critical
            let key = "\(number)"
            plant.submit(plant.request("resume", key: key, on: device, priority: priority))
            asked.append((key, device, priority))
            for name in ["station-1", "station-2"] {
                let busy = plant.scheduler.records.filter {
                    $0.device == plant.device(name) && $0.state.isInFlight
                }
                #expect(busy.count <= 1, "seed \(seed)")
            }
            if Bool.random(using: &random) { script.serve(&plant, lossy: true) }
            plant.wait(.second)
            if number % 20 == 10 { try plant.restart() }
        }
        for _ in 0..<400 {
            script.serve(&plant, lossy: true)
            plant.wait(.second)
        }
        #expect(plant.scheduler.records.allSatisfy { $0.state.isFinal }, "seed \(seed)")
        #expect(Set(script.executed.map(\.id)).count == script.executed.count)
        for (key, _, _) in asked where plant.state(key) == .succeeded {
            #expect(script.executed.contains { $0.id == plant.ids[key] }, "seed \(seed)")
        }
        for device in ["station-1", "station-2"] {
            for priority in [CommandPriority.high, .critical] {
                let order = asked.filter { $0.device == device && $0.priority == priority }
                    .compactMap { plant.ids[$0.key] }
                let firsts = plant.sent.filter { $0.attempt == 1 && $0.purpose == .execute }
                    .map(\.command).filter { order.contains($0) }
                var once: [CommandID] = []
                for id in firsts where once.last != id { once.append(id) }
                #expect(once == order.filter { once.contains($0) }, "seed \(seed)")
            }
        }
    }

    struct Fault: CustomTestStringConvertible {
        var kind: String
        var fault: String
        /// After the fault, and what a device does that goes on well.
        var state: CommandState
        var testDescription: String { "\(kind): \(fault)" }
    }

    /// Four kinds of commands, four faults.
    @Test(arguments: [
        Fault(kind: "set_gate", fault: "refuse", state: .failed),
        Fault(kind: "set_gate", fault: "timeout", state: .succeeded),
        Fault(kind: "set_gate", fault: "lost answer", state: .succeeded),
        Fault(kind: "set_gate", fault: "crash", state: .succeeded),
        Fault(kind: "set_speed", fault: "refuse", state: .failed),
        Fault(kind: "set_speed", fault: "timeout", state: .succeeded),
        Fault(kind: "set_speed", fault: "lost answer", state: .succeeded),
        Fault(kind: "set_speed", fault: "crash", state: .succeeded),
        Fault(kind: "purge", fault: "refuse", state: .failed),
        Fault(kind: "purge", fault: "timeout", state: .succeeded),
        Fault(kind: "purge", fault: "lost answer", state: .succeeded),
        Fault(kind: "purge", fault: "crash", state: .succeeded),
        Fault(kind: "clamp+kept", fault: "refuse", state: .failed),
        Fault(kind: "clamp+kept", fault: "timeout", state: .succeeded),
        Fault(kind: "clamp+kept", fault: "lost answer", state: .succeeded),
        Fault(kind: "clamp+kept", fault: "crash", state: .succeeded),
    ])
    func faults(_ row: Fault) throws {
        var plant = Plant()
        try plant.play("submit:\(row.kind)")
        var script = Script(random: SplitMix64(state: 1))
        switch row.fault {
        case "refuse": try plant.play("400")
        case "timeout": try plant.play("silence")
        case "lost answer":
            script.executed.append((plant.sent[0].command, plant.sent[0].device))
            try plant.play("silence")
        default: try plant.restart()
        }
        script.seen = 1
        for _ in 0..<10 where plant.state("a")?.isFinal != true {
            script.serve(&plant, lossy: false)
            if !script.executed.isEmpty {
                plant.report("mode", .text("off"))
                plant.report("speed", .number(1200))
            }
            plant.wait(.second)
        }
        #expect(plant.state("a") == row.state, "\(plant.log)")
        #expect(script.executed.count == (row.state == .failed ? 0 : 1))
    }

    /// Every flipped bit of a snapshot of all kinds of commands is refused, or leads to a scheduler
    /// that comes to an end.
    @Test func damagedSnapshotsNeverTrap() throws {
        var plant = Plant()
        for word in [
            "cold", "submit:purge+cool+kept", "accepted", "progress:5", "other:set_gate",
            "urgent", "awake",
        ] {
            try plant.play(word)
        }
        plant.submit(plant.request("set_mode", [Field("mode", .text("run"))], key: "d"))
        plant.submit(
            plant.request(
                "set_speed", [Field("speed", .integer(50))], key: "e",
                on: "station-2"))
        plant.answer(.acknowledged(code: 204))
        plant.submit(
            plant.request(
                "set_rate", [Field("rate", .number(1))], key: "f",
                on: "sensor-1"))
        plant.answer(.completed(output: [Field("x", .integer(1))]))
        var writer = ByteWriter()
        plant.scheduler.snapshot(into: &writer)
        for length in writer.bytes.indices {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            var other = Plant().scheduler
            #expect(throws: RecordError.self) {
                try other.restore(from: &reader, registry: plant.registry)
            }
        }
        for place in writer.bytes.indices {
            for bit in 0..<8 {
                var damaged = writer.bytes
                damaged[place] ^= 1 << UInt8(bit)
                var other = Plant()
                var reader = ByteReader(damaged)
                do { try other.scheduler.restore(from: &reader, registry: plant.registry) } catch {
                    continue
                }
                other.scheduler.resume(at: other.now, into: &other.effects)
                for _ in 0..<8 {
                    other.now = other.now + .day
                    other.scheduler.advance(
                        to: other.now, registry: other.registry, into: &other.effects)
                }
            }
        }
    }
}
