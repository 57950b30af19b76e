import Glibc

/// What `--help` prints.
package struct Usage: Sendable {
    package var synopsis: String
    package var summary: String
    package var options: [Option]
    package var notes: String

    package init(_ synopsis: String, _ summary: String, options: [Option], notes: String = "") {
        self.synopsis = synopsis
        self.summary = summary
        self.options = options
        self.notes = notes
    }

    package var text: String {
        let rows = options.map { option in
            let letter = option.letter.map { "-\($0), " } ?? "    "
            return (
                letter + "--" + option.name + (option.argument.map { " " + $0 } ?? ""),
                option.help
            )
        }
        let width = rows.map(\.0.count).max() ?? 0
        let lines = rows.map { row in
            "  " + row.0 + String(repeating: " ", count: width - row.0.count + 2) + row.1 + "\n"
        }
        return "Usage: \(synopsis)\n\n\(summary)\n\n" + lines.joined()
            + (notes.isEmpty ? "" : "\n\(notes)\n")
    }
}

/// Writes text to standard output.
package func printText(_ text: String) { write(1, Array(text.utf8)) }

/// Writes bytes to standard output.
package func printBytes(_ bytes: [UInt8]) { write(1, bytes) }

/// Writes a line to standard error.
package func printError(_ text: String) { write(2, Array((text + "\n").utf8)) }

private func write(_ descriptor: Int32, _ content: [UInt8]) {
    var bytes = content[...]
    while !bytes.isEmpty {
        // The slice lives for the call; an output that is gone ends the writing.
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}
