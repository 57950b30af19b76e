import Model
import Testing
import Twins

/// The conflict table, row by row.
@Suite struct ConflictTests {
    @Test("CR1: a report with the stored stamp is a duplicate") func sameStamp() {
        var building = Building()
        let order = ReportOrder(epoch: 1, sequence: 4)
        building.report("setpoint", .number(20), time: 100, order: order)
        let again = building.report("setpoint", .number(30), time: 300, order: order)
        #expect(again.effect == .duplicate)
        #expect(building.view("setpoint")?.reported?.value == .number(20))
    }

    @Test("CR2: an older report is late, by the device's count rather than its clock")
    func olderStamp() {
        var building = Building()
        func report(_ epoch: UInt32, _ sequence: UInt32, _ value: Double, time: Int64)
            -> ReportOutcome.Effect
        {
            building.report(
                "setpoint", .number(value), time: time,
                order: ReportOrder(epoch: epoch, sequence: sequence)
            ).effect
        }
        #expect(report(1, 9, 20, time: 100) == .first)
        #expect(report(1, 8, 30, time: 900) == .late)
        #expect(report(1, 10, 30, time: 50) == .changed)
        #expect(report(2, 0, 40, time: 10) == .changed)
        #expect(report(1, 99, 50, time: 999) == .late)
        #expect(building.view("setpoint")?.reported?.version == 3)
        #expect(building.table.counters.late == 2)
    }

    @Test("CR3: an equal newer report moves times alone") func equalReport() {
        var building = Building()
        building.report("setpoint", .number(20), time: 100)
        #expect(building.report("setpoint", .number(20.2), time: 200).effect == .unchanged)
        let reported = building.view("setpoint")?.reported
        #expect(reported?.version == 1)
        #expect(reported?.time.milliseconds == 200)
        #expect(building.view("setpoint")?.age(at: Instant(milliseconds: 250)) == Milliseconds(50))
    }

    @Test("CR4: a different newer report is a new version") func differentReport() {
        var building = Building()
        building.report("setpoint", .number(20), time: 100)
        #expect(building.report("setpoint", .number(21), time: 200).effect == .changed)
        #expect(building.view("setpoint")?.reported?.version == 2)
    }

    @Test("CR5: a clock ten years off is not believed, a skewed one is corrected") func clocks() {
        let limit = Milliseconds.seconds(60)
        let now = Instant(milliseconds: 1_800_000_000_000)
        var offset = ClockOffset()
        let decade = Milliseconds.day * 3650
        #expect(offset.resolve(now - decade, arrival: now, limit: limit) == (now, true))
        #expect(offset.resolve(now + decade, arrival: now, limit: limit) == (now, true))
        #expect(offset.estimate == nil)
        // Five minutes behind; the network takes 40 ms at best.
        let skew = Milliseconds.minute * 5
        for (second, delay) in [(0, 90), (1, 40), (2, 70)] as [(Int64, Int64)] {
            let arrival = now + .seconds(second)
            let claimed = arrival - Milliseconds(delay) - skew
            #expect(!offset.resolve(claimed, arrival: arrival, limit: limit).isSuspect)
        }
        #expect(offset.estimate == Milliseconds(skew.count + 40))
        let later = now + .seconds(3)
        let jumped = offset.resolve(later - skew - .seconds(90), arrival: later, limit: limit)
        #expect(jumped == (later, true))
        let good = offset.resolve(later - skew - Milliseconds(50), arrival: later, limit: limit)
        #expect(good == (later - Milliseconds(10), false))
        // The window slides: what is long ago tells nothing any more.
        let next = now + .minute * 11
        _ = offset.resolve(next - .seconds(10), arrival: next, limit: limit)
        #expect(offset.estimate == .seconds(10))
        let last = next + .minute * 11
        _ = offset.resolve(last - .seconds(30), arrival: last, limit: limit)
        #expect(offset.estimate == .seconds(10))
        let muchLater = last + .hour
        _ = offset.resolve(muchLater - .seconds(30), arrival: muchLater, limit: limit)
        #expect(offset.estimate == .seconds(30))
    }

