package import Model

/// Emulated devices, pure: what each would send and when, and how each obeys a command.
///
/// The in-process simulation and the fleet over real UDP share it, so both see the same readings
/// for the same seed. Time is the scenario's event time.
package struct Fleet: Sendable {
    package let registry: Registry
    package let scenario: ScenarioDefinition
    package let start: Instant
    /// The devices that run, in order of their numbers.
    package let members: [Device]
    /// By device index; nil for devices that do not run.
    private var devices: [EmulatedDevice?]
    private var emitters: [Emitter] = []
    /// A binary heap of indices into `emitters`, the earliest reading first.
    private var schedule = Schedule()
    private var motions: Motions
    /// Event time: what was emitted is of this time or before.
    package private(set) var eventNow: Instant
    /// Devices with a command that runs, in the order in which they began.
    private var busy: [Device] = []

    /// One property of one device that reports on a schedule.
    private struct Emitter: Sendable {
        let device: Device
        let property: Property
        let pattern: Int
        /// Where within the interval this device speaks, so that a fleet does not speak all at
        /// once.
        let offset: Milliseconds
        var random: SplitMix64
        var influence: Thermal?
        var emitted = 0
        var spikeOffset: Milliseconds?
    }

    /// One reading that leaves a device.
    package struct Emission: Hashable, Sendable {
        package var device: Device
        package var property: Property
        package var time: Instant
        package var value: Value
    }

    /// - Parameters:
    ///   - start: the event time of the scenario's beginning.
    ///   - groupLimit: runs only the first so many devices of each group; nil runs all there are.
    ///   - chosen: runs only these; nil runs all.
    ///   - commandStart: the beginning on the clock by which commands run; nil where that is event
    ///     time.
    package init(
        scenario: ScenarioDefinition, registry: Registry, seed: UInt64, start: Instant,
        groupLimit: Int? = nil, only chosen: Set<Device>? = nil, commandStart: Instant? = nil
    ) {
        self.registry = registry
        self.scenario = scenario
        self.start = start
        eventNow = start
        members = Fleet.members(of: registry, groupLimit: groupLimit)
            .filter { chosen?.contains($0) ?? true }
        devices = Array(repeating: nil, count: registry.deviceNames.count)
        for device in members {
            devices[Int(device.index)] = EmulatedDevice(
                device, registry: registry, scenario: scenario, seed: seed,
                start: commandStart ?? start)
        }
        motions = Motions(of: members, registry: registry, scenario: scenario, start: start)
        for device in members {
            for (property, value) in state(of: device) { motions.note(device, property, value) }
        }
        for (index, pattern) in scenario.telemetry.enumerated() {
            addEmitters(for: pattern, at: index, seed: seed, groupLimit: groupLimit)
        }
    }

    private static func members(of registry: Registry, groupLimit: Int?) -> [Device] {
        guard let groupLimit else { return registry.devices }
        let firsts = Set(registry.groups.flatMap { $0.members.prefix(groupLimit) })
        return registry.devices.filter { firsts.contains($0) }
    }

    private mutating func addEmitters(
        for pattern: TelemetryPattern, at index: Int, seed: UInt64, groupLimit: Int?
    ) {
        guard let property = registry.property(named: pattern.property),
            let group = registry.group(named: pattern.group)?.members, pattern.interval > .zero
        else { return }
        let members = group.prefix(groupLimit ?? .max)
        for (place, device) in members.enumerated() where devices[Int(device.index)] != nil {
            let name = registry.name(of: device)
            var random = SplitMix64(seed: seed, name: name + "/" + pattern.property)
            let offset = pattern.interval.count * Int64(place) / Int64(members.count)
            var spikeOffset: Milliseconds?
            if let spikes = pattern.spikes, place < spikes.devices {
                // Somewhere in the middle of the cadence, the same for every run of a seed.
                let whole = spikes.every.count / max(1, pattern.interval.count)
                spikeOffset = Milliseconds(Int64(random.next() % UInt64(max(1, whole))))
            }
            emitters.append(
                Emitter(
                    device: device, property: property, pattern: index,
                    offset: Milliseconds(offset), random: random,
                    influence: Thermal(
                        on: device, pattern: pattern, scenario: scenario, registry: registry),
                    spikeOffset: spikeOffset))
            schedule.push(time: start + Milliseconds(offset), emitter: emitters.count - 1)
        }
    }

    /// How many readings the scenario holds for its telemetry, when run to its end.
    package var expectedReadings: Int {
        emitters.reduce(0) { count, emitter in
            let interval = scenario.telemetry[emitter.pattern].interval.count
            let room = scenario.duration.count - emitter.offset.count
            return count + Int(max(0, (room + interval - 1) / interval))
        }
    }

    /// When the next reading is due; nil when the scenario has ended and nothing moves any more.
    package var nextTime: Instant? {
        guard let next = scheduledTime else { return motions.nextTime }
        return motions.nextTime.map { min(next, $0) } ?? next
    }

    private var scheduledTime: Instant? {
        guard let next = schedule.first, next < start + scenario.duration else { return nil }
        return next
    }

    /// Takes the next reading, if it is due at `time` or before.
    package mutating func next(through time: Instant) -> Emission? {
        guard let due = nextTime, due <= time else { return nil }
        eventNow = max(eventNow, due)
        let emission: Emission
        if let scheduled = scheduledTime, scheduled == due, let (_, index) = schedule.pop() {
            emission = emit(index, at: due)
        } else if let moved = motions.next() {
            emission = moved
        } else {
            return nil
        }
        guard !isGone(emission.device) else { return next(through: time) }
        devices[Int(emission.device.index)]?.note(emission.property, emission.value)
        return emission
    }

    /// The device answers nothing and sends nothing any more.
    package func isGone(_ device: Device) -> Bool {
        Int(device.index) < devices.count && devices[Int(device.index)]?.isGone ?? false
    }

    private mutating func emit(_ index: Int, at due: Instant) -> Emission {
        let (device, property) = (emitters[index].device, emitters[index].property)
        let pattern = scenario.telemetry[emitters[index].pattern]
        var value = Wave.value(of: pattern, elapsed: due - start)
        if let thermal = emitters[index].influence {
            let actuator = devices[Int(thermal.actuator.index)]
            value +=
                emitters[index].influence?.offset(
                    at: due, ambient: value, actuator: actuator) ?? 0
        }
        if let moved = motions.value(of: device, property, at: due) {
            // The wave is a disturbance of what the model's behaviour says.
            value += moved - pattern.baseValue
        }
        value += pattern.randomVariance * emitters[index].random.symmetric()
        if let spikes = pattern.spikes, let spikeOffset = emitters[index].spikeOffset {
            let cadence = max(1, Int(spikes.every.count / pattern.interval.count))
            if emitters[index].emitted % cadence == Int(spikeOffset.count) {
                value += spikes.magnitude
            }
        }
        emitters[index].emitted += 1
        schedule.push(time: due + pattern.interval, emitter: index)
        // Sensors have a resolution; two decimals keep the payloads short and exact in text.
        return Emission(
            device: device, property: property, time: due,
            value: .number((value * 100).rounded() / 100))
    }

    /// What a device reports of itself when it starts: its switches and choices.
    package func initialState(of device: Device) -> [(property: Property, value: Value)] {
        devices[Int(device.index)]?.reportable ?? []
    }

    /// What the device holds true of a property now: the physical side of a twin.
    package func state(of device: Device, _ property: Property) -> Value? {
        devices[Int(device.index)]?.state(property)
    }

    /// All properties the device has a value for.
    package func state(of device: Device) -> [(property: Property, value: Value)] {
        devices[Int(device.index)]?.reportable ?? []
    }

    /// Makes the device hold a value that it did not measure by the scenario.
    package mutating func note(_ device: Device, _ property: Property, _ value: Value) {
        guard Int(device.index) < devices.count else { return }
        devices[Int(device.index)]?.note(property, value)
        motions.note(device, property, value, at: eventNow)
    }

    /// Lets event time pass, so that what moves is where it is at `time`.
    package mutating func advance(to time: Instant) {
        eventNow = max(eventNow, time)
        for (device, property, value) in motions.values(at: eventNow) {
            devices[Int(device.index)]?.note(property, value)
        }
    }

    /// Lets the device run a command; a repeat of an id it has run changes nothing and is answered
    /// alike.
    package mutating func execute(
        _ command: String, id: CommandID, parameters: [Field], on device: Device
    ) -> EmulatedDevice.Answer {
        receive(
            DeviceRequest(id: id, .run(name: command, parameters: parameters)), on: device,
            at: eventNow)
    }

    /// Asks a device about a command, at `now` on the clock by which commands run.
    package mutating func receive(
        _ request: DeviceRequest, on device: Device, at now: Instant
    ) -> EmulatedDevice.Answer {
        guard Int(device.index) < devices.count,
            let answer = devices[Int(device.index)]?.receive(
                request, registry: registry, at: now)
        else { return EmulatedDevice.Answer(code: 404, diagnostic: "no such device") }
        for report in answer.reports where !answer.isRepeat {
            motions.note(device, report.property, report.value, at: eventNow)
        }
        if devices[Int(device.index)]?.nextDeadline != nil, !busy.contains(device) {
            busy.append(device)
        }
        return answer
    }

    /// When a command that runs has something to tell next, on the clock by which commands run.
    package var nextNotice: Instant? {
        busy.compactMap { devices[Int($0.index)]?.nextDeadline }.min()
    }

    /// What devices have to tell of their commands by `now`.
    package mutating func notices(through now: Instant) -> [EmulatedDevice.Notice] {
        guard let due = nextNotice, due <= now else { return [] }
        var notices: [EmulatedDevice.Notice] = []
        for device in busy {
            notices += devices[Int(device.index)]?.advance(to: now) ?? []
        }
        for notice in notices {
            for report in notice.reports {
                motions.note(notice.device, report.property, report.value, at: eventNow)
            }
        }
        busy.removeAll { devices[Int($0.index)]?.nextDeadline == nil }
        return notices
    }
}
