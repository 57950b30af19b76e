/// A declaration of a function, initialiser or type.
struct Declaration {
    var line: Int
    var keyword: String
    var name: String
    var isPackage: Bool
    var isDocumented: Bool
    var isSelfEvident: Bool

    var isType: Bool { ["struct", "class", "enum", "actor", "protocol"].contains(keyword) }
}

private let modifiers: Set<Substring> = [
    "package", "public", "internal", "private", "fileprivate", "final", "static", "class",
    "mutating", "nonmutating", "consuming", "borrowing", "override", "indirect", "nonisolated",
    "convenience", "required", "isolated", "prefix", "postfix", "infix", "lazy",
]

private let keywords: Set<Substring> = [
    "func", "init", "subscript", "struct", "class", "enum", "actor", "protocol",
]

/// The declarations that begin a line.
func declarations(in file: SourceFile) -> [Declaration] {
    file.code.indices.compactMap { index in
        var words = file.code[index].split(separator: " ")[...]
        var isPackage = false
        while let word = words.first, isModifier(word, before: words.dropFirst().first) {
            isPackage = isPackage || word == "package"
            words.removeFirst()
        }
        guard let first = words.first else { return nil }
        let keyword = first.prefix { $0.isLetter }
        guard keywords.contains(keyword) else { return nil }
        let isNameless = keyword == "init" || keyword == "subscript"
        guard isNameless || first == keyword else { return nil }
        if isNameless, !"(<?!".contains(first.dropFirst(keyword.count).first ?? " ") { return nil }
        let rest = isNameless ? first : words.dropFirst().first ?? ""
        let name = String(rest.prefix { !"(<:{".contains($0) || rest.first == $0 })
        return Declaration(
            line: index + 1, keyword: String(keyword), name: isNameless ? "" : name,
            isPackage: isPackage, isDocumented: isDocumented(index, in: file),
            isSelfEvident: isSelfEvident(String(keyword), name, at: index, in: file))
    }
}

private func isModifier(_ word: Substring, before next: Substring?) -> Bool {
    if word.hasPrefix("@") { return true }
    // `class` is a modifier before `func` and a keyword before a name.
    if word == "class" { return next.map { keywords.contains($0) || $0 == "var" } ?? false }
    return modifiers.contains(word.prefix { $0 != "(" })
}

/// True where `///` stands above, attributes in between or not.
private func isDocumented(_ index: Int, in file: SourceFile) -> Bool {
    var above = index - 1
    while above >= 0, file.code[above].trimmed.hasPrefix("@") { above -= 1 }
    return above >= 0 && file.comments[above].trimmed.hasPrefix("///")
}

private func isSelfEvident(
    _ keyword: String, _ name: String, at index: Int, in file: SourceFile
) -> Bool {
    switch keyword {
    case "func":
        let isOperator = !(name.first?.isLetter ?? false) && name.first != "_"
        let isWitness = ["hash", "encode", "next", "makeIterator"].contains(name)
        return isOperator || isWitness || body(at: index, in: file)?.lines.count == 1
            || (body(at: index, in: file)?.inside.count ?? 3) <= 3
    case "init":
        // Without parameters, a conversion, or the counterpart of `encode(to:)`.
        let plain = ["init()", "init(_ ", "init?(_ ", "init(from "]
        if plain.contains(where: file.code[index].contains) { return true }
        guard let body = body(at: index, in: file) else { return false }
        return body.inside.count <= 1 || body.inside.allSatisfy(isAssignment)
    // A nested enumeration is explained by its name and what holds it.
    case "enum": return file.code[index].hasPrefix(" ")
    default: return false
    }
}

/// True for `self.x = x`, `x = x ?? y`, and for lines that continue one.
private func isAssignment(_ line: String) -> Bool {
    let words = line.split(separator: " ")
    guard let target = words.first else { return true }
    let isTarget = target.allSatisfy { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }
    return isTarget && words.count > 2 && words[1] == "="
}

/// A function or initialiser: the lines it covers, counted from 1.
struct FunctionBody {
    var lines: ClosedRange<Int>
    /// What stands between the braces, blank lines left out.
    var inside: [String]
}

func functions(in file: SourceFile) -> [FunctionBody] {
    declarations(in: file).filter { !$0.isType }.compactMap { body(at: $0.line - 1, in: file) }
}

/// The function that is declared at a line; nil where it has no body, as in a protocol.
private func body(at index: Int, in file: SourceFile) -> FunctionBody? {
    var parentheses = 0
    var braces = 0
    var inside: [String] = []
    for line in index..<file.code.count {
        var content = ""
        for character in file.code[line] {
            switch character {
            case "(", "[": parentheses += 1
            case ")", "]": parentheses -= 1
            case "{" where parentheses == 0 || braces > 0: braces += 1
            case "}" where braces > 0:
                braces -= 1
                if braces == 0 {
                    if !content.trimmed.isEmpty { inside.append(content.trimmed) }
                    return FunctionBody(lines: index + 1...line + 1, inside: inside)
                }
            default: break
            }
            if braces > 0, !(braces == 1 && character == "{") { content.append(character) }
        }
        if !content.trimmed.isEmpty { inside.append(content.trimmed) }
        let next = line + 1 < file.code.count ? file.code[line + 1].trimmed : ""
        if braces == 0, parentheses == 0, !continuesSignature(next) { return nil }
    }
    return nil
}

private func continuesSignature(_ line: String) -> Bool {
    ["{", ")", "->", "where", "throws", "async", "rethrows"].contains { line.hasPrefix($0) }
}

extension String {
    var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
