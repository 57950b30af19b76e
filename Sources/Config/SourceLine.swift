package import Model

extension Diagnostic {
    /// The line of the file that the diagnostic points at; nil where there is none to read.
    package var sourceLine: String? {
        guard place.line > 0, let bytes = SourceFiles.read(place.file, Report()) else { return nil }
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard place.line <= lines.count else { return nil }
        return String(decoding: lines[place.line - 1], as: UTF8.self)
    }
}
