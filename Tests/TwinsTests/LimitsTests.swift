import Model
import Testing
import Twins

/// What a twin table tells of ages, how often it tells, and what it does when it is full.
@Suite struct LimitsTests {
    @Test func agesAreTold() {
        var building = Building()
        building.report("setpoint", .number(20), time: 1000)
        building.report("mode", .text("cool"), time: 2000)
        building.write("setpoint", .number(25), at: 4000)
        func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }
        let view = building.view("setpoint")
        #expect(view?.age(at: at(5000)) == Milliseconds(4000))
        #expect(view?.desiredAge(at: at(5000)) == Milliseconds(1000))
        #expect(view?.staleAfter == .seconds(30))
        #expect(view?.isStale(at: at(31_000)) == false)
        #expect(view?.isStale(at: at(31_001)) == true)
        // Nobody says how often a mode comes, and what never came is not stale.
        #expect(building.view("mode")?.isStale(at: .distantFuture) == false)
        #expect(building.view("mode")?.desiredAge(at: at(5000)) == nil)
        #expect(building.table.twin(of: building.unit)?.linkAge(at: at(5000)) == .seconds(3))
        #expect(building.table.twin(of: building.stranger)?.linkAge(at: at(5000)) == nil)
        var silent = Building()
        silent.write("setpoint", .number(25), at: 4000)
        #expect(silent.view("setpoint")?.age(at: at(5000)) == nil)
        #expect(silent.view("setpoint")?.isStale(at: .distantFuture) == false)
    }

    @Test func theDevicesOwnTimeIsKept() throws {
        var building = Building()
        let setpoint = building.property("setpoint")
        let reading = Reading(
            device: building.unit, property: setpoint, time: Instant(milliseconds: 500),
            value: .number(1))
        _ = building.table.report(
            reading, source: .device, order: ReportOrder(epoch: 3, sequence: 4),
            deviceTime: Instant(milliseconds: 420), registry: building.registry,
            at: Instant(milliseconds: 510))
        #expect(building.view("setpoint")?.reported?.deviceTime?.milliseconds == 420)
        var other = Building()
        var reader = ByteReader(building.bytes(of: building.unit))
        try other.table.decode(other.unit, from: &reader)
        #expect(other.view("setpoint") == building.view("setpoint"))
        let replica = other.table.replica(of: setpoint, of: other.unit)
        #expect(replica?.reported?.order == ReportOrder(epoch: 3, sequence: 4))
    }

    @Test func observersAreToldNoMoreOftenThanTheGroupSays() {
        let sync = TwinSyncDefinition(group: Located("units"), updateFrequency: .seconds(10))
        var building = Building(sync: [sync])
        func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }
        #expect(building.table.takeNotified(at: at(0)).isEmpty)
        building.report("setpoint", .number(1), time: 1)
        #expect(building.table.takeNotified(at: at(1)) == [building.unit])
        building.report("setpoint", .number(2), time: 2)
        building.report("setpoint", .number(3), time: 3)
        building.report("mode", .text("x"), time: 3, of: building.stranger)
        #expect(building.table.takeNotified(at: at(3)) == [building.stranger])
        #expect(building.table.nextNotification == at(10_001))
        #expect(building.table.takeNotified(at: at(10_000)).isEmpty)
        #expect(building.table.takeNotified(at: at(10_001)) == [building.unit])
        #expect(building.table.nextNotification == nil)
        // The state was never behind.
        #expect(building.view("setpoint")?.reported?.version == 3)
        // A report that changes nothing is nothing to tell.
        building.report("setpoint", .number(3), time: 90_000)
        #expect(building.table.takeNotified(at: at(90_000)).isEmpty)
    }

    @Test func theOldestTombstoneMakesRoom() {
        var building = Building()
        for number in 0..<TwinTable.propertyLimit {
            building.report("p\(number)", .integer(1), time: 1)
        }
        building.order(.delete, "p7", at: 20)
        building.order(.delete, "p5", at: 30)
        #expect(building.report("late-comer", .integer(1), time: 40).effect == .first)
        #expect(building.table.counters.droppedTombstones == 1)
        #expect(building.view("p7") == nil)
        #expect(building.state("p5") == .tombstoned)
        #expect(building.table.takeDirty() == [building.unit])
        // The dropped one's timer finds nothing.
        building.advance(to: Milliseconds.day.count * 31)
        #expect(building.view("p5")?.state == .unknown || building.view("p5") == nil)
    }

    @Test func mergesKeepToTheLimits() {
        var building = Building()
        let now = Instant(milliseconds: 1000)
        let replica = PropertyReplica(
            slots: [DesiredSlot(.program, .number(1), stamp: stamp(5), source: .command)])
        let setpoint = building.property("setpoint")
        func merge(_ replica: PropertyReplica, _ property: Property, _ device: Device, peer: UInt32)
            -> TwinTable.MergeOutcome
        {
            building.table.merge(
                replica, property, of: device, from: peer, registry: building.registry, at: now)
        }
        #expect(merge(replica, setpoint, Device(index: .max), peer: 1) == .full)
        for number in 0..<TwinTable.propertyLimit {
            building.report("p\(number)", .integer(1), time: 1)
        }
        #expect(merge(replica, setpoint, building.unit, peer: 1) == .full)
        #expect(building.table.counters.refused == 1)
        let ahead = PropertyReplica(tombstone: stamp(900_000))
        for peer in 0..<80 as Range<UInt32> {
            #expect(merge(ahead, setpoint, building.unit, peer: peer) == .quarantined)
        }
        #expect(building.table.quarantinedPeers.count == TwinTable.propertyLimit)
        var writer = ByteWriter()
        building.table.snapshot(into: &writer)
        var other = Building()
        for length in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: RecordError.self) { try other.table.restore(from: &reader) }
        }
        var reader = ByteReader(writer.bytes)
        #expect(throws: Never.self) { try other.table.restore(from: &reader) }
        #expect(other.table.quarantinedPeers == building.table.quarantinedPeers)
        var excess = ByteWriter()
        excess.fixed(UInt64(0))
        excess.list(Array(0..<70)) { $0.unsigned($1) }
        var excessReader = ByteReader(excess.bytes)
        #expect(throws: RecordError.self) { try other.table.restore(from: &excessReader) }
        #expect(
            building.table.replica(of: building.property("nothing"), of: building.unit) == nil)
        building.table.linked(Device(index: .max), registry: building.registry, at: now)
    }

    @Test func timersAndConflictsStayBounded() {
        var building = Building(policy: .manual)
        // Each wish leaves a timer behind the one before it.
        building.write("fan", .number(1), at: 0, expires: 500_000_000)
        for round in 0..<3000 as Range<Int64> {
            building.write("setpoint", .number(Double(round % 60)), at: round)
            building.sent("setpoint", at: round)
            building.answer(.refused, "setpoint", at: round)
        }
        #expect(building.table.takeConflicts().count == TwinTable.conflictLimit)
        #expect(building.table.counters.droppedConflicts == 3000 - 1024)
        building.advance(to: 400_000_000)
        #expect(building.table.nextDeadline != nil)
        #expect(building.state("setpoint") == .refused)
    }

    @Test func manyTimersComeUpInOrder() {
        var building = Building()
        var random = SplitMix64(state: 5)
        let times = (0..<60).map { _ in Int64.random(in: 1...50, using: &random) * 100 }
        for (number, time) in times.enumerated() {
            building.write("p\(number)", .number(1), at: 0, expires: time)
        }
        _ = building.sends(at: 0)
        for now in stride(from: 0, through: 5000, by: 50) as StrideThrough<Int64> {
            building.advance(to: now)
            let live = (0..<60).count { building.view("p\($0)")?.desired != nil }
            #expect(live == times.count { $0 > now })
        }
        #expect(building.table.nextDeadline == nil)
    }

    @Test func aStoreWithoutSenseDoesNotStallTheTable() throws {
        var building = Building()
        building.report("setpoint", .number(1), time: 1)
        building.write("setpoint", .number(2), at: 2)
        building.sent("setpoint", at: 3)
        building.order(.delete, "mode", at: 3)
        let whole = building.bytes(of: building.unit)
        var random = SplitMix64(state: 11)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            var other = Building()
            var reader = ByteReader(bytes)
            do throws(RecordError) { try other.table.decode(other.unit, from: &reader) } catch {
                continue
            }
            for now in [10, 1 << 40, .max] as [Int64] {
                _ = other.sends(at: now)
                other.report("setpoint", .number(5), time: now)
                other.write("setpoint", .number(6), at: now)
                other.order(.reassert, nil, at: now)
            }
        }
    }
}
