import CGetopt
import Glibc

/// One option of a program: `--name`, perhaps `-l`, perhaps with an argument.
package struct Option: Sendable {
    package var name: String
    package var letter: Character?
    /// What the help calls its argument (`PATH`); nil where it takes none.
    package var argument: String?
    package var help: String

    package init(
        _ name: String, _ letter: Character? = nil, argument: String? = nil, _ help: String
    ) {
        self.name = name
        self.letter = letter
        self.argument = argument
        self.help = help
    }

    package static let help = Option("help", "h", "print this help and exit")
    package static let version = Option("version", "V", "print the version and exit")
}

/// A command line that makes no sense; the text says why.
package struct UsageError: Error, CustomStringConvertible, Sendable {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// A command line taken apart as getopt_long(3) does: options may stand anywhere, `--` ends them.
package struct Arguments: Sendable {
    private var values: [String: [String]] = [:]
    package private(set) var operands: [String] = []

    /// The arguments after the program's name, or after the verb.
    package init(_ arguments: [String], options: [Option]) throws(UsageError) {
        var words: [UnsafeMutablePointer<CChar>?] =
            unsafe ([""] + arguments).map { unsafe strdup($0) } + [nil]
        var table = unsafe options.enumerated().map { index, option in
            unsafe CGetopt.option(
                name: UnsafePointer(strdup(option.name)), has_arg: option.argument == nil ? 0 : 1,
                flag: nil, val: Int32(1000 + index))
        }
        unsafe table.append(CGetopt.option())
        // Both tables hold strings of our own, given back when the parse is over.
        defer {
            unsafe words.forEach { unsafe free($0) }
            unsafe table.forEach { unsafe free(UnsafeMutablePointer(mutating: $0.name)) }
        }
        let letters = options.map { option in
            option.letter.map { "\($0)" + (option.argument == nil ? "" : ":") } ?? ""
        }
        let count = Int32(arguments.count + 1)
        getopt_restart()
        while true {
            // The arrays outlive the call and end with the empty entries it needs.
            let code = unsafe getopt_long(count, &words, ":" + letters.joined(), table, nil)
            if code == -1 { break }
            let found =
                code >= 1000
                ? options[Int(code) - 1000]
                : options.first { $0.letter?.asciiValue.map(Int32.init) == code }
            guard let found else { throw unsafe Arguments.error(code, words) }
            // optarg points into one of our words.
            let value = unsafe getopt_argument().map { unsafe String(cString: $0) } ?? ""
            values[found.name, default: []].append(value)
        }
        for index in Int(getopt_index())..<Int(count) {
            // An entry before the count is one of our words.
            if let word = unsafe words[index] { operands.append(unsafe String(cString: word)) }
        }
    }

    private static func error(
        _ code: Int32, _ words: [UnsafeMutablePointer<CChar>?]
    ) -> UsageError {
        // The word that getopt stopped at is the one before its index.
        let word = unsafe words[max(0, Int(getopt_index()) - 1)].map { unsafe String(cString: $0) }
        let text = word ?? ""
        if code == 0x3a { return UsageError("\(text) needs an argument") }
        return UsageError("no option \(text)")
    }

    /// Whether the option was given.
    package func has(_ name: String) -> Bool { values[name] != nil }

    /// Its last argument; nil where it was not given.
    package subscript(_ name: String) -> String? { values[name]?.last }

    /// All its arguments, in order.
    package func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Its argument as a value of `Wanted`; nil where it was not given.
    package func value<Wanted: LosslessStringConvertible>(
        _ name: String, as type: Wanted.Type
    ) throws(UsageError) -> Wanted? {
        guard let text = self[name] else { return nil }
        guard let value = Wanted(text) else {
            throw UsageError("--\(name): '\(text)' is not a \(type)")
        }
        return value
    }
}
