package import Model

/// Collects everything wrong with a configuration, so that all of it is shown at once.
package final class Report {
    package private(set) var diagnostics: [Diagnostic] = []
    /// Which keys of which shapes have been read, as `stream.window`; tests hold it against the
    /// tables.
    package var keysRead: Set<String> = []
    /// After this many mistakes the rest is not worth printing.
    package static let limit = 500

    package init() {}

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// In the order people read files; equal places keep the order in which they were found.
    package var sorted: [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            let (a, b) = (left.element.place, right.element.place)
            return (a.file, a.line, a.column, left.offset)
                < (b.file, b.line, b.column, right.offset)
        }.map(\.element)
    }

    /// Notes one mistake.
    package func add(
        _ code: Code, _ message: String, at place: Place, length: Int = 1, help: [String] = []
    ) {
        guard diagnostics.count < Report.limit else { return }
        diagnostics.append(
            Diagnostic(
                code: code.rawValue, message, at: place, length: max(1, length), help: help))
    }

    package func add(_ code: Code, _ message: String, at node: Node, help: [String] = []) {
        add(code, message, at: node.place, length: node.length, help: help)
    }

    /// Notes what a compiler of expressions has found.
    func add(_ found: [Diagnostic]) {
        diagnostics += found.prefix(max(0, Report.limit - diagnostics.count))
    }

    /// "did you mean" as help lines: one or none.
    func suggestion(_ word: String, among candidates: some Sequence<String>) -> [String] {
        didYouMean(word, among: candidates).map { ["did you mean `\($0)`?"] } ?? []
    }
}

extension Place {
    /// `conf.d/rooms.yaml:14:3`, or words where the value was not read from a file.
    var words: String { self == .unknown ? "the Swift program" : "\(file):\(line):\(column)" }
}
