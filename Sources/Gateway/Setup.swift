package import Config
package import Engine
import Glibc
import Language
package import Model
import Twins

/// A configuration that has been read, checked and compiled.
package struct Setup: Sendable {
    package var settings: GatewaySettings
    package var plan: Plan
    package var definition: Definition
    /// The files it was read from, with their texts.
    package var sources: [(file: String, text: [UInt8])]

    /// An engine that does as is configured, and has seen nothing yet.
    var engine: Engine {
        var engine = Engine(plan)
        if settings.history.isEnabled {
            engine.keepHistory(HistoryTable.Limits(heartbeat: settings.history.heartbeat))
        }
        return engine
    }

    /// Reads the configuration; what is wrong with it goes to standard error. Nil where that is an
    /// error.
    static func load(_ options: GatewayOptions, known: KnownNames) -> Setup? {
        let (setup, diagnostics) = check(options.paths, known: known)
        for diagnostic in diagnostics {
            let text = Array((Setup.render(diagnostic) + "\n").utf8)
            // The buffer lives for the call.
            _ = unsafe text.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
        }
        guard var setup else { return nil }
        if let data = options.data { setup.settings.data = data }
        return setup
    }

    /// Reads and compiles everything that `paths` hold, and tells everything that is wrong.
    package static func check(
        _ paths: [String], known: KnownNames = KnownNames()
    ) -> (Setup?, [Diagnostic]) {
        check(Configuration.inspect(paths: paths, known: known))
    }

    /// The same of texts that were read before.
    package static func check(
        _ sources: [(file: String, text: [UInt8])], known: KnownNames = KnownNames()
    ) -> (Setup?, [Diagnostic]) {
        check(Configuration.inspect(sources: sources, known: known))
    }

    private static func check(
        _ inspected: (Configuration, [Diagnostic])
    ) -> (Setup?, [Diagnostic]) {
        var (configuration, diagnostics) = inspected
        var found: [Diagnostic] = []
        let plan = Plan(compiling: configuration.definition, diagnostics: &found)
        // A mistake that reading has found is not told a second time in the compiler's words.
        let places = Set(diagnostics.filter { $0.severity == .error }.map(\.place))
        diagnostics += found.filter { !places.contains($0.place) }
        diagnostics.sort {
            ($0.place.file, $0.place.line, $0.place.column)
                < ($1.place.file, $1.place.line, $1.place.column)
        }
        if let plan, let limit = configuration.gateway.memoryLimit {
            diagnostics += plan.check(memoryLimit: limit)
        }
        guard let plan, !diagnostics.contains(where: { $0.severity == .error }) else {
            return (nil, diagnostics)
        }
        return (
            Setup(
                settings: configuration.gateway, plan: plan,
                definition: configuration.definition, sources: configuration.sources),
            diagnostics
        )
    }

    /// `file:line:col: error: …` with the line, a caret and help.
    package static func render(_ diagnostic: Diagnostic) -> String {
        diagnostic.render(
            sourceLine: diagnostic.sourceLine)
    }
}
