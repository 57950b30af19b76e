import Model
import Testing
import Twins

/// What one report or wish does to a twin: the rules CR1 to CR8, by their numbers.
@Suite struct TwinTableTests {
    @Test func aSilentDeviceHasAnEmptyTwin() {
        let building = Building()
        let twin = building.table.twin(of: building.unit)
        #expect(twin?.properties.isEmpty == true)
        #expect(twin?.lastSeen == nil)
        #expect(building.table.twin(of: Device(index: 99)) == nil)
    }

    /// A report that meets a stored one of value 20 at time 100, tolerance 0.25.
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var time: Int64
        var value: Value
        var effect: ReportOutcome.Effect
        var version: UInt32
        var stored: Value
        var storedTime: Int64
    }

    @Test(arguments: [
        Case(
            testDescription: "CR1 the same stamp and value is a duplicate", time: 100,
            value: .number(20), effect: .duplicate, version: 1, stored: .number(20),
            storedTime: 100),
        Case(
            testDescription: "CR1 an integer of the same size is the same value", time: 100,
            value: .integer(20), effect: .duplicate, version: 1, stored: .number(20),
            storedTime: 100),
        Case(
            testDescription: "CR2 an older stamp never overwrites state", time: 99,
            value: .number(30), effect: .late, version: 1, stored: .number(20), storedTime: 100),
        Case(
            testDescription: "CR3 a newer value within tolerance moves the time alone", time: 101,
            value: .number(20.25), effect: .unchanged, version: 1, stored: .number(20),
            storedTime: 101),
        Case(
            testDescription: "CR4 a newer different value is a new version", time: 101,
            value: .number(20.26), effect: .changed, version: 2, stored: .number(20.26),
            storedTime: 101),
        Case(
            testDescription: "equal stamps are ordered by arrival", time: 100,
            value: .number(30), effect: .changed, version: 2, stored: .number(30),
            storedTime: 100),
        Case(
            testDescription: "a value of another type is another value", time: 101,
            value: .text("20"), effect: .changed, version: 2, stored: .text("20"),
            storedTime: 101),
    ])
    func reportsMeetWhatIsKnown(_ row: Case) {
        var building = Building()
        #expect(building.report("setpoint", .number(20), time: 100).effect == .first)
        let outcome = building.report("setpoint", row.value, time: row.time, at: 150)
        #expect(outcome.effect == row.effect)
        let reported = building.view("setpoint")?.reported
        #expect(reported?.version == row.version)
        #expect(reported?.value == row.stored)
        #expect(reported?.time.milliseconds == row.storedTime)
        let isKept = row.effect == .late || row.effect == .duplicate
        #expect(reported?.arrival.milliseconds == (isKept ? 100 : 150))
        #expect(building.table.twin(of: building.unit)?.lastSeen?.milliseconds == 150)
    }

    @Test func aSlowDriftBecomesAChange() {
        var building = Building()
        building.report("setpoint", .number(20), time: 0)
        let effects = (1...4).map {
            building.report("setpoint", .number(20 + Double($0) * 0.1), time: Int64($0)).effect
        }
        #expect(effects == [.unchanged, .unchanged, .changed, .unchanged])
    }

    @Test func suspectClocksAreMarkedUntilABelievedReport() {  // CR5
        var building = Building()
        building.report("mode", .text("cool"), time: 10, flags: .clockSuspect)
        #expect(building.view("mode")?.reported?.isClockSuspect == true)
        building.report("mode", .text("cool"), time: 20)
        #expect(building.view("mode")?.reported?.isClockSuspect == false)
    }

    @Test func reportsNeverTouchTheDesiredHalf() {
        var building = Building()
        #expect(building.desire("mode", .text("cool"), at: 5) == 1)
        building.report("mode", .text("heat"), time: 10)
        let view = building.view("mode")
        #expect(view?.desired?.value == .text("cool"))
        #expect(view?.desired?.version == 1)
        #expect(view?.reported?.value == .text("heat"))
        #expect(view?.isInSync == false)
    }

    @Test func aWishIsMetWithinTolerance() {  // CR10
        var building = Building()
        building.desire("setpoint", .number(23.5), at: 5)
        #expect(!building.report("setpoint", .number(20), time: 10).meetsDesired)
        #expect(building.table.syncAccuracy == 0)
        #expect(building.report("setpoint", .number(23.3), time: 20).meetsDesired)
        #expect(building.table.syncAccuracy == 1)
        #expect(building.view("setpoint")?.isInSync == true)
    }

    @Test func anEqualWishChangesNothing() {  // CR7
        var building = Building()
        #expect(building.desire("mode", .text("cool"), at: 5) == 1)
        #expect(building.desire("mode", .text("cool"), at: 9) == 1)
        #expect(building.desire("mode", .text("cool"), at: 9, source: .operatorRequest) == 2)
        #expect(building.desire("mode", .text("heat"), at: 9) == 3)
        #expect(building.table.counters.desired == 3)
    }

    @Test func aClockThatStepsBackDoesNotSilenceAWish() {  // CR7
        var building = Building()
        building.desire("mode", .text("cool"), at: 100)
        #expect(building.desire("mode", .text("heat"), at: 50) == 2)
        #expect(building.view("mode")?.desired?.value == .text("heat"))
        #expect(building.view("mode")?.desired?.time.milliseconds == 100)
    }

    @Test func aWishTakenBackKeepsItsVersion() {
        var building = Building()
        building.desire("mode", .text("cool"), at: 5)
        #expect(building.desire("mode", nil, at: 6) == 2)
        #expect(building.desire("mode", nil, at: 7) == 2)
        #expect(building.view("mode")?.desired == nil)
        #expect(building.view("mode")?.desiredVersion == 2)
        #expect(building.view("mode")?.isInSync == true)
        #expect(building.desire("mode", .text("cool"), at: 8) == 3)
    }

    @Test func patternsReportToo() {
        var building = Building()
        let time = Value.timestamp(Instant(milliseconds: 7))
        building.report("overheated", time, time: 7, source: .pattern)
        #expect(building.view("overheated")?.reported?.source == .pattern)
        #expect(building.table.twin(of: building.unit)?.lastSeen == nil)
    }

    @Test func propertiesPastTheLimitAreRefused() {
        var building = Building()
        for number in 0..<TwinTable.propertyLimit {
            building.report("p\(number)", .integer(1), time: 1, of: building.stranger)
        }
        let outcome = building.report("one more", .integer(1), time: 1, of: building.stranger)
        #expect(outcome.effect == .refused)
        #expect(building.table.counters.refused == 1)
        #expect(
            building.report("p0", .integer(2), time: 2, of: building.stranger).effect == .changed)
        for number in 0..<TwinTable.propertyLimit {
            building.report("p\(number)", .integer(1), time: 3)
        }
        #expect(building.desire("one more", .integer(1), at: 4) == 0)
        #expect(building.table.counters.refused == 2)
    }

    @Test func changedDevicesAreTakenOnceEach() {
        var building = Building()
        #expect(building.table.takeDirty() == [])
        building.report("mode", .text("cool"), time: 1, of: building.stranger)
        building.report("mode", .text("cool"), time: 1)
        building.report("mode", .text("heat"), time: 2)
        #expect(building.table.takeDirty() == [building.stranger, building.unit])
        building.report("mode", .text("heat"), time: 2)
        building.desire("mode", nil, at: 3)
        #expect(building.table.takeDirty() == [])
        building.desire("mode", .text("off"), at: 4)
        #expect(building.table.takeDirty() == [building.unit])
    }

    @Test(arguments: [
        (Value.number(1), Value.number(1), 0.0, true),
        (.integer(3), .integer(4), 1.0, true),
        (.integer(3), .integer(5), 1.0, false),
        (.integer(.max), .integer(.max - 1), 0.0, false),
        (.integer(2), .number(2), 0.0, true),
        (.number(2.5), .integer(2), 0.25, false),
        (.boolean(true), .integer(1), 0.0, false),
        (.text("a"), .text("a"), 0.0, true),
        (.timestamp(.distantPast), .timestamp(.distantFuture), 1e9, false),
    ])
    func equality(left: Value, right: Value, tolerance: Double, isEqual: Bool) {
        #expect(equal(left, right, within: tolerance) == isEqual)
        #expect(equal(right, left, within: tolerance) == isEqual)
    }

    @Test func policiesFollowTheGroup() {
        let sync = TwinSyncDefinition(
            group: Located("units"), conflictResolution: .desiredWins)
        let building = Building(sync: [sync])
        let policy = building.table.twin(of: building.unit)?.conflictResolution
        #expect(policy == .desiredWins)
        let other = building.table.twin(of: building.stranger)?.conflictResolution
        #expect(other == .latestTimestamp)
    }

    @Test func namesThatDoNotExistAreTold() {
        let place = Place(file: "a.yaml", line: 3, column: 5)
        let sync = [
            TwinSyncDefinition(group: Located("unit", at: place)),
            TwinSyncDefinition(
                group: Located("units"),
                telemetryMapping: [
                    (Located("modus", at: place), Located("payload.modus")),
                    (Located("count"), Located("payload.count")),
                ]),
        ]
        var diagnostics: [Diagnostic] = []
        _ = TwinTable(registry: Building().registry, sync: sync, diagnostics: &diagnostics)
        #expect(
            diagnostics == [
                Diagnostic(
                    code: "E0301", "there is no group 'unit'", at: place, length: 4,
                    help: ["did you mean 'units'?"]),
                Diagnostic(
                    code: "E0302", "there is no property 'modus'", at: place, length: 5,
                    help: []),
            ])
    }
}
