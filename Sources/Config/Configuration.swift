package import Engine
package import Model

/// Everything that the files say: what to do, and how the gateway runs.
package struct Configuration: Sendable {
    package var definition: Definition
    package var gateway: GatewaySettings
    /// Every `workflow:` that was written; the definition has the first one's name.
    package var workflows: [Located<String>]
    /// The files it was read from, in that order, with their texts.
    package var sources: [(file: String, text: [UInt8])] = []

    /// Reads files and directories, or reports everything wrong with them, in the order of files
    /// and lines. A directory with an `iotflow.yaml` stands for that file and then its
    /// `conf.d/*.yaml`; any other for its `*.yaml`. `known` is what the store remembers, so that
    /// numbers on disk keep their meaning.
    package static func load(
        paths: [String], known: KnownNames = KnownNames()
    ) -> (Configuration?, [Diagnostic]) {
        let (configuration, diagnostics) = inspect(paths: paths, known: known)
        let hasErrors = diagnostics.contains { $0.severity == .error }
        return (hasErrors ? nil : configuration, diagnostics)
    }

    /// Like `load`, but what could be read comes back despite mistakes, so that a checker can
    /// compile it and report what is wrong in expressions too. Never to be run while a diagnostic
    /// is an error.
    package static func inspect(
        paths: [String], known: KnownNames = KnownNames()
    ) -> (Configuration, [Diagnostic]) {
        let report = Report()
        var sources: [(file: String, text: [UInt8])] = []
        for file in SourceFiles.list(paths, report) {
            if let bytes = SourceFiles.read(file, report) { sources.append((file, bytes)) }
        }
        return inspect(sources: sources, known: known, report)
    }

    /// The same of texts that were read before, each with the name that diagnostics give it.
    package static func inspect(
        sources: [(file: String, text: [UInt8])], known: KnownNames = KnownNames()
    ) -> (Configuration, [Diagnostic]) {
        inspect(sources: sources, known: known, Report())
    }

    private static func inspect(
        sources: [(file: String, text: [UInt8])], known: KnownNames, _ report: Report
    ) -> (Configuration, [Diagnostic]) {
        let roots = sources.compactMap { NodeReader.read($0.text, file: $0.file, report) }
        var configuration = decode(roots, known: known, report)
        configuration.sources = sources
        return (configuration, report.sorted)
    }

    /// The same from texts in memory, each with the name that diagnostics give it. Those called
    /// `.csv` are the files of tables.
    package static func load(
        texts: [(file: String, text: String)], known: KnownNames = KnownNames()
    ) -> (Configuration?, [Diagnostic]) {
        let report = Report()
        var roots: [Node] = []
        var files: [String: [UInt8]] = [:]
        for (file, text) in texts {
            if file.hasSuffix(".csv") {
                files[file] = Array(text.utf8)
            } else if let root = NodeReader.read(Array(text.utf8), file: file, report) {
                roots.append(root)
            }
        }
        let configuration = decode(roots, known: known, files: files, report)
        return (report.hasErrors ? nil : configuration, report.sorted)
    }

    /// The same from Swift literals.
    package static func load(
        _ settings: Settings, known: KnownNames = KnownNames()
    ) -> (Configuration?, [Diagnostic]) {
        let report = Report()
        let configuration = decode([settings.node(report)], known: known, report)
        return (report.hasErrors ? nil : configuration, report.sorted)
    }

    /// A file's bytes for another reader, with the limits of a configuration's file; or why not.
    package static func bytes(of file: String) -> ([UInt8]?, [Diagnostic]) {
        let report = Report()
        return (SourceFiles.whole(file, report), report.diagnostics)
    }

    /// Decodes trees that have been read, or built, already; and the files that their tables name
    /// where these are not among `files`.
    package static func decode(
        _ roots: [Node], known: KnownNames, files: [String: [UInt8]] = [:], _ report: Report
    ) -> Configuration {
        var draft = Draft(report, files: files)
        for root in roots { draft.addGateway(root) }
        for root in roots { draft.add(root) }
        return draft.finish(known: known)
    }
}
