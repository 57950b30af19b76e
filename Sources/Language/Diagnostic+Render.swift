package import Model

extension Diagnostic {
    /// For people: place, severity, message and code, the line with the bytes underlined, and what
    /// to do instead. `sourceLine` is the line that `place` is on; without it only the words are
    /// given.
    ///
    ///     rules.yaml:14:26: error: there is no `temprature` here [E0313]
    ///         when: temprature > 5
    ///               ^~~~~~~~~~
    ///     help: did you mean `temperature`?
    package func render(sourceLine: String?) -> String {
        var lines: [String] = []
        var head = "\(severity.rawValue): \(message) [\(code)]"
        if place != .unknown, place.line > 0 {
            head = "\(place.file):\(place.line):\(place.column): \(head)"
        }
        lines.append(printable(head))
        if let sourceLine, place.column > 0 {
            lines.append(printable(sourceLine))
            lines.append(underline(of: sourceLine))
        }
        lines += help.map { printable("help: \($0)") }
        return lines.joined(separator: "\n")
    }

    /// Blanks as wide as what stands before, then a caret and tildes as wide as what is meant.
    private func underline(of line: String) -> String {
        let bytes = Array(line.utf8)
        let start = min(place.column - 1, bytes.count)
        let end = start + min(max(1, length), bytes.count - start)
        let before = String(decoding: bytes[..<start], as: UTF8.self)
        let meant = String(decoding: bytes[start..<end], as: UTF8.self)
        var result = ""
        for character in before {
            // A tab is as wide as the one above it.
            result += character == "\t" ? "\t" : String(repeating: " ", count: width(character))
        }
        let columns = meant.reduce(0) { $0 + max(1, width($1)) }
        return result + "^" + String(repeating: "~", count: max(0, columns - 1))
    }
}

/// The line without what would move the cursor: a file may hold anything.
private func printable(_ line: String) -> String {
    let scalars = line.unicodeScalars.map { scalar in
        let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        return isControl && scalar != "\t" ? " " : scalar
    }
    return String(String.UnicodeScalarView(scalars))
}

/// Terminal columns: two for East Asian and pictographic characters, none for a lone combining
/// mark.
private func width(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 0x300...0x36f, 0x200b...0x200f, 0xfeff: return 0
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
        0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
        return 2
    default: return 1
    }
}
