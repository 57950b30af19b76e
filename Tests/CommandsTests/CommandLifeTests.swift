import Commands
import Foundation
import Testing

/// The table of a command's life against the specification's, and the machine against the table.
@Suite struct CommandLifeTests {
    struct Row: Decodable, Hashable {
        var id: String
        var from: String
        var event: String
        var `guard`: String
        var to: String
    }

    private func specification() throws -> [Row] {
        let url = try #require(
            Bundle.module.url(
                forResource: "command-transitions", withExtension: "json",
                subdirectory: "Fixtures"))
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: url))
    }

    @Test func everyRowOfTheTableIsTheSpecifications() throws {
        let specified = try specification()
        #expect(specified.count == 96)
        for transition in CommandLife.table {
            let row = Row(
                id: transition.id, from: "\(transition.from)", event: transition.event.rawValue,
                guard: transition.circumstance.rawValue, to: "\(transition.to)")
            #expect(specified.contains(row), "\(row) is not in the specification")
        }
        #expect(Set(CommandLife.table.map(\.id)).count == CommandLife.table.count)
    }

    @Test func everyStateIsReachableAndEveryOneHasAnEnd() {
        var reachable: Set<CommandState> = [.created]
        var ending = Set(CommandState.allCases.filter(\.isFinal))
        for _ in CommandLife.table {
            for row in CommandLife.table where reachable.contains(row.from) {
                reachable.insert(row.to)
            }
            for row in CommandLife.table where ending.contains(row.to) { ending.insert(row.from) }
        }
        #expect(reachable == Set(CommandState.allCases))
        #expect(ending == Set(CommandState.allCases))
    }

    @Test(arguments: CommandState.allCases) func onlyTheTableMovesACommand(state: CommandState)
        throws
    {
        for maybeExecuted in [false, true] {
            for event in CommandEvent.allCases {
                for circumstance in CommandGuard.allCases {
                    guard
                        let before = CommandLife(state: state, maybeExecuted: maybeExecuted)
                    else { continue }
                    var life = before
                    let taken = life.apply(event, circumstance)
                    let row = CommandLife.table.first {
                        $0.from == state && $0.event == event && $0.circumstance == circumstance
                    }
                    if let row, circumstance != .neverSent || !maybeExecuted {
                        #expect(taken == row)
                        #expect(life.state == row.to)
                    } else {
                        #expect(taken == nil)
                        #expect(life == before)
                    }
                }
            }
        }
    }

    @Test(arguments: CommandLife.table) func onlyEvidenceEndsTheDoubt(row: CommandTransition) {
        for before in [false, true] {
            guard var life = CommandLife(state: row.from, maybeExecuted: before),
                life.apply(row.event, row.circumstance) != nil
            else { continue }
            let expected = ["C16": true, "C28": false, "C67": false][row.id] ?? before
            #expect(life.maybeExecuted == expected, "\(row.id)")
        }
    }

    /// The safety rules over the product of state and `maybeExecuted`, by walking all of it.
    @Test func outcomesNeverClaimMoreThanIsKnown() {
        var seen: Set<CommandLife> = [CommandLife()]
        var next = Array(seen)
        while let life = next.popLast() {
            for event in CommandEvent.allCases {
                for circumstance in CommandGuard.allCases {
                    var moved = life
                    guard moved.apply(event, circumstance) != nil else { continue }
                    if seen.insert(moved).inserted { next.append(moved) }
                }
            }
        }
        for life in seen {
            switch life.state {
            case .rejected, .cancelled, .created: #expect(!life.maybeExecuted, "\(life)")
            case .indeterminate, .sent, .verifying, .reconciling:
                #expect(life.maybeExecuted, "\(life)")
            default: break
            }
            #expect(CommandLife(state: life.state, maybeExecuted: life.maybeExecuted) == life)
        }
    }
}
