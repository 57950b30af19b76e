package import Model

/// Diagnostics as people read them: the place, the line with the words underlined, and the way out.
///
/// ```
/// conf.d/rooms.yaml:4:5: error: a stream has no key `windw` [E0104]
///   4 |     windw: {size: 5m}
///     |     ^^^^^
///     = did you mean `window`?
/// ```
package struct DiagnosticText {
    /// By file, read once.
    private var lines: [String: [Substring]] = [:]

    package init() {}

    /// The diagnostics, each ended by a newline. Lines are read from the files again; where that
    /// fails, or where there is no file, they are left out.
    package mutating func describe(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map { describe($0) }.joined()
    }

    private mutating func describe(_ diagnostic: Diagnostic) -> String {
        let place = diagnostic.place
        let start = place == .unknown ? "" : "\(place.file):\(place.line):\(place.column): "
        var text =
            "\(start)\(diagnostic.severity.rawValue): \(diagnostic.message)"
            + " [\(diagnostic.code)]\n"
        let number = "\(place.line)"
        let margin = String(repeating: " ", count: number.count + 3)
        if let line = line(place) {
            let before = line.utf8.prefix(max(0, place.column - 1))
            let marked = line.utf8.dropFirst(before.count).prefix(diagnostic.length)
            // A caret below each character; tabs stay tabs, so that the columns meet.
            let blanks = String(decoding: before, as: UTF8.self).map { $0 == "\t" ? "\t" : " " }
            let room = DiagnosticText.lineLimit - blanks.count
            let carets = min(room, max(1, String(decoding: marked, as: UTF8.self).count))
            text += "  \(number) | \(line.prefix(DiagnosticText.lineLimit))\n"
            if carets > 0 {
                let underline = String(repeating: "^", count: carets)
                text += "\(margin)| \(blanks.joined())\(underline)\n"
            }
        }
        for help in diagnostic.help { text += margin + "= \(help)\n" }
        return text
    }

    private mutating func line(_ place: Place) -> Substring? {
        guard place.line > 0 else { return nil }
        if lines[place.file] == nil {
            let bytes = SourceFiles.read(place.file, Report())
            lines[place.file] = bytes.map { bytes in
                String(decoding: bytes, as: UTF8.self)
                    .split(omittingEmptySubsequences: false) { $0.isNewline }
            }
        }
        let all = lines[place.file] ?? []
        return place.line <= all.count ? all[place.line - 1] : nil
    }

    /// Characters of a line that are shown.
    private static let lineLimit = 200
}
