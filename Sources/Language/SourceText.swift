import Model

/// The text under compilation and the diagnostics about it; byte ranges become places here.
struct SourceText {
    /// Longer texts are refused: what people write by hand is far shorter.
    static let bytesMax = 4096
    /// After so many errors nobody reads on.
    static let diagnosticsMax = 20

    let bytes: [UInt8]
    private let place: Place
    private var reports: [(offset: Int, diagnostic: Diagnostic)] = []

    init(_ text: Located<String>) {
        bytes = Array(text.value.utf8)
        place = text.place
    }

    /// In the order of their places.
    var diagnostics: [Diagnostic] {
        reports.sorted { $0.offset < $1.offset }.map(\.diagnostic)
    }

    var hasErrors: Bool { !reports.isEmpty }

    func has(_ fault: Fault) -> Bool {
        reports.contains { $0.diagnostic.code == fault.rawValue }
    }

    subscript(range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    mutating func report(
        _ fault: Fault, _ message: String, at range: Range<Int>, help: [String] = []
    ) {
        guard reports.count < SourceText.diagnosticsMax else { return }
        let diagnostic = Diagnostic(
            code: fault.rawValue, message, at: place(of: range.lowerBound),
            length: max(1, range.count), help: help)
        reports.append((range.lowerBound, diagnostic))
    }

    /// Later lines of a block scalar are taken to be indented like its first.
    private func place(of offset: Int) -> Place {
        let before = bytes[..<min(offset, bytes.count)]
        let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        let newlines = before.count { $0 == UInt8(ascii: "\n") }
        return Place(
            file: place.file, line: place.line + newlines, column: place.column + offset - lineStart
        )
    }
}
