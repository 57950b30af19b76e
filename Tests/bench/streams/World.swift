import Model
import Streams

/// What is measured on: devices that report one value a second each, all of it in memory.
struct World {
    let registry: Registry
    let readings: [Reading]

    /// Devices take turns; each one's temperature is a random walk between 15 and 40 degrees.
    init(devices: Int, events: Int, properties: Int = 1, isOneTopic: Bool = false) {
        var registry = Registry()
        let names = (0..<properties).map { properties == 1 ? "temperature" : "p\($0)" }
        let model = registry.add(
            DeviceModel(
                name: "sensor",
                properties: names.map { PropertyModel(name: $0, unit: Unit("celsius")) }))
        let sensors = registry.addGroup("sensors")
        var members: [Device] = []
        for index in 0..<devices {
            var entry = Registry.Entry(name: "sensor-\(index)")
            entry.model = model
            entry.groups = [sensors]
            if let device = registry.add(entry) { members.append(device) }
        }
        let numbers = names.compactMap { registry.property(named: $0) }
        var walk = [Double](repeating: 25, count: devices)
        var random = SplitMix64(state: 20_260_715)
        let start = World.start
        self.registry = registry
        readings = (0..<events).map { index in
            let device = index % devices
            let step = Double(random.next() >> 11) / Double(1 << 53) - 0.5
            walk[device] = min(40, max(15, walk[device] + step * 2))
            let property = isOneTopic ? numbers[0] : numbers[device % properties]
            return Reading(
                device: members[device], property: property,
                time: start + Milliseconds(Int64(index) * 1000 / Int64(devices)),
                value: .number(walk[device]))
        }
    }

    static let start = Instant(milliseconds: 1_784_000_000_000)
}

/// SplitMix64: a seed gives the same numbers everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