    @Test("CR6: a write over another version is refused, with what is there") func ifMatch() {
        var building = Building()
        building.write("setpoint", .number(20), at: 1)
        let outcome = building.write("setpoint", .number(25), at: 2, ifVersion: 0)
        #expect(outcome == .versionMismatch(current: .number(20), version: 1))
        #expect(building.view("setpoint")?.desired?.value == .number(20))
        #expect(building.table.counters.versionMismatches == 1)
        let matching = building.write("setpoint", .number(25), at: 2, ifVersion: 1)
        #expect(matching == .accepted(version: 2))
    }

    @Test("CR7: two operators write one slot, the larger stamp wins in either order")
    func sameSlot() {
        let (early, late) = (stamp(50, origin: 1), stamp(50, origin: 2))
        var first = Building()
        first.write("setpoint", .number(20), at: 60, stamp: early)
        #expect(first.write("setpoint", .number(25), at: 61, stamp: late) == .accepted(version: 2))
        var second = Building()
        second.write("setpoint", .number(25), at: 60, stamp: late)
        let outdated = second.write("setpoint", .number(20), at: 61, stamp: early)
        #expect(outdated == .outdated(version: 1))
        #expect(second.table.counters.outdated == 1)
        for var building in [first, second] {
            #expect(building.view("setpoint")?.desired?.value == .number(25))
            let again = building.write("setpoint", .number(25), at: 70, stamp: late)
            #expect(again == .unchanged(version: building.view("setpoint")?.desiredVersion ?? 0))
        }
    }

    @Test("CR8: slots are kept apart and the most urgent counts") func slots() {
        var building = Building()
        building.write("setpoint", .number(20), at: 1, slot: .program)
        building.write("setpoint", .number(25), at: 2, slot: .manualOperator)
        #expect(building.view("setpoint")?.desired?.value == .number(25))
        #expect(building.write("setpoint", .number(10), at: 3) == .accepted(version: 2))
        #expect(building.view("setpoint")?.desired?.slot == .manualOperator)
        building.write("setpoint", nil, at: 4, slot: .manualOperator)
        let view = building.view("setpoint")
        #expect(view?.desired?.value == .number(10))
        #expect(view?.desiredVersion == 3)
        #expect(view?.slots.map(\.slot) == [.manualOperator, .program])
    }

    @Test("CR9: an expired or relinquished slot gives way to the next, then to the default")
    func expiry() {
        var building = Building()
        building.report("fan", .number(40), time: 1)
        #expect(building.view("fan")?.desired?.value == .number(40))
        #expect(building.view("fan")?.desired?.slot == nil)
        building.write("fan", .number(60), at: 10, slot: .program)
        building.write("fan", .number(90), at: 10, slot: .manualOperator, expires: 500)
        #expect(building.sends(at: 10).map(\.value) == [.number(90)])
        #expect(building.sends(at: 499).isEmpty)
        #expect(building.sends(at: 500).map(\.value) == [.number(60)])
        building.write("fan", nil, at: 600, slot: .program)
        #expect(building.view("fan")?.desired?.value == .number(40))
        #expect(building.state("fan") == .synced)
        building.write("setpoint", .number(20), at: 700, expires: 800)
        building.advance(to: 800)
        #expect(building.view("setpoint")?.desired == nil)
        #expect(building.view("setpoint")?.desiredVersion == 2)
    }

    @Test("CR10: an equal wish is met without sending, unless another is on its way")
    func equalWish() {
        var building = Building()
        building.report("setpoint", .number(20), time: 1)
        building.write("setpoint", .number(20), at: 2)
        #expect(building.state("setpoint") == .synced)
        #expect(building.sends(at: 3).isEmpty)
        for isApplying in [false, true] {
            let start: Int64 = isApplying ? 200 : 100
            building.write("setpoint", .number(30), at: start)
            #expect(building.sends(at: start).map(\.value) == [.number(30)])
            building.sent("setpoint", at: start)
            if isApplying { building.answer(.accepted, "setpoint", at: start) }
            building.write("setpoint", .number(20), at: start + 1)  // P24, P33
            #expect(building.state("setpoint") == .pending)
            building.report("setpoint", .number(20.1), time: start + 2)
            #expect(building.state("setpoint") == .pending)
            building.write("setpoint", .number(20), at: start + 3, source: .command)
            #expect(building.sends(at: start + 3).map(\.value) == [.number(20)])
            building.sent("setpoint", at: start + 3)
            building.answer(.acknowledged(), "setpoint", at: start + 4)
            #expect(building.state("setpoint") == .synced)
        }
    }

