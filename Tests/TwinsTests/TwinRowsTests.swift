import Model
import Testing
import Twins

/// Rows as stored, and random histories against a model that knows no tricks.
@Suite struct TwinRowsTests {
    @Test func aRowComesBackAsItWas() throws {
        var building = Building()
        building.report("mode", .text("kühl"), time: -5, at: 10, flags: .clockSuspect)
        building.report("overheated", .timestamp(Instant(milliseconds: 3)), time: 4)
        building.desire("setpoint", .number(23.5), at: 11, source: .operatorRequest)
        building.desire("count", .integer(4), at: 12)
        building.desire("count", nil, at: 13)
        var writer = ByteWriter()
        building.table.encode(building.unit, into: &writer)

        var restored = Building()
        for name in ["mode", "setpoint", "count", "overheated"] { _ = restored.property(name) }
        var reader = ByteReader(writer.bytes)
        try restored.table.decode(restored.unit, from: &reader)
        #expect(reader.isAtEnd)
        #expect(
            restored.table.twin(of: restored.unit) == building.table.twin(of: building.unit))
        #expect(restored.table.takeDirty() == [])
        // The tolerance is the model's again.
        #expect(restored.report("setpoint", .number(23.3), time: 50).meetsDesired)
    }

    @Test func damagedRowsAreRefusedAndChangeNothing() throws {
        var building = Building()
        building.report("mode", .text("cool"), time: 5)
        building.desire("mode", .text("heat"), at: 6)
        var writer = ByteWriter()
        building.table.encode(building.unit, into: &writer)
        let twin = building.table.twin(of: building.unit)
        for length in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: RecordError.self) {
                try building.table.decode(building.unit, from: &reader)
            }
            #expect(building.table.twin(of: building.unit) == twin)
        }
        for place in writer.bytes.indices {
            for bit in 0..<8 {
                var damaged = writer.bytes
                damaged[place] ^= 1 << UInt8(bit)
                var other = Building()
                var reader = ByteReader(damaged)
                do { try other.table.decode(other.unit, from: &reader) } catch {}
            }
        }
        var reader = ByteReader(writer.bytes)
        #expect(throws: RecordError.self) {
            try building.table.decode(Device(index: .max), from: &reader)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func randomHistoriesMatchTheNaiveModel(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        // Nobody gives way, so that a wish stays until it is taken back.
        var building = Building(
            sync: [
                TwinSyncDefinition(group: Located("units"), conflictResolution: .manual)
            ])
        var naive = NaiveTwins()
        let names = ["setpoint", "extra-0", "extra-1", "extra-2", "extra-3"]
        let tolerances = ["setpoint": 0.25]
        var stored: [Device: [UInt8]] = [:]
        func bytes(_ device: Device) -> [UInt8] {
            var writer = ByteWriter()
            building.table.encode(device, into: &writer)
            return writer.bytes
        }
        let devices = [building.unit, building.stranger]
        for device in devices { stored[device] = bytes(device) }
        for step in 0..<2000 {
            let now = Int64(step)
            let name = names.randomElement(using: &random) ?? ""
            let value = Value.number(Double(Int.random(in: 0..<12, using: &random)) / 5)
            if Int.random(in: 0..<4, using: &random) == 0 {
                let wish = Bool.random(using: &random) ? value : nil
                let version = building.desire(name, wish, at: now)
                #expect(version == naive.desire(name, wish, tolerance: tolerances[name] ?? 0))
            } else {
                let device = devices.randomElement(using: &random) ?? building.unit
                let time = now - Int64.random(in: 0..<4, using: &random)
                let outcome = building.report(name, value, time: time, at: now, of: device)
                let key = device == building.unit ? name : "stranger/" + name
                let tolerance = device == building.unit ? tolerances[name] ?? 0 : 0
                let effect = naive.report(key, value, time: time, tolerance: tolerance)
                #expect(outcome.effect == effect, "seed \(seed) step \(step)")
                #expect(outcome.meetsDesired == naive.meets(key), "seed \(seed) step \(step)")
            }
            #expect(building.table.syncAccuracy == naive.accuracy, "seed \(seed) step \(step)")
            if step % 7 == 0 {
                let dirty = building.table.takeDirty()
                for device in devices {
                    let present = bytes(device)
                    #expect(dirty.contains(device) == (present != stored[device]))
                    stored[device] = present
                }
            }
            if step % 100 == 0 {
                var reader = ByteReader(bytes(building.unit))
                try building.table.decode(building.unit, from: &reader)
            }
        }
    }
}

/// Twins as a dictionary by name, computed anew for each question.
struct NaiveTwins {
    struct Property {
        var reported: Double?
        var time: Int64 = 0
        var desired: Double?
        var desiredVersion: UInt32 = 0
        var tolerance = 0.0
    }

    var properties: [String: Property] = [:]

    mutating func report(_ key: String, _ value: Value, time: Int64, tolerance: Double)
        -> ReportOutcome.Effect
    {
        var property = properties[key] ?? Property(tolerance: tolerance)
        defer { properties[key] = property }
        let number = value.double ?? .nan
        guard let known = property.reported else {
            (property.reported, property.time) = (number, time)
            return .first
        }
        if time < property.time { return .late }
        if time == property.time, known == number { return .duplicate }
        property.time = time
        if abs(known - number) <= tolerance { return .unchanged }
        property.reported = number
        return .changed
    }

    mutating func desire(_ key: String, _ value: Value?, tolerance: Double) -> UInt32 {
        var property = properties[key] ?? Property(tolerance: tolerance)
        if property.desired != value?.double {
            property.desired = value?.double
            property.desiredVersion += 1
        }
        properties[key] = property
        return property.desiredVersion
    }

    func meets(_ key: String) -> Bool {
        guard let property = properties[key], let desired = property.desired,
            let reported = property.reported
        else { return false }
        return abs(desired - reported) <= property.tolerance
    }

    var accuracy: Double {
        let wished = properties.filter { $0.value.desired != nil }
        if wished.isEmpty { return 1 }
        return Double(wished.keys.count { meets($0) }) / Double(wished.count)
    }
}
