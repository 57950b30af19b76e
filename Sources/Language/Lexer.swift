import Model

/// Cuts a text into tokens. What it cannot read it reports and leaves out.
struct Lexer {
    var source: SourceText
    private var offset = 0
    private var tokens: [Token] = []

    init(_ source: SourceText) { self.source = source }

    /// The tokens, closed by an `end`.
    mutating func tokenize() -> [Token] {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                offset += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number()
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
                quoted(byte)
            case _ where isWordStart(byte):
                word()
            default:
                symbol()
            }
        }
        tokens.append(Token(kind: .end, range: offset..<offset))
        return tokens
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        offset + ahead < source.bytes.count ? source.bytes[offset + ahead] : nil
    }

    private func end(from start: Int, while accepts: (UInt8) -> Bool) -> Int {
        var end = start
        while end < source.bytes.count, accepts(source.bytes[end]) { end += 1 }
        return end
    }

    private mutating func word() {
        let start = offset
        repeat {
            offset = end(from: offset, while: isWordByte)
            guard peek() == UInt8(ascii: "."), let next = peek(1), isWordStart(next) else { break }
            offset += 1
        } while true
        tokens.append(Token(kind: .word(source[start..<offset]), range: start..<offset))
    }

    private mutating func quoted(_ quote: UInt8) {
        let start = offset
        var content: [UInt8] = []
        offset += 1
        while let byte = peek(), byte != quote {
            if byte == UInt8(ascii: "\\"), let escaped = peek(1) {
                content.append(escaped == UInt8(ascii: "n") ? UInt8(ascii: "\n") : escaped)
                offset += 2
            } else {
                content.append(byte)
                offset += 1
            }
        }
        let text = String(decoding: content, as: UTF8.self)
        let isClosed = peek() == quote
        if isClosed { offset += 1 }
        let range = start..<offset
        if !isClosed {
            let mark = source[start..<start + 1]
            source.report(
                .unterminatedString, "this string has no closing \(mark)", at: range,
                help: ["add \(mark) where it ends"])
        }
        let isName = quote == UInt8(ascii: "`")
        tokens.append(Token(kind: isName ? .quotedName(text) : .text(text), range: range))
    }

    private mutating func symbol() {
        let start = offset
        let two = source.bytes.count - start >= 2 ? source[start..<start + 2] : ""
        if let word = ["&&": "and", "||": "or"][two] {
            offset += 2
            foreign(two, word, at: start..<offset)
            tokens.append(Token(kind: .word(word), range: start..<offset))
            return
        }
        if let proper = ["<>": "!=", "=<": "<=", "=>": ">="][two] {
            offset += 2
            foreign(two, proper, at: start..<offset)
            tokens.append(Token(kind: .symbol(proper), range: start..<offset))
            return
        }
        if ["<=", ">=", "==", "!="].contains(two) {
            offset += 2
            tokens.append(Token(kind: .symbol(two), range: start..<offset))
            return
        }
        // A character beyond ASCII is taken whole.
        offset = end(from: start + 1) { $0 & 0xc0 == 0x80 }
        let one = source[start..<offset]
        let typographic = ["≥": ">=", "≤": "<=", "≠": "!=", "−": "-"]
        if one == "!" {
            foreign("!", "not", at: start..<offset)
            tokens.append(Token(kind: .word("not"), range: start..<offset))
        } else if let proper = typographic[one] {
            foreign(one, proper, at: start..<offset)
            tokens.append(Token(kind: .symbol(proper), range: start..<offset))
        } else if one.utf8.count == 1, "<>=+-*/%()[],:".contains(one) {
            tokens.append(Token(kind: .symbol(one), range: start..<offset))
        } else {
            source.report(
                .unexpectedCharacter, "`\(one)` has no meaning here", at: start..<offset,
                help: "“”‘’".contains(one) ? ["use straight quotes: \""] : [])
            tokens.append(Token(kind: .unreadable, range: start..<offset))
        }
    }

    private mutating func foreign(_ written: String, _ proper: String, at range: Range<Int>) {
        source.report(
            .foreignSpelling, "`\(written)` is spelt `\(proper)` in this language", at: range,
            help: ["write `\(proper)`"])
    }
}

// Numbers: the only tokens that need to look past themselves.
extension Lexer {
    private mutating func number() {
        let start = offset
        let run = end(from: start) { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: ".") }
        if run > start, let duration = Milliseconds(source[start..<run]) {
            offset = run
            tokens.append(Token(kind: .duration(duration), range: start..<run))
            return
        }
        var isWhole = true
        offset = end(from: offset, while: isDigit)
        if peek() == UInt8(ascii: "."), let next = peek(1), isDigit(next) {
            isWhole = false
            offset = end(from: offset + 1, while: isDigit)
        }
        if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
            let isSigned = peek(1) == UInt8(ascii: "-") || peek(1) == UInt8(ascii: "+")
            if let digit = peek(isSigned ? 2 : 1), isDigit(digit) {
                isWhole = false
                offset = end(from: offset + (isSigned ? 2 : 1), while: isDigit)
            }
        }
        let range = start..<offset
        let value = Double(source[range]) ?? .infinity
        if !value.isFinite {
            source.report(.badNumber, "`\(source[range])` is too large for a number", at: range)
        }
        let suffix = suffix()
        let token = NumberToken(
            value: value.isFinite ? value : 0, integer: isWhole ? Int64(source[range]) : nil,
            suffix: suffix)
        tokens.append(
            Token(kind: .number(token), range: start..<(suffix?.range.upperBound ?? offset)))
        offset = suffix?.range.upperBound ?? offset
    }

    /// The longest unit behind a number, or else the word there unless it is a keyword.
    private func suffix() -> (word: String, range: Range<Int>)? {
        let start = end(from: offset) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard start < source.bytes.count else { return nil }
        let first = source.bytes[start]
        guard isWordStart(first) || first == UInt8(ascii: "%") || first == UInt8(ascii: "[") else {
            return nil
        }
        let word = start..<end(from: start, while: isWordByte)
        if Keyword.notUnits.contains(source[word].lowercased()) { return nil }
        let run = end(from: start + 1) {
            isWordByte($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "]")
        }
        for end in stride(from: min(run, start + 16), to: start, by: -1)
        where end == run || !isWordByte(source.bytes[end]) {
            let name = source[start..<end]
            guard Unit(name) != nil else { continue }
            if name == "%", startsOperand(at: end, isApart: start > offset) { return nil }
            return (name, start..<end)
        }
        return word.isEmpty ? nil : (source[word], word)
    }

    /// Tells `50 % x`, a remainder, from `50% and`, a percentage. A sign belongs to what follows
    /// only where the `%` stands apart: `50 % -x`, but `50% - x`.
    private func startsOperand(at start: Int, isApart: Bool) -> Bool {
        let next = end(from: start) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard next < source.bytes.count else { return false }
        let byte = source.bytes[next]
        if isWordStart(byte) {
            return !Keyword.notUnits.contains(source[next..<end(from: next, while: isWordByte)])
        }
        return isDigit(byte) || byte == UInt8(ascii: "(") || byte == UInt8(ascii: "`")
            || (isApart && byte == UInt8(ascii: "-"))
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}

/// Letters beyond ASCII count: `°C`, `größe`. Not what begins with 0xe2, which is where UTF-8 keeps
/// typographic quotes, dashes and relations.
private func isWordStart(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte == UInt8(ascii: "_") || (byte >= 0x80 && byte != 0xe2)
}

private func isWordByte(_ byte: UInt8) -> Bool { isWordStart(byte) || isDigit(byte) }