    @Test(
        "CR11: a device that strays is followed, brought back, or reported",
        arguments: [
            (TwinSyncDefinition.ConflictResolution.deviceWins, 5 as Int64, PropertyState.observed),
            (.manual, 5, .contested), (.desiredWins, 5, .pending),
            (.latestTimestamp, 5, .observed), (.latestTimestamp, -5, .pending),
        ])
    func straying(
        policy: TwinSyncDefinition.ConflictResolution, shift: Int64, state: PropertyState
    ) {
        var building = Building(policy: policy)
        building.write("setpoint", .number(20), at: 100)
        building.report("setpoint", .number(20), time: 90, at: 110)
        building.report("setpoint", .number(28), time: 100 + shift, at: 120)
        #expect(building.state("setpoint") == state)
        let isWished = state != .observed
        #expect((building.view("setpoint")?.desired != nil) == isWished)
        #expect(building.sends(at: 130).isEmpty == (state != .pending))
        let conflict = building.table.takeConflicts()
        #expect(conflict.map(\.to) == [state])
        #expect(conflict.first?.desired == .number(20))
        #expect(building.table.takeConflicts().isEmpty)
        let counters = building.table.counters
        #expect(counters.yielded + counters.contested + counters.reasserted == 1)
        // Given up is given up, until somebody wishes again.
        building.report("setpoint", .number(29), time: 300)
        #expect(building.state("setpoint") == state)
    }

    @Test("CR11: three times in ten minutes a device is brought back, then it is contested")
    func budget() {
        let sync = TwinSyncDefinition(
            group: Located("units"), validatesCommands: true, healsAutomatically: true)
        var building = Building(sync: [sync])
        building.desire("setpoint", .number(20), at: 1)
        building.report("setpoint", .number(20), time: 2)
        for round in 1...4 {
            let time = Int64(round) * 1000
            building.report("setpoint", .number(28), time: time)
            #expect(building.state("setpoint") == (round < 4 ? .pending : .contested))
            if round < 4 { building.report("setpoint", .number(20), time: time + 10) }
        }
        building.report("setpoint", .number(20), time: 5000)
        let later = Milliseconds.minute.count * 10 + 2000
        building.report("setpoint", .number(28), time: later)
        #expect(building.state("setpoint") == .pending)
    }

    @Test("CR12: what a device reports on the way is recorded and no conflict") func onTheWay() {
        var building = Building()
        building.report("setpoint", .number(10), time: 1)
        building.write("setpoint", .number(20), at: 2)
        building.report("setpoint", .number(12), time: 3)
        building.sent("setpoint", at: 4)
        building.report("setpoint", .number(14), time: 5)
        building.answer(.accepted, "setpoint", at: 6)
        building.report("setpoint", .number(16), time: 7)
        #expect(building.state("setpoint") == .applying)
        #expect(building.view("setpoint")?.reported?.version == 4)
        #expect(building.table.takeConflicts().isEmpty)
    }

    @Test("CR13: answers about old versions are ignored, about versions never sent refused")
    func versions() {
        var building = Building()
        building.write("setpoint", .number(20), at: 1)
        building.write("setpoint", .number(21), at: 2)
        building.sent("setpoint", at: 3)
        #expect(building.answer(.acknowledged(), "setpoint", version: 1, at: 4) == .ignored)
        #expect(building.answer(.acknowledged(), "setpoint", version: 3, at: 4) == .unknownVersion)
        #expect(building.answer(.acknowledged(), "setpoint", version: 0, at: 4) == .unknownVersion)
        #expect(building.answer(.acknowledged(), "mode", version: 1, at: 4) == .unknownVersion)
        #expect(building.state("setpoint") == .inFlight)
        #expect(building.answer(.acknowledged(), "setpoint", version: 2, at: 4) == .taken)
        #expect(building.answer(.acknowledged(), "setpoint", version: 2, at: 5) == .ignored)
        // Nobody has ever reported it, so the device's word is all there can be.
        #expect(building.state("setpoint") == .synced)
        building.table.answered(
            .refused, to: CommandID(value: 7), of: Device(index: 77), at: Instant(milliseconds: 9))
    }

