import Testing

/// Something a rule has found.
struct Finding: Hashable, CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// What the style asks of every file, as far as a machine can see it.
enum Rule: String, CaseIterable, CustomTestStringConvertible {
    case fileLength, lineLength, functionLength
    case pureRooms, foreignImports, cModules
    case names, leftovers, traps
    case documentation

    var testDescription: String { rawValue }

    func check(_ file: SourceFile) -> [Finding] {
        let found: [(line: Int, message: String)] =
            switch self {
            case .fileLength: longFiles(file)
            case .lineLength: longLines(file)
            case .functionLength: longFunctions(file)
            case .pureRooms: impureImports(file)
            case .foreignImports: heavyImports(file)
            case .cModules: strayCModules(file)
            case .names: emptyNames(file)
            case .leftovers: unfinishedNotes(file)
            case .traps: trapsInCode(file)
            case .documentation: undocumented(file)
            }
        return found.map { Finding(path: file.path, line: $0.line, message: $0.message) }
    }
}

private typealias Found = [(line: Int, message: String)]

private func longFiles(_ file: SourceFile) -> Found {
    file.lines.count <= 500 ? [] : [(501, "a file has at most 500 lines; give an idea its own")]
}

private func longLines(_ file: SourceFile) -> Found {
    file.lines.enumerated().filter { $0.element.count > 100 }
        .map { ($0.offset + 1, "a line has at most 100 columns, not \($0.element.count)") }
}

private func longFunctions(_ file: SourceFile) -> Found {
    functions(in: file).filter { $0.lines.count > 70 }
        .map { ($0.lines.lowerBound, "a function has at most 70 lines, not \($0.lines.count)") }
}

/// What each pure room may import, from the picture of the house.
private let pureRoomImports: [String: Set<String>] = [
    "Model": [],
    "Language": ["Model"],
    "Forecast": ["Model"],
    "Streams": ["Forecast", "Language", "Model"],
    "Twins": ["Model"],
    "Commands": ["Language", "Model"],
    "Engine": ["Commands", "Language", "Model", "Streams", "Twins"],
    "Wire": ["Model"],
    "Interchange": ["Model", "Wire"],
    "Simulation": ["Engine", "Model", "Wire"],
]

private func impureImports(_ file: SourceFile) -> Found {
    guard file.isShipped, let allowed = pureRoomImports[file.room] else { return [] }
    return file.imports.filter { !allowed.contains($0.module) }
        .map { ($0.line, "\(file.room) is pure and does not import \($0.module)") }
}

/// Each of these would bring megabytes into the daemon, or a second event loop.
private func heavyImports(_ file: SourceFile) -> Found {
    guard file.isShipped else { return [] }
    let banned = ["Foundation", "Dispatch", "NIO", "Yams", "ArgumentParser", "Logging"]
    return file.imports.filter { found in banned.contains { found.module.hasPrefix($0) } }
        .map { ($0.line, "nothing that we ship imports \($0.module)") }
}

/// The one Swift module that may see each C library.
private let cModuleOwners = [
    "CCoAP": "CoAP", "CLMDB": "Store", "CYAML": "Config", "CMosquitto": "Uplink",
    "CLinux": "Loop", "CNettle": "Crypto",
]

private func strayCModules(_ file: SourceFile) -> Found {
    guard file.isShipped else { return [] }
    return file.imports.compactMap { found in
        guard let owner = cModuleOwners[found.module] else { return nil }
        if file.room != owner { return (found.line, "only \(owner) imports \(found.module)") }
        if !["", "internal"].contains(found.modifiers) {
            return (found.line, "\(found.module) stays inside \(owner): import it plainly")
        }
        return nil
    }
}

private func emptyNames(_ file: SourceFile) -> Found {
    let banned = [
        ("Manager", "say what it does: registry, scheduler, table"),
        ("Helper", "put the function where its idea is"),
        ("Util", "put the function where its idea is"),
    ]
    // The library's public names come from the requirements.
    guard file.room != "IoTFlow" else { return [] }
    let name = file.path.split(separator: "/").last.map(String.init) ?? ""
    var found: Found = []
    for (word, advice) in banned where name.contains(word) {
        found.append((1, "\(word) in a file's name: \(advice)"))
    }
    for declaration in declarations(in: file) where declaration.isType {
        for (word, advice) in banned where declaration.name.contains(word) {
            found.append((declaration.line, "\(word) in a type's name: \(advice)"))
        }
    }
    return found
}

private func unfinishedNotes(_ file: SourceFile) -> Found {
    let banned = ["TODO", "FIXME", "XXX"]
    return file.comments.enumerated().compactMap { index, comment in
        let words = comment.split { !$0.isLetter }
        guard let word = banned.first(where: { words.contains(Substring($0)) }) else { return nil }
        return (index + 1, "\(word) in a comment: do it, or file an issue")
    }
}

private func trapsInCode(_ file: SourceFile) -> Found {
    let banned = [
        ("fatalError(", "throw, or use precondition for our own bugs"),
        ("try!", "throw, or handle the error"),
        ("as!", "use as? and handle nil"),
    ]
    return file.code.enumerated().flatMap { index, line in
        banned.filter { line.contains($0.0) }
            .map { (index + 1, "\($0.0.filter { $0 != "(" }) traps: \($0.1)") }
    }
}

/// `package` declarations carry a summary, unless they say it all themselves: properties, cases,
/// operators and other witnesses of the standard protocols, initialisers that only assign or
/// convert, functions of at most three lines, and nested enumerations.
private func undocumented(_ file: SourceFile) -> Found {
    guard file.isShipped else { return [] }
    return declarations(in: file).compactMap { declaration in
        guard declaration.isPackage, !declaration.isDocumented, !declaration.isSelfEvident else {
            return nil
        }
        return (declaration.line, "\(declaration.keyword) \(declaration.name) needs a /// summary")
    }
}
