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
    package init(
        scenario: ScenarioDefinition, registry: Registry, seed: UInt64, start: Instant,
        groupLimit: Int? = nil
    ) {
        self.registry = registry
        self.scenario = scenario
        self.start = start
        members = Fleet.members(of: registry, groupLimit: groupLimit)
        devices = Array(repeating: nil, count: registry.deviceNames.count)
        for device in members {
            devices[Int(device.index)] = EmulatedDevice(device, registry: registry)
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
        for (place, device) in members.enumerated() {
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

    /// When the next reading is due; nil after the scenario's end.
    package var nextTime: Instant? {
        guard let next = schedule.first, next < start + scenario.duration else { return nil }
        return next
    }

    /// Takes the next reading, if it is due at `time` or before.
    package mutating func next(through time: Instant) -> Emission? {
        guard let due = nextTime, due <= time, let (_, index) = schedule.pop() else { return nil }
        let pattern = scenario.telemetry[emitters[index].pattern]
        let elapsed = due - start
        var value = Wave.value(of: pattern, elapsed: elapsed)
        if let thermal = emitters[index].influence {
            let actuator = devices[Int(thermal.actuator.index)]
            value +=
                emitters[index].influence?.offset(
                    at: due, ambient: value, actuator: actuator) ?? 0
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
        let emission = Emission(
            device: emitters[index].device, property: emitters[index].property, time: due,
            value: .number((value * 100).rounded() / 100))
        devices[Int(emission.device.index)]?.note(emission.property, emission.value)
        return emission
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
        devices[Int(device.index)]?.known ?? []
    }

    /// Makes the device hold a value that it did not measure by the scenario.
    package mutating func note(_ device: Device, _ property: Property, _ value: Value) {
        guard Int(device.index) < devices.count else { return }
        devices[Int(device.index)]?.note(property, value)
    }

    /// Lets the device run a command; a repeat of an id it has run changes nothing and is answered
    /// alike.
    package mutating func execute(
        _ command: String, id: CommandID, parameters: [Field], on device: Device
    ) -> EmulatedDevice.Answer {
        guard Int(device.index) < devices.count, devices[Int(device.index)] != nil else {
            return EmulatedDevice.Answer(code: 404, reports: [])
        }
        return devices[Int(device.index)]?
            .execute(command, id: id, parameters: parameters, registry: registry)
            ?? EmulatedDevice.Answer(code: 404, reports: [])
    }
}

/// Due times of emitters, the earliest first; ties by emitter, so that the order is total.
private struct Schedule: Sendable {
    private var heap: [(time: Instant, emitter: Int)] = []

    var first: Instant? { heap.first?.time }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].emitter) < (heap[right].time, heap[right].emitter)
    }

    mutating func push(time: Instant, emitter: Int) {
        heap.append((time, emitter))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (time: Instant, emitter: Int)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return top }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(child, least) { least = child }
            if least == parent { return top }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
