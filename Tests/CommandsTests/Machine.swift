import Commands
import Foundation
import Testing

/// The specified machine, and its product with the doubt whether the device has run the command.
struct Machine {
    struct Row: Decodable, Hashable {
        var id: String
        var frm: String
        var event: String
        var `guard`: String
        var to: String

        fileprivate var parts: [Substring] { self.guard.split(separator: "&") }
        /// The doubt that it asks for.
        fileprivate var needed: Bool? {
            parts.contains("neverSent") ? false : parts.contains("maybeExecuted") ? true : nil
        }
        fileprivate func doubt(after before: Bool) -> Bool {
            id == "C16" ? true : ["C28", "C39", "C48", "C67"].contains(id) ? false : before
        }
    }

    struct File: Decodable {
        var `init`: String
        var terminal: [String]
        var tr: [Row]
    }

    struct Node: Hashable {
        var state: String
        var maybeExecuted: Bool
        var life: CommandLife? {
            CommandState(rawValue: state).flatMap {
                CommandLife(state: $0, maybeExecuted: maybeExecuted)
            }
        }
    }

    struct Edge: Hashable {
        var from: Node
        var row: Row
        var to: Node
    }

    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []

    static func file() throws -> File {
        let url = try #require(
            Bundle.module.url(
                forResource: "state-machines", withExtension: "json", subdirectory: "Fixtures"))
        struct All: Decodable { var command: File }
        return try JSONDecoder().decode(All.self, from: Data(contentsOf: url)).command
    }

    static func specified() throws -> [Row] { try file().tr }

    /// What can be reached from the start; without guards, as if nobody asked for the doubt.
    static func product(isGuarded: Bool = true) throws -> Machine {
        let rows = try specified()
        var machine = Machine()
        machine.nodes = [Node(state: try file().`init`, maybeExecuted: false)]
        var next = 0
        while next < machine.nodes.count {
            let node = machine.nodes[next]
            next += 1
            for row in rows where row.frm == node.state {
                if isGuarded, let needed = row.needed, needed != node.maybeExecuted { continue }
                let to = Node(state: row.to, maybeExecuted: row.doubt(after: node.maybeExecuted))
                machine.edges.append(Edge(from: node, row: row, to: to))
                if !machine.nodes.contains(to) { machine.nodes.append(to) }
            }
        }
        return machine
    }

    /// The ids of transitions that end in a claim that nobody can make.
    var offences: [String] {
        Set(
            edges.filter { edge in
                let doubt = edge.to.maybeExecuted
                return switch edge.to.state {
                case "expired", "skipped", "rejected", "blocked": doubt
                case "cancelled": doubt && edge.row.guard != "confirmed"
                case "indeterminate": !doubt
                default: false
                }
            }.map(\.row.id)
        ).sorted()
    }

    /// The shortest way from the start that ends with `edge`.
    func way(to edge: Edge) -> [Edge] {
        var ways: [Node: [Edge]] = [nodes[0]: []]
        var next = [nodes[0]]
        while ways[edge.from] == nil, !next.isEmpty {
            let node = next.removeFirst()
            for step in edges where step.from == node && ways[step.to] == nil {
                ways[step.to] = (ways[node] ?? []) + [step]
                next.append(step.to)
            }
        }
        return (ways[edge.from] ?? []) + [edge]
    }

    /// The prime paths, as places in `edges`.
    var primePaths: [[Int]] {
        let number = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
        let ends = edges.map { (from: number[$0.from] ?? 0, to: number[$0.to] ?? 0) }
        let out = nodes.indices.map { node in ends.indices.filter { ends[$0].from == node } }
        let into = nodes.indices.map { node in ends.indices.filter { ends[$0].to == node } }
        var paths: [[Int]] = []
        func extend(_ path: [Int], _ visited: [Int]) {
            let (first, last) = (visited[0], visited[visited.count - 1])
            if !path.isEmpty, first == last { return paths.append(path) }
            var isMaximal = true
            for edge in out[last] where ends[edge].to == first || !visited.contains(ends[edge].to) {
                isMaximal = false
                extend(path + [edge], visited + [ends[edge].to])
            }
            if isMaximal,
                !into[first].contains(where: {
                    ends[$0].from == last || !visited.contains(ends[$0].from)
                })
            {
                paths.append(path)
            }
        }
        for node in nodes.indices { extend([], [node]) }
        return paths
    }
}
