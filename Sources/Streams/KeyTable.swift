import Model

/// The keys of one stream as small numbers: devices, or combinations of tags.
///
/// A device's key is looked up once and then found by the device's number.
struct KeyTable: Sendable {
    let fields: [KeyField]
    let limit: Int
    /// Whether the device alone decides the key.
    private let isOfDevice: Bool
    /// By device number: its key, -1 where not asked yet, or where the device alone does not tell.
    private var keyOfDevice: [Int32] = []
    private(set) var keys: [Key] = []
    private var known: [[String?]: Int32] = [:]
    private var ranks: [Int32] = []

    /// One part of a key.
    enum KeyField: Hashable, Sendable {
        case device(name: String)
        case tag(String)
        /// The first of the device's groups, of those among these if there are any.
        case group(name: String, among: [Int])
        /// A column of the row, by its text.
        case column(Int, name: String)

        var name: String {
            switch self {
            case .device(let name), .tag(let name), .group(let name, _), .column(_, let name):
                name
            }
        }

        /// What it is of a device.
        func value(of entry: Registry.Entry?, in registry: Registry) -> String? {
            switch self {
            case .device: entry?.name
            case .tag(let tag): entry?.tags[tag]
            case .group(_, let groups):
                entry?.groups.first { groups.isEmpty || groups.contains($0) }
                    .map { registry.groups[$0].name }
            case .column: nil
            }
        }
    }

    /// What a key stands for.
    struct Key: Sendable {
        /// Where the device is part of the key.
        var device: Device?
        /// By field; nil where the device has no such tag.
        var values: [String?]
    }

    init(fields: [KeyField], limit: Int) {
        self.fields = fields
        isOfDevice = fields.allSatisfy { field in
            if case .column = field { return false }
            return true
        }
        self.limit = limit
    }

    var count: Int { keys.count }

    /// The key of a row, new or known; nil when the table is full or the device is gone.
    @inline(__always)
    mutating func key(of row: [Value?], _ device: Device, in registry: Registry) -> Int? {
        let index = Int(device.index)
        if index < keyOfDevice.count, keyOfDevice[index] >= 0 { return Int(keyOfDevice[index]) }
        return find(row, device, in: registry)
    }

    private mutating func find(
        _ row: [Value?], _ device: Device, in registry: Registry
    ) -> Int? {
        if isOfDevice, !fields.isEmpty || registry.entry(device) != nil {
            return key(of: device, in: registry)
        }
        var owner: Device?
        var values: [String?] = []
        for field in fields {
            switch field {
            case .device:
                guard registry.entry(device) != nil else { return nil }
                owner = device
                values.append(registry.name(of: device))
            case .tag, .group:
                values.append(field.value(of: registry.entry(device), in: registry))
            case .column(let column, _):
                // Adding zero makes -0 into 0, so that both are one key.
                if case .number(let number)? = row[column] {
                    values.append("\(number + 0)")
                } else {
                    values.append(row[column].map { "\($0)" })
                }
            }
        }
        let key = Key(device: owner, values: values)
        return (known[values] ?? add(key)).map { Int($0) }
    }

    /// The key of a device's rows, new or known; nil when the table is full or the device is gone.
    mutating func key(of device: Device, in registry: Registry) -> Int? {
        let index = Int(device.index)
        if index < keyOfDevice.count, keyOfDevice[index] >= 0 { return Int(keyOfDevice[index]) }
        return find(device, in: registry)
    }

    private mutating func find(_ device: Device, in registry: Registry) -> Int? {
        guard let entry = registry.entry(device) else { return nil }
        var owner: Device?
        let values = fields.map { field -> String? in
            if case .device = field { owner = device }
            return field.value(of: entry, in: registry)
        }
        guard let key = known[values] ?? add(Key(device: owner, values: values)) else { return nil }
        let index = Int(device.index)
        if keyOfDevice.count <= index {
            keyOfDevice += Array(repeating: -1, count: index + 1 - keyOfDevice.count)
        }
        keyOfDevice[index] = key
        return Int(key)
    }

    private mutating func add(_ key: Key) -> Int32? {
        guard keys.count < limit else { return nil }
        keys.append(key)
        known[key.values] = Int32(keys.count - 1)
        return Int32(keys.count - 1)
    }

    func output(_ key: Int) -> [Field] {
        zip(fields, keys[key].values).map { Field($0.name, $1.map { .text($0) }) }
    }

    /// Makes `rank` answer for every key there is.
    mutating func rank() {
        guard ranks.count != keys.count else { return }
        ranks = Array(repeating: 0, count: keys.count)
        let sorted = keys.indices.sorted { precedes(keys[$0].values, keys[$1].values) }
        for (rank, key) in sorted.enumerated() { ranks[key] = Int32(rank) }
    }

    /// A key's place in the order of names, as of the last call of `rank()`.
    func rank(of key: Int) -> Int32 { ranks[key] }

    /// By name, field after field; missing comes first.
    private func precedes(_ left: [String?], _ right: [String?]) -> Bool {
        for (left, right) in zip(left, right) where left != right {
            guard let left else { return true }
            guard let right else { return false }
            return left < right
        }
        return false
    }
}

extension KeyTable {
    func write(into writer: inout ByteWriter) {
        writer.list(keys) { writer, key in
            writer.bool(key.device != nil)
            if let device = key.device { writer.unsigned(UInt64(device.index)) }
            for value in key.values { writer.value(value.map { .text($0) }) }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = KeyTable(fields: fields, limit: limit)
        for _ in 0..<(try reader.count()) {
            var key = Key(device: nil, values: [])
            if try reader.bool() { key.device = Device(index: UInt32(try reader.count())) }
            for _ in fields {
                switch try reader.value() {
                case nil: key.values.append(nil)
                case .text(let text)?: key.values.append(text)
                default: throw .malformed(at: reader.offset)
                }
            }
            guard known[key.values] == nil, add(key) != nil else {
                throw .malformed(at: reader.offset)
            }
        }
    }
}
