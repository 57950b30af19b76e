import Model

/// A file's bytes cut into lines the way YAML 1.1 does (LF, CR, CRLF, NEL, LS, PS), to turn
/// libyaml's lines and characters into ours: from 1, in bytes.
struct SourceText {
    let file: String
    let bytes: [UInt8]
    private let lineStarts: [Int]
    /// The last place asked for: marks come in order, so a long line is walked once.
    private var last = (line: 0, column: 0, offset: 0)

    init(_ bytes: [UInt8], file: String) {
        self.file = file
        self.bytes = bytes
        var starts = [0]
        var index = 0
        while index < bytes.count {
            let width = SourceText.breakWidth(bytes, at: index)
            index += max(1, width)
            if width > 0 { starts.append(index) }
        }
        lineStarts = starts
    }

    /// Bytes of the line break at `index`, 0 where there is none.
    private static func breakWidth(_ bytes: [UInt8], at index: Int) -> Int {
        func byte(_ offset: Int) -> UInt8 {
            index + offset < bytes.count ? bytes[index + offset] : 0
        }
        switch bytes[index] {
        case 0x0A: return 1
        case 0x0D: return byte(1) == 0x0A ? 2 : 1
        case 0xC2: return byte(1) == 0x85 ? 2 : 0
        case 0xE2: return byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9) ? 3 : 0
        default: return 0
        }
    }

    mutating func offset(_ mark: YAMLEvents.Mark) -> Int {
        guard mark.line < lineStarts.count else { return bytes.count }
        if mark.line != last.line || mark.column < last.column {
            last = (mark.line, 0, lineStarts[mark.line])
        }
        while last.column < mark.column, last.offset < bytes.count {
            last.column += 1
            last.offset += 1
            while last.offset < bytes.count, bytes[last.offset] & 0xC0 == 0x80 {
                last.offset += 1
            }
        }
        return last.offset
    }

    func place(offset: Int) -> Place {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return Place(file: file, line: low + 1, column: offset - lineStarts[low] + 1)
    }

    mutating func place(_ mark: YAMLEvents.Mark) -> Place { place(offset: offset(mark)) }

    /// Where a scalar's own text starts and how much of it stands on that line.
    func span(of text: String, _ style: Node.Style, from start: Int, to end: Int) -> (Place, Int) {
        var first = start
        var last = end
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted:
            first += 1
            last -= 1
        case .literal, .folded:
            while first < end, bytes[first] != 0x0A, bytes[first] != 0x0D { first += 1 }
            while first < end, [0x0A, 0x0D, 0x20].contains(bytes[first]) { first += 1 }
            // Indentation that belongs to the text was skipped too.
            first -= min(first, text.prefix { $0 == " " }.count)
        }
        var length = 0
        while first + length < min(last, bytes.count), bytes[first + length] != 0x0A,
            bytes[first + length] != 0x0D
        {
            length += 1
        }
        return (place(offset: min(first, bytes.count)), max(1, length))
    }
}
