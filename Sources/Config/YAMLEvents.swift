import CYAML

/// libyaml's event parser over a text in memory. libyaml's caveats: it keeps a pointer to its own
/// struct and to the input, so both live on the heap until `deinit`; after an error no further
/// event may be asked for. Safe: the pointers never leave, and every string is copied out.
@safe struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// A place as libyaml counts: lines and characters, both from 0.
    struct Mark {
        var line: Int
        var column: Int
    }

    struct Event {
        var kind: Kind
        var start: Mark
        var end: Mark
    }

    enum Kind {
        case streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd, other
        case alias(String)
        case scalar(String, Node.Style, Properties)
        case sequenceStart(Properties)
        case mappingStart(Properties)
    }

    /// What may stand before a node: `&anchor` and `!tag`.
    struct Properties {
        var anchor: String?
        var tag: String?
    }

    /// What libyaml stumbled over. `byte` is set instead of the marks where the text is not UTF-8.
    struct Failure: Error {
        var problem: String
        var context: String
        var mark: Mark
        var contextMark: Mark
        var byte: Int?
    }

    init(_ bytes: [UInt8]) {
        // The parser keeps the address of its input, so it gets a copy that does not move.
        unsafe input = .allocate(capacity: max(1, bytes.count))
        _ = unsafe input.initialize(from: bytes)
        // The parser stores its own address as the argument of its read handler.
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        let started = unsafe yaml_parser_initialize(parser)
        precondition(started == 1, "out of memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        // Allocated in `init`; nothing outlives this value.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(Failure) -> Event {
        // libyaml fills the event; its strings are copied before it is deleted.
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe Event(
            kind: kind(of: event), start: Mark(event.start_mark), end: Mark(event.end_mark))
    }

    private func kind(of event: yaml_event_t) -> Kind {
        // The member of the union that belongs to the event's type is the only one read.
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_ALIAS_EVENT:
            return unsafe .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe .scalar(
                String(decoding: bytes, as: UTF8.self), style(scalar.style),
                Properties(anchor: text(scalar.anchor), tag: text(scalar.tag)))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe .sequenceStart(
                Properties(anchor: text(start.anchor), tag: text(start.tag)))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe .mappingStart(
                Properties(anchor: text(start.anchor), tag: text(start.tag)))
        default: return .other
        }
    }

    private func style(_ style: yaml_scalar_style_t) -> Node.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        // NUL-terminated by libyaml.
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func failure() -> Failure {
        // Valid after a failed call; the strings are libyaml's constants.
        let state = unsafe parser.pointee
        let isUTF8 = unsafe state.error != YAML_READER_ERROR
        return unsafe Failure(
            problem: state.problem.map { unsafe String(cString: $0) } ?? "out of memory",
            context: state.context.map { unsafe String(cString: $0) } ?? "",
            mark: Mark(state.problem_mark), contextMark: Mark(state.context_mark),
            byte: isUTF8 ? nil : Int(clamping: state.problem_offset))
    }
}

extension YAMLEvents.Mark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line), column: Int(clamping: mark.column))
    }
}
