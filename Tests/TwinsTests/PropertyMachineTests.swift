import Foundation
import Model
import Testing
import Twins

/// The machine against the specification's own data, and every transition of it in a real table.
@Suite struct PropertyMachineTests {
    @Test func theTableIsTheSpecifications() throws {
        let rows = try specifiedRows()
        #expect(rows.count == 67)
        #expect(
            PropertyMachine.table.map {
                [$0.id, "\($0.from)", $0.event.rawValue, $0.condition.rawValue, "\($0.to)"]
            } == rows)
        #expect(
            Set(rows.flatMap { [$0[1], $0[4]] })
                == Set(PropertyState.allCases.map(\.description)))
    }

    @Test func whatIsNotInTheTableChangesNothing() throws {
        let legal = Set(try specifiedRows().map { [$0[1], $0[2]] })
        var others = 0
        for state in PropertyState.allCases {
            for event in PropertyEvent.allCases {
                let steps = PropertyGuard.allCases.compactMap {
                    PropertyMachine.transition(from: state, event, $0)
                }
                let isLegal = legal.contains(["\(state)", event.rawValue])
                #expect(steps.isEmpty == !isLegal, "\(state) \(event)")
                if !isLegal { others += 1 }
            }
        }
        #expect(others == 9 * 13 - legal.count)
    }

    @Test(arguments: PropertyMachine.table)
    func everyTransitionHappensInATable(_ step: PropertyMachine.Transition) {
        var course = Course(step)
        course.reach(step.from)
        #expect(course.state == step.from, "\(step.id)")
        course.perform(step)
        #expect(course.state == step.to, "\(step.id)")
    }

    @Test(arguments: PropertyState.allCases)
    func eventsOutOfPlaceAreCounted(_ state: PropertyState) {
        let events: [(PropertyEvent, (inout Course) -> Void)] = [
            (.send, { $0.building.sent("setpoint", at: $0.now) }),
            (.ack, { $0.building.answer(.acknowledged(), "setpoint", at: $0.now) }),
            (.accept202, { $0.building.answer(.accepted, "setpoint", at: $0.now) }),
            (.refuse4xx, { $0.building.answer(.refused, "setpoint", at: $0.now) }),
            (.txErr, { $0.building.answer(.failed, "setpoint", at: $0.now) }),
            (.operatorReassert, { $0.building.order(.reassert, "setpoint", at: $0.now) }),
            (
                .operatorAcceptReported,
                { $0.building.order(.acceptReported, "setpoint", at: $0.now) }
            ),
            (.delete, { $0.building.order(.delete, "setpoint", at: $0.now) }),
        ]
        for (event, perform) in events
        where !PropertyMachine.table.contains(where: { $0.from == state && $0.event == event }) {
            var course = Course(hasReported: true)
            course.building.report("setpoint", .number(0), time: 1)
            if state == .unknown {
                course = Course(hasReported: false)
            } else {
                course.reach(state)
            }
            if state == .unknown { course.building.desire("setpoint", .number(1), at: 1) }
            if state == .unknown { course.building.desire("setpoint", nil, at: 2) }
            #expect(course.state == state)
            let counters = course.building.table.counters
            let before = counters.ignoredEvents + counters.unknownVersions
            let bytes = course.building.bytes(of: course.building.unit)
            perform(&course)
            let after = course.building.table.counters
            #expect(after.ignoredEvents + after.unknownVersions == before + 1, "\(state) \(event)")
            #expect(course.building.bytes(of: course.building.unit) == bytes, "\(state) \(event)")
        }
    }

    private func specifiedRows() throws -> [[String]] {
        struct Machines: Decodable {
            struct Machine: Decodable {
                struct Row: Decodable { var id, frm, event, `guard`, to: String }
                var tr: [Row]
            }
            var property: Machine
        }
        let url = try #require(
            Bundle.module.url(
                forResource: "state-machines", withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(Machines.self, from: Data(contentsOf: url)).property.tr
            .map { [$0.id, $0.frm, $0.event, $0.guard, $0.to] }
    }
}

/// Brings the property `setpoint` of a building from state to state by what happens to twins.
struct Course {
    var building: Building
    var now: Int64 = 1_000_000
    let hasReported: Bool

