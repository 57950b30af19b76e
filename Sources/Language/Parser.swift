import Model

/// Reads tokens into an `Expression`, by recursive descent: one function per line of the grammar.
/// After an error it goes on at the next operator that can only mean one thing.
struct Parser {
    /// Parentheses, calls and prefix operators inside each other.
    static let nestingMax = 64
    /// Operators from the root to a leaf; a chain `a + b + c` counts one each.
    static let heightMax = 256

    var source: SourceText
    let tokens: [Token]
    private var index = 0
    var nesting = 0
    /// Whether steps and clauses may stand here, or one expression only.
    var isRule = false

    init(_ text: Located<String>) {
        var source = SourceText(text)
        if source.bytes.count > SourceText.bytesMax {
            source.report(
                .tooLong, "longer than the \(SourceText.bytesMax) bytes an expression may have",
                at: 0..<1, help: ["split it into several patterns or filters"])
            self.source = source
            tokens = [Token(kind: .end, range: 0..<0)]
            return
        }
        var lexer = Lexer(source)
        tokens = lexer.tokenize()
        self.source = lexer.source
    }

    // MARK: Reading tokens

    var token: Token { tokens[index] }
    var isAtEnd: Bool { index == tokens.count - 1 }

    func peek(_ ahead: Int = 1) -> Token { tokens[min(index + ahead, tokens.count - 1)] }

    /// Where the token before this one ends.
    var behind: Int { index > 0 ? tokens[index - 1].range.upperBound : 0 }

    mutating func advance() { if !isAtEnd { index += 1 } }

    /// Goes past the next token if it is spelt so, in lower case or (with a complaint) otherwise.
    mutating func eat(_ spelling: String) -> Bool {
        guard let found = token.spelling else { return false }
        if found != spelling {
            guard found.lowercased() == spelling else { return false }
            source.report(
                .foreignSpelling, "keywords are written in lower case", at: token.range,
                help: ["write `\(spelling)`"])
        }
        advance()
        return true
    }

    func isNext(_ spelling: String, ahead: Int = 0) -> Bool { peek(ahead).spelling == spelling }

    mutating func skipToEnd() { index = tokens.count - 1 }

    /// The token in words, for "expected …, found …".
    var found: String { isAtEnd ? "the end" : "`\(source[token.range])`" }

    mutating func expect(_ spelling: String, _ what: String) -> Bool {
        if eat(spelling) { return true }
        source.report(.expected, "expected \(what), found \(found)", at: token.range)
        return false
    }

    mutating func make(
        _ node: Expression.Node, _ range: Range<Int>, over operands: [Expression] = []
    ) -> Expression {
        let expression = Expression(node, range, over: operands)
        guard expression.height > Parser.heightMax else { return expression }
        if !source.has(.tooDeep) {
            source.report(
                .tooDeep, "more than \(Parser.heightMax) operators deep", at: range,
                help: ["split it into several patterns or filters"])
        }
        return Expression(.invalid, range)
    }

    // MARK: Going on after an error

    /// After an error, goes on where an operator or a clause shows what comes next.
    mutating func skipOperand() {
        let ends = Keyword.clauses.union(["and", "or", ")", "]", ","])
        while !isAtEnd, !(token.spelling.map { ends.contains($0) } ?? false) { advance() }
    }

    /// Stands for everything from `left` to where reading goes on.
    mutating func invalid(from left: Expression) -> Expression {
        skipOperand()
        return Expression(.invalid, left.range)
    }
}
