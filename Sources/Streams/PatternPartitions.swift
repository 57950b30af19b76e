import Language
import Model

/// The slots of a pattern that are not simply the keys: parts of a key by the values of columns,
/// or all devices that have something in common.
struct PatternPartitions: Sendable {
    /// Columns whose values divide what a slot stands for.
    let per: [Int]
    let scope: PatternScope
    /// Whether many keys share a slot.
    let isGroup: Bool
    let limit: Int
    /// By slot.
    private(set) var places: [Place] = []
    private var known: [Place: Int] = [:]
    /// By key: what the devices of a slot have in common.
    private var scopes: [Scope] = []

    /// What a slot stands for.
    struct Place: Hashable, Sendable {
        /// Nil where many keys share it.
        var key: Int?
        /// The tag's value that they have in common.
        var tag: String?
        var values: [Value?]
    }

    enum Answer: Hashable, Sendable {
        case slot(Int)
        /// The key is none of the group's.
        case outside
        case full
    }

    private enum Scope: Sendable { case unknown, outside, inside(tag: String?) }

    init(per: [Int], scope: PatternScope, isGroup: Bool, limit: Int) {
        self.per = per
        self.scope = scope
        self.isGroup = isGroup
        self.limit = limit
    }

    mutating func slot(
        of key: Int, _ row: [Value?], _ keys: KeyTable, _ registry: Registry
    ) -> Answer {
        var place = Place(key: isGroup ? nil : key, values: per.map { row[$0] })
        if isGroup {
            switch find(key, keys, registry) {
            case .inside(let tag): place.tag = tag
            case .outside, .unknown: return .outside
            }
        }
        if let slot = known[place] { return .slot(slot) }
        guard places.count < limit else { return .full }
        add(place)
        return .slot(places.count - 1)
    }

    private mutating func add(_ place: Place) {
        known[place] = places.count
        places.append(place)
    }

    private mutating func find(_ key: Int, _ keys: KeyTable, _ registry: Registry) -> Scope {
        if scopes.count <= key {
            scopes += Array(repeating: .unknown, count: key + 1 - scopes.count)
        }
        if case .unknown = scopes[key] { scopes[key] = scope(of: key, keys, registry) }
        return scopes[key]
    }

    private func scope(of key: Int, _ keys: KeyTable, _ registry: Registry) -> Scope {
        let entry = keys.keys[key].device.flatMap { registry.entry($0) }
        switch scope {
        case .all: return .inside(tag: nil)
        case .group(let group, _):
            // Where rows are not of one device there is nothing to look up.
            guard let entry else { return .inside(tag: nil) }
            return entry.groups.contains(group) ? .inside(tag: nil) : .outside
        case .tag(let tag):
            if let field = keys.fields.firstIndex(of: .tag(tag)) {
                return .inside(tag: keys.keys[key].values[field])
            }
            return .inside(tag: entry?.tags[tag])
        }
    }

    /// How many devices of the sources belong to a slot.
    func population(of slot: Int, _ sources: [SourcePlan], _ registry: Registry) -> Int {
        let tag = places[slot].tag
        return registry.devices.compactMap { registry.entry($0) }.count { entry in
            switch scope {
            case .all: break
            case .group(let group, _): if !entry.groups.contains(group) { return false }
            case .tag(let name): if entry.tags[name] != tag { return false }
            }
            return sources.contains { source in
                if let group = source.group, !entry.groups.contains(group) { return false }
                return source.topic.device.map { $0 == entry.name } ?? true
            }
        }
    }

    /// What a match of the slot is about; `columns` are the rows' names.
    func output(_ slot: Int, _ keys: KeyTable, columns: [String]) -> [Field] {
        let place = places[slot]
        var fields: [Field]
        switch (place.key, scope) {
        case (let key?, _): fields = keys.output(key)
        case (nil, .all): fields = []
        case (nil, .tag(let name)): fields = [Field(name, place.tag.map { .text($0) })]
        case (nil, .group(_, let name)): fields = [Field("group", .text(name))]
        }
        for (column, value) in zip(per, place.values) {
            fields.append(Field(columns[column], value))
        }
        return fields
    }
}

extension PatternPartitions {
    func write(into writer: inout ByteWriter) {
        writer.list(places) { writer, place in
            if let key = place.key { writer.unsigned(key) }
            writer.value(place.tag.map { .text($0) })
            for value in place.values { writer.value(value) }
        }
    }

    mutating func restore(from reader: inout ByteReader, keys: Int) throws(RecordError) {
        self = PatternPartitions(per: per, scope: scope, isGroup: isGroup, limit: limit)
        for _ in 0..<(try reader.count()) {
            var place = Place(values: [])
            if !isGroup { place.key = try reader.count(upTo: keys - 1) }
            if case .text(let tag)? = try reader.value() { place.tag = tag }
            for _ in per { place.values.append(try reader.value()) }
            guard known[place] == nil, places.count < limit else {
                throw .malformed(at: reader.offset)
            }
            add(place)
        }
    }
}