    init(_ step: PropertyMachine.Transition) {
        let policy: TwinSyncDefinition.ConflictResolution? =
            switch step.condition {
            case .reportedWins: .deviceWins
            case .manual: .manual
            default: .desiredWins
            }
        building = Building(policy: policy)
        hasReported = step.condition != .noReported
    }

    init(hasReported: Bool) {
        building = Building(policy: .desiredWins)
        self.hasReported = hasReported
    }

    var state: PropertyState {
        mutating get { building.state("setpoint") }
    }

    mutating func reach(_ state: PropertyState) {
        if state == .unknown { return }
        if hasReported { building.report("setpoint", .number(0), time: now) }
        if state == .observed { return }
        if state == .tombstoned {
            building.order(.delete, "setpoint", at: now)
            return
        }
        now += 1
        building.write("setpoint", .number(20), at: now)
        if state == .pending { return }
        if state == .synced {
            building.report("setpoint", .number(20), time: now)
            return
        }
        building.sent("setpoint", at: now)
        switch state {
        case .applying: building.answer(.accepted, "setpoint", at: now)
        case .refused: building.answer(.refused, "setpoint", at: now)
        case .contested: exhaust { $0.building.answer(.failed, "setpoint", at: $0.now) }
        default: break
        }
    }

    /// Fails and sends again until no try is left.
    private mutating func exhaust(_ fail: (inout Course) -> Void) {
        let from = state
        for _ in 0..<8 where state != .contested {
            fail(&self)
            guard state == .pending else { continue }
            building.sent("setpoint", at: now)
            if from == .applying { building.answer(.accepted, "setpoint", at: now) }
        }
    }

    mutating func perform(_ step: PropertyMachine.Transition) {
        now += 10
        switch step.event {
        case .report: report(step)
        case .desire:
            if step.condition == .older {
                building.write("setpoint", .number(5), at: now, stamp: stamp(1))
            } else {
                let reported = building.view("setpoint")?.reported?.value
                let value = step.condition == .equal ? reported ?? .number(20) : .number(31)
                building.write("setpoint", value, at: now, source: .command)
            }
        case .relinquish: building.write("setpoint", nil, at: now)
        case .send: building.sent("setpoint", at: now)
        case .ack:
            let echo = step.condition == .echoed ? 20.1 : 3
            building.answer(.acknowledged(echo: .number(echo)), "setpoint", at: now)
        case .accept202: building.answer(.accepted, "setpoint", at: now)
        case .refuse4xx: building.answer(.refused, "setpoint", at: now)
        case .txErr where step.condition == .retryLeft:
            building.answer(.failed, "setpoint", at: now)
        case .txErr: exhaust { $0.building.answer(.failed, "setpoint", at: $0.now) }
        case .applyTimeout where step.condition == .retryLeft:
            now += Milliseconds.minute.count * 5
            building.advance(to: now)
        case .applyTimeout:
            exhaust {
                $0.now += Milliseconds.minute.count * 5
                $0.building.advance(to: $0.now)
            }
        case .operatorReassert: building.order(.reassert, "setpoint", at: now)
        case .operatorAcceptReported: building.order(.acceptReported, "setpoint", at: now)
        case .delete: delete(step)
        case .gc:
            now += Milliseconds.day.count * 30
            building.advance(to: now)
        }
    }

    private mutating func delete(_ step: PropertyMachine.Transition) {
        if step.from == .unknown {
            // Something was known of it, and taken back.
            building.write("setpoint", .number(1), at: now)
            building.write("setpoint", nil, at: now)
        }
        building.order(.delete, "setpoint", at: now)
    }

    private mutating func report(_ step: PropertyMachine.Transition) {
        switch step.condition {
        case .older: building.report("setpoint", .number(1), time: now - 500, at: now)
        case .equal: building.report("setpoint", .number(20), time: now)
        case .budgetSpent:
            for _ in 0..<3 {
                building.report("setpoint", .number(1), time: now)
                building.report("setpoint", .number(20), time: now + 1)
                now += 10
            }
            building.report("setpoint", .number(1), time: now)
        default: building.report("setpoint", .number(1), time: now)
        }
    }
}
