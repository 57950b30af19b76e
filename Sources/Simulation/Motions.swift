import Model

/// Everything that moves by the behaviours of models: each such property approaches what another
/// property of its device asks for, and is reported while it moves.
struct Motions: Sendable {
    private var motions: [Motion] = []
    private var places: [Device: [Int]] = [:]
    private var schedule = Schedule()
    private let start: Instant

    /// Within this share of its value it has arrived.
    private static let arrived = 0.001
    /// Time between two reports of what moves, where the model does not say.
    private static let interval = Milliseconds.second

    private struct Motion: Sendable {
        let device: Device
        let property: Property
        let towards: Property?
        let behaviour: BehaviourModel
        let interval: Milliseconds
        /// A scenario's pattern reports it already.
        let isReported: Bool
        var dynamics: Dynamics
        var isScheduled = false

        /// How far it has to go; 0 where that is not worth a report.
        func distance(at time: Instant) -> Double {
            let value = dynamics.value(at: time)
            let near = max(abs(value) * Motions.arrived, Motions.arrived)
            let distance = abs(dynamics.target - value)
            return distance > near ? distance : 0
        }
    }

    init(
        of devices: [Device], registry: Registry, scenario: ScenarioDefinition, start: Instant
    ) {
        self.start = start
        for device in devices {
            guard let entry = registry.entry(device), let model = entry.model else { continue }
            let groups = entry.groups.map { registry.groups[$0].name }
            for property in registry.models[model].properties {
                guard let behaviour = property.behaviour,
                    let index = registry.property(named: property.name)
                else { continue }
                let isReported = scenario.telemetry.contains {
                    $0.property == property.name && groups.contains($0.group)
                }
                places[device, default: []].append(motions.count)
                motions.append(
                    Motion(
                        device: device, property: index,
                        towards: registry.property(named: behaviour.towards),
                        behaviour: behaviour,
                        interval: property.expectedInterval ?? Motions.interval,
                        isReported: isReported,
                        dynamics: Dynamics(
                            at: behaviour.rest, timeConstant: behaviour.timeConstant,
                            since: start)))
            }
        }
    }

    var nextTime: Instant? { schedule.first }

    /// The next report of what moves.
    mutating func next() -> Fleet.Emission? {
        guard let (time, index) = schedule.pop() else { return nil }
        motions[index].isScheduled = motions[index].distance(at: time) > 0
        if motions[index].isScheduled {
            schedule.push(time: time + motions[index].interval, emitter: index)
        } else {
            motions[index].dynamics.set(motions[index].dynamics.target, at: time)
        }
        return Fleet.Emission(
            device: motions[index].device, property: motions[index].property, time: time,
            value: Motions.reading(motions[index].dynamics.value(at: time)))
    }

    /// Where a property is that moves by itself; nil for others.
    func value(of device: Device, _ property: Property, at time: Instant) -> Double? {
        guard let index = places[device]?.first(where: { motions[$0].property == property })
        else { return nil }
        return motions[index].dynamics.value(at: time)
    }

    /// Where everything is that moves by itself and that no pattern reports.
    func values(at time: Instant) -> [(Device, Property, Value)] {
        motions.lazy.filter { !$0.isReported }.map {
            ($0.device, $0.property, Motions.reading($0.dynamics.value(at: time)))
        }
    }

    /// A property of a device has got a value: what moves towards it moves from here, and is
    /// reported unless `time` is nil, which is for where things stand at the start.
    mutating func note(
        _ device: Device, _ property: Property, _ value: Value, at time: Instant? = nil
    ) {
        guard let number = value.double else { return }
        let moment = time ?? start
        for index in places[device] ?? [] {
            if motions[index].property == property {
                motions[index].dynamics.set(number, at: moment)
            } else if motions[index].towards == property {
                let behaviour = motions[index].behaviour
                motions[index].dynamics.approach(
                    behaviour.rest + behaviour.gain * number, at: moment)
                if time == nil {
                    motions[index].dynamics.set(motions[index].dynamics.target, at: moment)
                }
            } else {
                continue
            }
            guard time != nil, !motions[index].isReported, !motions[index].isScheduled,
                motions[index].distance(at: moment) > 0
            else { continue }
            motions[index].isScheduled = true
            schedule.push(time: moment + motions[index].interval, emitter: index)
        }
    }

    /// Sensors have a resolution.
    private static func reading(_ value: Double) -> Value {
        .number((value * 100).rounded() / 100)
    }
}