    @Test("CR14: what is acknowledged and not shown is sent again, then contested") func noEffect()
    {
        var building = Building()
        building.report("setpoint", .number(10), time: 1)
        building.write("setpoint", .number(20), at: 2)
        var now: Int64 = 2
        var attempts: [Int] = []
        for _ in 0..<200 where building.state("setpoint") != .contested {
            for send in building.sends(at: now) {
                attempts.append(send.attempt)
                building.sent("setpoint", at: now)
                building.answer(.acknowledged(), "setpoint", at: now)
            }
            now += 1000
        }
        #expect(attempts == [1, 2, 3])
        #expect(now > 3 * 30_000)
        #expect(building.table.counters.contested == 1)
        // What a command set is its sender's to repeat.
        building.table.command(
            CommandID(value: 8),
            sets: DesiredWrite(
                building.unit, building.property("mode"), .text("x"), source: .command),
            registry: building.registry, at: Instant(milliseconds: now))
        building.table.answered(
            .failed, to: CommandID(value: 8), of: building.unit, at: Instant(milliseconds: now))
        #expect(building.state("mode") == .contested)
    }

    @Test("CR15: a refusal is about one version") func refusal() {
        var building = Building()
        building.write("setpoint", .number(20), at: 1)
        building.sent("setpoint", at: 1, by: CommandID(value: 3))
        building.table.answered(
            .refused, to: CommandID(value: 3), of: building.unit, at: Instant(milliseconds: 2))
        #expect(building.state("setpoint") == .refused)
        #expect(building.sends(at: 900_000).isEmpty)
        building.write("setpoint", .number(21), at: 900_001)
        #expect(building.sends(at: 900_001).map(\.version) == [2])
    }

    @Test("CR16: of a deletion and a write the newer wins, and versions go on") func deletion() {
        var building = Building()
        building.report("setpoint", .number(10), time: 900)
        building.write("setpoint", .number(20), at: 1000)
        #expect(building.order(.delete, "setpoint", at: 2000) == .done(properties: 1))
        #expect(building.state("setpoint") == .tombstoned)
        let old = building.write("setpoint", .number(21), at: 2001, stamp: stamp(1500))
        #expect(old == .outdated(version: 2))
        #expect(building.report("setpoint", .number(11), time: 1500, at: 2002).effect == .late)
        #expect(building.write("setpoint", .number(22), at: 2003) == .accepted(version: 3))
        #expect(building.report("setpoint", .number(12), time: 2004).effect == .first)
        #expect(building.view("setpoint")?.reported?.version == 2)
        #expect(building.order(.delete, nil, at: 3000) == .done(properties: 1))
        #expect(building.order(.delete, nil, at: 3000) == .impossible)
        let month = Milliseconds.day.count * 30
        building.advance(to: month + 2999)
        #expect(building.state("setpoint") == .tombstoned)
        building.advance(to: month + 3001)
        #expect(building.view("setpoint")?.tombstone == nil)
        #expect(building.view("setpoint")?.desiredVersion == 4)
        #expect(building.write("setpoint", .number(1), at: month + 4000) == .accepted(version: 5))
    }

