import Commands
import Testing

/// The table of a command's life against the specification's, and the machine against the table:
/// every transition, every pair of them, every prime path, and everything that may not happen.
@Suite struct CommandLifeTests {
    @Test func theTableIsTheSpecifications() throws {
        let specified = try Machine.specified()
        #expect(specified.count == 96)
        let coded = CommandLife.table.map { row in
            Machine.Row(
                id: row.id, frm: "\(row.from)", event: row.event.rawValue,
                guard: row.circumstance.rawValue, to: "\(row.to)")
        }
        #expect(coded.count == 96)
        #expect(Set(coded) == Set(specified))
    }

    @Test func theStatesAreTheSpecifications() throws {
        let machine = try Machine.file()
        #expect(CommandState.allCases.count == 22)
        #expect("\(CommandLife().state)" == machine.`init`)
        #expect(
            Set(CommandState.allCases.filter(\.isFinal).map(\.rawValue)) == Set(machine.terminal))
    }

    /// Each of the 96 transitions, on the shortest way from the start.
    @Test func everyTransitionIsTaken() throws {
        let product = try Machine.product()
        var taken: Set<String> = []
        for edge in product.edges {
            let way = product.way(to: edge)
            #expect(way.first?.from.life == CommandLife())
            #expect(try run(way), "\(way.map(\.row.id))")
            taken.insert(edge.row.id)
        }
        #expect(taken.count == 96)
    }

    @Test func theProductHasTheSpecifiedSize() throws {
        let product = try Machine.product()
        #expect(product.nodes.count == 31)
        #expect(product.edges.count == 112)
        for edge in product.edges {
            #expect(try run([edge]), "\(edge)")
        }
    }

    @Test func everyFeasiblePairIsTaken() throws {
        let product = try Machine.product()
        var pairs = 0
        for first in product.edges {
            for second in product.edges where second.from == first.to {
                pairs += 1
                #expect(try run([first, second]), "\(first.row.id) \(second.row.id)")
            }
        }
        #expect(pairs == 469)
    }

    /// Prime paths: simple ones that are part of no longer simple one (Ammann & Offutt 2008,
    /// section 2.2.1), over the product of state and doubt.
    @Test func everyFeasiblePrimePathIsTaken() throws {
        let product = try Machine.product()
        let paths = product.primePaths
        #expect(paths.count == 13_240)
        var refused = 0
        for path in paths where try !run(path.map { product.edges[$0] }) { refused += 1 }
        #expect(refused == 0)
    }

    /// Whether the code's life goes this way, doubt and all.
    private func run(_ path: [Machine.Edge]) throws -> Bool {
        guard let first = path.first else { return false }
        var life = try #require(first.from.life)
        for edge in path {
            let event = try #require(CommandEvent(rawValue: edge.row.event))
            let circumstance = try #require(CommandGuard(rawValue: edge.row.guard))
            guard life.apply(event, circumstance)?.id == edge.row.id, life == edge.to.life else {
                return false
            }
        }
        return true
    }

    /// What has no transition changes nothing, under whatever circumstance.
    @Test func whatIsNotInTheTableChangesNothing() {
        var legal = 0
        var refused = 0
        for state in CommandState.allCases {
            for event in CommandEvent.allCases {
                let rows = CommandLife.table.filter { $0.from == state && $0.event == event }
                if rows.isEmpty { refused += 1 } else { legal += 1 }
                for doubt in [false, true] {
                    guard let before = CommandLife(state: state, maybeExecuted: doubt) else {
                        continue
                    }
                    for circumstance in CommandGuard.allCases {
                        var life = before
                        let row = rows.first { $0.circumstance == circumstance }
                        let isDue =
                            row != nil
                            && circumstance.needsMaybeExecuted.map { $0 == doubt } ?? true
                        #expect((life.apply(event, circumstance) != nil) == isDue)
                        if !isDue { #expect(life == before) }
                    }
                }
            }
        }
        #expect(legal == 57)
        #expect(refused == 537)
    }

    @Test func onlyReachableLivesCanBeStored() throws {
        let reachable = Set(try Machine.product().nodes)
        for state in CommandState.allCases {
            for doubt in [false, true] {
                let node = Machine.Node(state: state.rawValue, maybeExecuted: doubt)
                #expect(
                    (CommandLife(state: state, maybeExecuted: doubt) != nil)
                        == reachable.contains(node))
            }
        }
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

    /// No outcome claims more than is known.
    @Test func theExplorerOfSafetyRulesFindsNothing() throws {
        #expect(try Machine.product().offences == [])
    }

    /// The explorer would see it, if the table let a command be forgotten that may have been run.
    @Test func withoutItsGuardsTheTableIsUnsafe() throws {
        #expect(
            try Machine.product(isGuarded: false).offences == [
                "C05", "C07", "C08", "C09", "C12", "C13", "C14", "C21", "C22", "C59", "C61", "C71",
                "C76", "C92",
            ])
    }
}
