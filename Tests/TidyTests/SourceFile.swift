import Foundation

/// A Swift file as the rules see it.
struct SourceFile {
    /// From the root of the package: `Sources/Model/Unit.swift`.
    var path: String
    var lines: [String]
    /// The lines with comments and the contents of string literals blanked out, columns kept.
    var code: [String]
    /// The lines with everything but comments blanked out.
    var comments: [String]

    init(path: String, text: String) {
        self.path = path
        let masks = Mask(text)
        lines = SourceFile.split(text)
        code = SourceFile.split(masks.code)
        comments = SourceFile.split(masks.comments)
    }

    /// The directory below `Sources` or `Tests`; empty for files at the top.
    var room: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var isShipped: Bool { !path.hasPrefix("Tests/") }

    /// Every `import`: where it stands, what is before the keyword, and the module.
    var imports: [(line: Int, modifiers: String, module: String)] {
        code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count,
                words[..<keyword].allSatisfy({ Self.importModifiers.contains($0) })
            else { return nil }
            // `import struct Module.Name` names the module last.
            let module = words[words.count - 1].split(separator: ".").first.map(String.init) ?? ""
            return (index + 1, words[..<keyword].joined(separator: " "), module)
        }
    }

    private static let importModifiers: Set<Substring> = [
        "package", "public", "internal", "private", "fileprivate", "@_exported", "@testable",
        "@preconcurrency",
    ]

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// The root of the package this test stands in.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files of the package.
    static func all() throws -> [SourceFile] {
        var files: [SourceFile] = []
        for directory in ["Sources", "Tests", "firmware-sim"] {
            let start = root.appendingPathComponent(directory)
            let found = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)
            while let url = found?.nextObject() as? URL {
                guard url.pathExtension == "swift" else { continue }
                let path = String(url.path.dropFirst(root.path.count + 1))
                files.append(
                    SourceFile(path: path, text: try String(contentsOf: url, encoding: .utf8)))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}

/// Tells code from comments and from the contents of string literals, byte by byte: each of the two
/// texts has the other's bytes replaced by spaces.
struct Mask {
    private var codeBytes: [UInt8] = []
    private var commentBytes: [UInt8] = []
    private let text: [UInt8]
    private var index = 0

    init(_ text: String) {
        self.text = Array(text.utf8)
        while index < self.text.count { step() }
    }

    var code: String { String(decoding: codeBytes, as: UTF8.self) }
    var comments: String { String(decoding: commentBytes, as: UTF8.self) }

    private mutating func step() {
        if starts("//") {
            while index < text.count, text[index] != UInt8(ascii: "\n") { take(.comment) }
        } else if starts("/*") {
            comment()
        } else if let hashes = openingHashes {
            literal(hashes: hashes)
        } else {
            take(.code)
        }
    }

    /// Comments nest.
    private mutating func comment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                take(.comment)
            } else if starts("*/") {
                depth -= 1
                take(.comment)
            }
            take(.comment)
        } while depth > 0 && index < text.count
    }

    private mutating func literal(hashes: Int) {
        for _ in 0..<hashes { take(.code) }
        let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
        let end = quotes + String(repeating: "#", count: hashes)
        let escape = "\\" + String(repeating: "#", count: hashes)
        for _ in quotes { take(.code) }
        while index < text.count, !starts(end) {
            guard starts(escape) else {
                take(.literal)
                continue
            }
            for _ in escape { take(.literal) }
            if starts("(") { interpolation() } else { take(.literal) }
        }
        for _ in end { take(.code) }
    }

    /// Skips to the closing parenthesis; literals inside may hold parentheses of their own.
    private mutating func interpolation() {
        var depth = 0
        repeat {
            if let hashes = openingHashes {
                literal(hashes: hashes)
                continue
            }
            if starts("(") { depth += 1 }
            if starts(")") { depth -= 1 }
            take(.literal)
        } while depth > 0 && index < text.count
    }

    /// How many `#` open a literal here; nil where none begins.
    private var openingHashes: Int? {
        var end = index
        while end < text.count, text[end] == UInt8(ascii: "#") { end += 1 }
        return end < text.count && text[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private enum Kind { case code, comment, literal }

    private mutating func take(_ kind: Kind) {
        guard index < text.count else { return }
        let byte = text[index]
        index += 1
        let isBreak = byte == UInt8(ascii: "\n")
        codeBytes.append(kind == .code || isBreak ? byte : UInt8(ascii: " "))
        commentBytes.append(kind == .comment || isBreak ? byte : UInt8(ascii: " "))
    }

    private func starts(_ prefix: String) -> Bool {
        // The first byte decides nearly always.
        index < text.count && text[index] == prefix.utf8.first
            && text[index...].starts(with: prefix.utf8)
    }
}
