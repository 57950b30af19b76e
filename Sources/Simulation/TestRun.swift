package import Engine
package import Model

/// Runs one of a workflow's own tests under a virtual clock and holds what came of it against what
/// was expected. Devices obey their commands as emulated ones do.
package struct TestRun: Sendable {
    package let test: TestDefinition
    /// What was expected and is not there, as people would write it; empty where all is well.
    package private(set) var missing: [String] = []
    /// What is there and was not expected.
    package private(set) var unexpected: [String] = []
    private var plant: Plant
    private let start: Instant
    private var records: [OutboxRecord] = []
    private var sent: [(device: String, command: String)] = []

    /// How long after the last time that the test names it ends, if it does not say.
    private static let grace = Milliseconds.minute * 5

    package var isOK: Bool { missing.isEmpty && unexpected.isEmpty }

    /// Runs the test to its end.
    package init(_ test: TestDefinition, plan: Plan) {
        self.test = test
        start = test.start ?? SimulationRun.defaultStart
        plant = Plant(
            engine: Engine(plan),
            fleet: Fleet(
                scenario: ScenarioDefinition(name: "", duration: .zero),
                registry: plan.registry, seed: 0, start: start))
        run()
        compareMatches()
        compareRows()
        compareCommands()
    }

    // MARK: Running

    private mutating func run() {
        let events = test.events.enumerated().sorted { left, right in
            (left.element.at, left.offset) < (right.element.at, right.offset)
        }.map(\.element)
        let named =
            events.map(\.at) + test.matches.compactMap(\.at) + test.rows.compactMap(\.at)
        var end = start + (named.max() ?? .zero)
        end = test.duration.map { start + $0 } ?? (end + TestRun.grace)
        var next = 0
        var now = start
        var inputs: [Input] = []
        var effects: [Effect] = []
        var transmissions: [Transmission] = []
        while true {
            let times = [next < events.count ? start + events[next].at : nil, plant.nextTime]
            guard let due = times.compactMap({ $0 }).min(), due <= end else { break }
            now = max(now, due)
            while next < events.count, start + events[next].at <= now {
                inputs += readings(of: events[next])
                next += 1
            }
            plant.step(inputs, at: now, into: &effects, transmissions: &transmissions)
            inputs.removeAll(keepingCapacity: true)
        }
        for case .publish(let record) in effects { records.append(record) }
        for transmission in transmissions
        where transmission.attempt == 1 && transmission.purpose == .execute {
            sent.append((plant.engine.registry.name(of: transmission.device), transmission.name))
        }
    }

    private mutating func readings(of event: TestDefinition.Event) -> [Input] {
        guard let device = plant.engine.registry.device(named: event.device.value) else {
            return []
        }
        var flags: Reading.Flags = []
        var inputs: [Input] = []
        for field in event.values.map(\.value) {
            guard let property = plant.engine.intern(propertyNamed: field.name),
                let value = field.value
            else { continue }
            inputs.append(
                .reading(
                    Reading(
                        device: device, property: property, time: start + event.at, value: value,
                        flags: flags)))
            flags = .sameRow
        }
        return inputs
    }

    // MARK: Comparing

    /// Each match may serve one expectation, those that say more being served first.
    private mutating func compareMatches() {
        let only = test.only.map { Set($0.map(\.value)) }
        var found = records.filter { record in
            record.kind == .match && (only?.contains(record.name) ?? true)
        }
        let expected = test.matches.filter { only?.contains($0.pattern.value) ?? true }
        func detail(_ match: TestDefinition.ExpectedMatch) -> Int {
            (match.device == nil ? 0 : 1) + (match.at == nil ? 0 : 1)
        }
        let ordered = expected.enumerated().sorted { left, right in
            (-detail(left.element), left.offset) < (-detail(right.element), right.offset)
        }.map(\.element)
        for match in ordered {
            let place = found.firstIndex { record in
                record.name == match.pattern.value
                    && (match.device.map { $0.value == TestRun.device(of: record) } ?? true)
                    && (match.at.map { start + $0 == record.time } ?? true)
            }
            if let place {
                found.remove(at: place)
            } else {
                missing.append(
                    "match " + match.pattern.value
                        + (match.device.map { " of \($0.value)" } ?? "") + at(match.at))
            }
        }
        for record in found {
            let device = TestRun.device(of: record).map { " of \($0)" } ?? ""
            unexpected.append("match \(record.name)\(device)\(at(record.time - start))")
        }
    }

    private static func device(of record: OutboxRecord) -> String? {
        record.key.first { $0.name == "device_id" }?.value?.description
    }

    private mutating func compareRows() {
        for row in test.rows {
            let name = row.stream.value + (row.window.map { "/\($0)" } ?? "")
            let near = records.filter { record in
                record.kind == .aggregate && record.name == name
                    && (row.at.map { start + $0 == record.time } ?? true)
                    && TestRun.agrees(row.key, with: record.key)
            }
            if near.contains(where: { TestRun.agrees(row.values, with: $0.fields) }) { continue }
            missing.append("row \(name)\(at(row.at))\(words(row.key)):\(words(row.values))")
            for record in near {
                unexpected.append(
                    "row \(name)\(at(record.time - start))\(words(record.key)):"
                        + words(record.fields))
            }
        }
    }

    private mutating func compareCommands() {
        guard let expected = test.commands else { return }
        var left = sent
        for command in expected {
            let place = left.firstIndex { one in
                one.device == command.device.value && one.command == command.command
            }
            if let place {
                left.remove(at: place)
            } else {
                missing.append("command \(command.command) to \(command.device.value)")
            }
        }
        if expected.isEmpty {
            unexpected += left.map { "command \($0.command) to \($0.device)" }
        }
    }

    private static func agrees(_ expected: [Field], with found: [Field]) -> Bool {
        expected.allSatisfy { field in
            guard let value = field.value,
                let other = found.first(where: { $0.name == field.name })?.value
            else { return false }
            return agrees(value, with: other)
        }
    }

    private static func agrees(_ expected: Value, with found: Value) -> Bool {
        switch (expected, found) {
        case (.boolean, _), (_, .boolean): return expected == found
        default: break
        }
        guard let one = expected.double, let other = found.double else {
            return expected.description == found.description
        }
        return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    }

    private func at(_ time: Milliseconds?) -> String { time.map { " at \($0)" } ?? "" }

    private func words(_ fields: [Field]) -> String {
        fields.map { " \($0.name)=\($0.value?.description ?? "missing")" }.joined()
    }
}
