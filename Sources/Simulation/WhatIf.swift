package import Engine
package import Model

/// What would happen: clones of twins under a virtual clock, with the gateway's own engine, the
/// behaviours of the models and the devices' way of obeying. It touches nothing, and is the same
/// for the same seed.
package struct WhatIf: Sendable {
    package let question: Question
    package let start: Instant
    /// When each sample was taken: `start`, and each step after it.
    package private(set) var times: [Instant] = []
    /// In the order of the question's devices, of each in the order of its properties' numbers.
    package private(set) var trajectories: [Trajectory] = []
    /// What followed, in the order of time; bounded.
    package private(set) var events: [Event] = []
    /// Events beyond the limit.
    package private(set) var eventsDropped = 0
    private var plant: Plant
    private var places: [Spot: Int] = [:]

    private static let eventsMax = 10_000
    /// Samples of all trajectories together.
    package static let samplesMax = 5_000_000

    /// What is asked.
    package struct Question: Sendable {
        /// Whose twins are cloned; the others are not there.
        package var devices: [Device]
        /// What devices hold at the start in place of what they reported.
        package var settings: [(device: Device, property: Property, value: Value)] = []
        /// Commands and when they are given, since the start.
        package var commands: [(at: Milliseconds, request: CommandRequest)] = []
        package var scenario: ScenarioDefinition
        package var duration: Milliseconds
        package var step: Milliseconds
        package var seed: UInt64

        package init(
            devices: [Device], scenario: ScenarioDefinition, duration: Milliseconds,
            step: Milliseconds = .minute, seed: UInt64 = 1
        ) {
            self.devices = devices
            self.scenario = scenario
            self.duration = duration
            self.step = step
            self.seed = seed
        }

        package var steps: Int { Int(duration.count / max(1, step.count)) + 1 }
    }

    /// One property of one device in the course of time.
    package struct Trajectory: Sendable {
        package let device: Device
        package let property: Property
        /// By sample; nil before the property had a value.
        package fileprivate(set) var values: [Value?]
    }

    /// What followed.
    package struct Event: Hashable, Sendable {
        package var time: Instant
        package var kind: Kind
        /// The pattern, the command, or the line that was logged.
        package var name: String
        package var device: String?
        package var fields: [Field]

        package enum Kind: String, Hashable, Sendable {
            case match, sent, finished, log
        }
    }

    private struct Spot: Hashable {
        var device: Device
        var property: Property
    }

    /// Runs it to its end.
    ///
    /// - Parameter engine: a copy of its own, with the twins that are to be cloned.
    package init(_ question: Question, engine: Engine, start: Instant) {
        self.question = question
        self.start = start
        var scenario = question.scenario
        scenario.duration = question.duration
        plant = Plant(
            engine: engine,
            fleet: Fleet(
                scenario: scenario, registry: engine.registry, seed: question.seed, start: start,
                only: Set(question.devices)))
        // First what the models say, over it what was reported, over it what is supposed.
        for device in question.devices {
            for (property, value) in engine.reportedValues(of: device) {
                plant.fleet.note(device, property, value)
            }
        }
        for (device, property, value) in question.settings {
            plant.fleet.note(device, property, value)
        }
        run()
    }

    private mutating func run() {
        var inputs = question.devices.flatMap { device in
            plant.fleet.state(of: device).map { property, value in
                Input.reading(
                    Reading(device: device, property: property, time: start, value: value))
            }
        }
        let commands = question.commands.enumerated().sorted { left, right in
            (left.element.at, left.offset) < (right.element.at, right.offset)
        }.map(\.element)
        var next = 0
        var sample = start
        let end = start + question.duration
        while sample <= end {
            let due = [
                next < commands.count ? start + commands[next].at : nil, plant.nextTime,
                inputs.isEmpty ? nil : start,
            ].compactMap { $0 }.min()
            guard let due, due <= sample else {
                take(at: sample)
                sample = sample + Milliseconds(max(1, question.step.count))
                continue
            }
            let now = max(start, due, times.last ?? start)
            while next < commands.count, start + commands[next].at <= now {
                inputs.append(.command(commands[next].request))
                next += 1
            }
            step(inputs, at: now)
            inputs.removeAll(keepingCapacity: true)
        }
    }

    private mutating func take(at time: Instant) {
        plant.fleet.advance(to: time)
        for device in question.devices {
            let state = plant.fleet.state(of: device).sorted {
                $0.property.index < $1.property.index
            }
            for (property, value) in state {
                let spot = Spot(device: device, property: property)
                if places[spot] == nil {
                    places[spot] = trajectories.count
                    trajectories.append(
                        Trajectory(
                            device: device, property: property,
                            values: Array(repeating: nil, count: times.count)))
                }
                if let place = places[spot] { trajectories[place].values.append(value) }
            }
        }
        times.append(time)
    }

    private mutating func step(_ inputs: [Input], at now: Instant) {
        var effects: [Effect] = []
        var transmissions: [Transmission] = []
        plant.step(inputs, at: now, into: &effects, transmissions: &transmissions)
        for effect in effects {
            switch effect {
            case .publish(let record) where record.kind == .match:
                add(record, .match)
            case .publish(let record) where record.kind == .command:
                add(record, .finished)
            case .log(let line):
                add(Event(time: now, kind: .log, name: line, device: nil, fields: []))
            case .publish, .audit, .transmit: break
            }
        }
        for transmission in transmissions
        where transmission.purpose == .execute && transmission.attempt == 1 {
            add(
                Event(
                    time: now, kind: .sent, name: transmission.name,
                    device: plant.engine.registry.name(of: transmission.device),
                    fields: transmission.parameters))
        }
    }

    private mutating func add(_ record: OutboxRecord, _ kind: Event.Kind) {
        let device = record.key.first { $0.name == "device_id" }?.value?.description
        add(
            Event(
                time: record.time, kind: kind, name: record.name, device: device,
                fields: record.fields))
    }

    private mutating func add(_ event: Event) {
        guard events.count < WhatIf.eventsMax else {
            eventsDropped += 1
            return
        }
        events.append(event)
    }
}