    @Test("CR17: of two gateways' reports the one that holds the device counts") func holders() {
        var here = Building()
        var there = Building()
        here.report("setpoint", .number(10), time: 900)
        there.table.linked(
            there.unit, registry: there.registry, at: Instant(milliseconds: 1))
        there.report("setpoint", .number(20), time: 100)
        let property = here.property("setpoint")
        exchange(&here, &there, at: 1000)
        #expect(here.view("setpoint")?.reported?.value == .number(20))
        #expect(there.view("setpoint")?.reported?.value == .number(20))
        // Equal epochs: the device's own count.
        here.report("setpoint", .number(30), time: 901, order: ReportOrder(epoch: 1, sequence: 2))
        there.report("setpoint", .number(40), time: 999, order: ReportOrder(epoch: 1, sequence: 1))
        exchange(&here, &there, at: 1000)
        #expect(there.view("setpoint")?.reported?.value == .number(30))
        #expect(
            here.table.replica(of: property, of: here.unit)?.reported
                == there.table.replica(of: property, of: there.unit)?.reported)
        #expect(here.table.replica(of: property, of: Device(index: 50)) == nil)
    }

    @Test("CR18: gateways that exchange their wishes wish the same") func joining() {
        var here = Building()
        var there = Building()
        here.report("setpoint", .number(10), time: 1)
        here.write("setpoint", .number(20), at: 100, stamp: stamp(100, origin: 1))
        there.write(
            "setpoint", .number(30), at: 101, slot: .manualOperator, stamp: stamp(101, origin: 2))
        exchange(&here, &there, at: 200)
        for var building in [here, there] {
            #expect(building.view("setpoint")?.desired?.value == .number(30))
            #expect(building.view("setpoint")?.slots.count == 2)
        }
        let property = here.property("setpoint")
        let replica = there.table.replica(of: property, of: there.unit) ?? PropertyReplica()
        let again = there.table.merge(
            replica, property, of: there.unit, from: 4, registry: there.registry,
            at: Instant(milliseconds: 300))
        #expect(again == .unchanged)
        there.order(.delete, "setpoint", at: 400)
        exchange(&here, &there, at: 500)
        #expect(here.state("setpoint") == .tombstoned)
        #expect(here.view("setpoint")?.reported == nil)
    }

    @Test("CR19: a stamp from the future is refused, and our clock stays") func future() {
        var building = Building()
        let ahead = stamp(61_001)
        building.write("setpoint", .number(20), at: 500)
        let clock = building.table.clock
        let outcome = building.write("setpoint", .number(30), at: 1000, stamp: ahead)
        #expect(outcome == .stampTooNew)
        let replica = PropertyReplica(
            slots: [DesiredSlot(.program, .number(30), stamp: ahead, source: .command)])
        for _ in 0..<2 {
            let merged = building.table.merge(
                replica, building.property("setpoint"), of: building.unit, from: 4,
                registry: building.registry, at: Instant(milliseconds: 1000))
            #expect(merged == .quarantined)
        }
        #expect(building.table.clock == clock)
        #expect(building.table.quarantinedPeers == [4])
        #expect(building.table.counters.stampsTooNew == 3)
        #expect(building.view("setpoint")?.desired?.value == .number(20))
        // Just within what clocks may differ it is taken, and our next stamp is newer.
        building.write("setpoint", .number(30), at: 1000, stamp: stamp(61_000))
        building.write("setpoint", .number(31), at: 1001)
        #expect(building.view("setpoint")?.desired?.value == .number(31))
    }

    @Test("CR20: wrong types and units are refused, kindred units converted") func types() throws {
        var building = Building()
        for (value, unit) in [
            (Value.text("warm"), nil), (.boolean(true), nil), (.number(200), nil),
            (.number(20), Unit("W")),
        ] as [(Value, Unit?)] {
            guard case .misfit = building.write("setpoint", value, at: 1, in: unit) else {
                Issue.record("\(value) was taken")
                continue
            }
        }
        #expect(building.table.counters.misfits == 4)
        #expect(building.view("setpoint")?.desiredVersion == nil)
        let kelvin = try #require(Unit("K"))
        building.write("setpoint", .number(293.15), at: 2, in: kelvin)
        let degrees = try #require(building.view("setpoint")?.desired?.value.double)
        #expect(abs(degrees - 20) < 1e-9)
    }

    @Test("CR21: values are atomic, and leaves of a map are properties of their own") func leaves()
    {
        var building = Building()
        building.report("position.x", .number(1), time: 1)
        building.report("position.y", .number(2), time: 1)
        building.report("position.x", .number(3), time: 2)
        #expect(building.view("position.x")?.reported?.version == 2)
        #expect(building.view("position.y")?.reported?.version == 1)
        building.report("mode", .text("[1, 2]"), time: 1)
        building.report("mode", .text("[1, 3]"), time: 2)
        #expect(building.view("mode")?.reported?.value == .text("[1, 3]"))
    }

    @Test("CR22: what a new model lacks is deleted, what it renames carried over") func upgrade() {
        var old = Building()
        old.report("setpoint", .number(20), time: 100)
        old.report("mode", .text("auto"), time: 100)
        old.report("count", .integer(3), time: 100)
        old.write("setpoint", .number(25), at: 200)
        let before = old.registry.models[0]
        var target = PropertyModel(name: "target", isWritable: true)
        target.migration = PropertyMigration(from: "setpoint", scale: 1.8, offset: 32)
        var mode = PropertyModel(name: "mode", type: .integer)
        mode.migration = PropertyMigration(
            from: "mode", map: [.init(.text("auto"), .integer(3))])
        var new = Building(
            version: "2.0.0", properties: [target, mode, PropertyModel(name: "count", type: .text)])
        var reader = ByteReader(old.bytes(of: old.unit))
        try? new.table.decode(new.unit, from: &reader)
        new.table.upgrade(
            new.unit, from: before, to: new.registry.models[0], registry: new.registry,
            at: Instant(milliseconds: 300))
        #expect(new.view("target")?.reported?.value == .number(68))
        #expect(new.view("target")?.desired?.value == .number(77))
        #expect(new.view("target")?.slots.first?.value == .number(77))
        #expect(new.view("mode")?.reported?.value == .integer(3))
        for name in ["setpoint", "count"] {
            #expect(new.state(name) == .tombstoned)
            #expect(new.view(name)?.isRemovedByModel == true)
        }
        #expect(new.table.counters.removedByModel == 2)
        #expect(new.table.counters.migrated == 2)
        let bytes = new.bytes(of: new.unit)
        new.table.upgrade(
            new.unit, from: new.registry.models[0], to: new.registry.models[0],
            registry: new.registry, at: Instant(milliseconds: 400))
        #expect(new.bytes(of: new.unit) == bytes)
        let migration = PropertyMigration(from: "a", scale: 2)
        #expect(migration.apply(.text("x")) == nil)
        #expect(migration.apply(.number(1e308)) == nil)
        #expect(PropertyMigration(from: "a").apply(.text("x")) == .text("x"))
        #expect(mode.migration?.apply(.text("gone")) == nil)
    }

    @Test("CR23: a simulation never touches the real halves") func simulated() {
        var building = Building()
        building.report("setpoint", .number(20), time: 100)
        let bytes = building.bytes(of: building.unit)
        let outcome = building.report("setpoint", .number(90), time: 200, source: .simulated)
        #expect(outcome.effect == .first)
        building.report("setpoint", .number(91), time: 300, source: .simulated)
        #expect(building.bytes(of: building.unit) == bytes)
        let twin = building.table.twin(of: building.unit)
        #expect(twin?.properties.first?.reported?.value == .number(20))
        #expect(twin?.lastSeen?.milliseconds == 100)
        #expect(twin?.simulated.map(\.value) == [.number(91)])
        for number in 0..<TwinTable.propertyLimit {
            building.report("s\(number)", .number(1), time: 400, source: .simulated)
        }
        #expect(building.table.counters.refused == 1)
        building.table.endSimulation(of: building.unit)
        building.table.endSimulation(of: Device(index: 99))
        #expect(building.table.twin(of: building.unit)?.simulated == [])
    }

    /// Each takes what the other knows of `setpoint`.
    private func exchange(_ here: inout Building, _ there: inout Building, at now: Int64) {
        let property = here.property("setpoint")
        let time = Instant(milliseconds: now)
        let ours = here.table.replica(of: property, of: here.unit) ?? PropertyReplica()
        let theirs = there.table.replica(of: property, of: there.unit) ?? PropertyReplica()
        _ = here.table.merge(
            theirs, property, of: here.unit, from: 2, registry: here.registry, at: time)
        _ = there.table.merge(
            ours, property, of: there.unit, from: 1, registry: there.registry, at: time)
    }
}
