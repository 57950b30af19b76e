import CoAP
import Engine
import Gateway
import Model
import Testing

@Suite("What waits for a commit")
struct HeldTests {
    private func code(_ item: Held.Item?) -> Code? {
        if case .reply(_, let response)? = item { response.code } else { nil }
    }

    private func command(_ item: Held.Item?) -> Int? {
        if case .transmission(let transmission)? = item { transmission.attempt } else { nil }
    }

    private func transmission(_ attempt: Int) -> Transmission {
        Transmission(
            command: CommandID(value: 1), attempt: attempt, device: Device(index: 0), name: "c",
            method: .post, path: [], query: [], parameters: [], isCritical: false)
    }

    @Test("leaves in order, and not before its ticket is durable")
    func order() {
        var held = Held()
        held.add(replies: [(.none, Response(.changed))], transmissions: [transmission(1)], until: 1)
        held.add(replies: [(.none, Response(.created))], transmissions: [], until: 2)
        held.add(replies: [], transmissions: [transmission(2)], until: 4)
        #expect(held.count == 4)
        #expect(held.next(upTo: 0) == nil)
        #expect(code(held.next(upTo: 1)) == .changed)
        #expect(command(held.next(upTo: 1)) == 1)
        #expect(held.next(upTo: 1) == nil)
        #expect(code(held.next(upTo: 3)) == .created)
        #expect(held.next(upTo: 3) == nil)
        #expect(command(held.next(upTo: .max)) == 2)
        #expect(held.next(upTo: .max) == nil)
        #expect(held.count == 0)
    }

    @Test("stays in order while the queue is long and moves on")
    func long() {
        var held = Held()
        var expected = 0
        for ticket in 1...20_000 {
            held.add(replies: [], transmissions: [transmission(ticket)], until: UInt64(ticket))
            guard ticket % 3 == 0 else { continue }
            while let item = held.next(upTo: UInt64(ticket - 5000 < 0 ? 0 : ticket - 5000)) {
                expected += 1
                #expect(command(item) == expected)
            }
        }
        #expect(held.count == 20_000 - expected)
        #expect(expected > 14_000)
    }
}

@Suite("A turn's new names")
struct TurnNameTests {
    private func engine(devices: Int = 8, properties: Int = 8) throws -> Engine {
        var diagnostics: [Diagnostic] = []
        let plan = Plan(
            compiling: Definition(
                registry: Registry(deviceLimit: devices, propertyLimit: properties)),
            diagnostics: &diagnostics)
        return Engine(try #require(plan))
    }

    @Test("a device is named once, and accepted as an input")
    func device() throws {
        var engine = try engine()
        var turn = Turn(now: Instant(milliseconds: 0))
        let first = try turn.accept(deviceNamed: "pump-1", engine: &engine)
        let again = try turn.accept(deviceNamed: "pump-1", engine: &engine)
        #expect(first == again)
        #expect(turn.deviceNames.map(\.name) == ["pump-1"])
        #expect(turn.inputs.allSatisfy { $0 == .deviceAccepted(first) })
        turn.begin(at: Instant(milliseconds: 1))
        #expect(turn.deviceNames.isEmpty && turn.inputs.isEmpty)
    }

    private static let names: [(String, Bool)] = [
        ("a", true), ("Room-1.b:c_d", true), (String(repeating: "x", count: 64), true),
        (String(repeating: "x", count: 65), false), ("", false), ("a b", false), ("a/b", false),
        ("a+", false), ("#", false), ("naïve", false), ("a\n", false), ("a\u{0}", false),
    ]

    @Test("names are plain and short", arguments: names.indices)
    func plain(_ index: Int) throws {
        let (name, isGood) = Self.names[index]
        for what in ["device", "property"] {
            var engine = try engine()
            var turn = Turn(now: Instant(milliseconds: 0))
            var refused: Refusal?
            do throws(Refusal) {
                if what == "device" {
                    _ = try turn.accept(deviceNamed: name, engine: &engine)
                } else {
                    _ = try turn.accept(propertyNamed: name, engine: &engine)
                }
            } catch { refused = error }
            #expect((refused == nil) == isGood, "\(what) '\(name)'")
            #expect(refused == nil || refused?.reason == .malformedRequest)
            #expect(turn.deviceNames.count + turn.propertyNames.count == (isGood ? 1 : 0))
        }
    }

    @Test("when the table is full, a device is told to try again, and known names still work")
    func full() throws {
        var engine = try engine(devices: 1, properties: 1)
        var turn = Turn(now: Instant(milliseconds: 0))
        _ = try turn.accept(deviceNamed: "d", engine: &engine)
        _ = try turn.accept(propertyNamed: "p", engine: &engine)
        for what in ["device", "property"] {
            do throws(Refusal) {
                if what == "device" {
                    _ = try turn.accept(deviceNamed: "e", engine: &engine)
                } else {
                    _ = try turn.accept(propertyNamed: "q", engine: &engine)
                }
                Issue.record("another \(what) was taken")
            } catch {
                #expect(error.reason == .tableFull)
                #expect(error.code == .serviceUnavailable)
                #expect(error.response.maxAge == 5)
            }
        }
        #expect(try turn.accept(deviceNamed: "d", engine: &engine) == Device(index: 0))
    }

    @Test("readings that cannot be kept are for decisions only, without their exchange")
    func decideOnly() throws {
        var turn = Turn(now: Instant(milliseconds: 0))
        func reading(_ property: UInt16) -> Reading {
            Reading(
                device: Device(index: 0), property: Property(index: property),
                time: Instant(milliseconds: 0), value: .number(1))
        }
        turn.inputs = [
            .exchange(1), .reading(reading(0)), .exchange(2), .reading(reading(1)),
            .reading(reading(2)),
        ]
        turn.decideOnly(from: 2)
        var (second, third) = (reading(1), reading(2))
        second.flags = .decideOnly
        third.flags = .decideOnly
        #expect(
            turn.inputs == [
                .exchange(1), .reading(reading(0)), .reading(second), .reading(third),
            ])
    }
}
