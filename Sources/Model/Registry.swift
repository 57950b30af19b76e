/// Everything the gateway knows of devices before any of them speaks: names, models, groups, tags,
/// positions and addresses.
///
/// Numbers in the two symbol tables outlive a configuration: the store keeps the names in order and
/// the tables are refilled from it before the configuration is read, so a `Device` written to disk
/// last year still means the same device.
package struct Registry: Sendable {
    package private(set) var deviceNames: SymbolTable
    package private(set) var propertyNames: SymbolTable
    package private(set) var models: [DeviceModel] = []
    package private(set) var groups: [Group] = []
    /// By device index; nil for a name the store remembers but no configuration has.
    private var entries: [Entry?] = []
    /// By model, then by property index: the property's place in the model, or -1.
    private var modelSlots: [[Int16]] = []

    /// A named, ordered set of devices.
    package struct Group: Sendable {
        package let name: String
        package fileprivate(set) var members: [Device]
    }

    /// One device.
    package struct Entry: Sendable {
        package let name: String
        /// Index into `models`; nil for a device accepted without a model.
        package var model: Int?
        /// Indices into `groups`, ascending.
        package var groups: [Int] = []
        package var tags: [String: String] = [:]
        package var position: Position?
        /// `coap://host:port` where the configuration names one; a registration takes precedence.
        package var address: String?

        package init(name: String) { self.name = name }
    }

    /// Metres in a frame of the site's own choosing.
    package struct Position: Hashable, Sendable {
        package var x: Double
        package var y: Double
        package var z: Double

        package init(x: Double, y: Double, z: Double = 0) {
            self.x = x
            self.y = y
            self.z = z
        }

        /// The square of the Euclidean distance, in square metres.
        package func squaredDistance(to other: Position) -> Double {
            let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
            return dx * dx + dy * dy + dz * dz
        }
    }

    package init(deviceLimit: Int = 100_000, propertyLimit: Int = 4096) {
        deviceNames = SymbolTable(limit: deviceLimit)
        propertyNames = SymbolTable(limit: min(propertyLimit, Int(UInt16.max)))
    }

    // MARK: Reading

    /// The devices that exist now, in order of their numbers.
    package var devices: [Device] {
        entries.indices.lazy.filter { entries[$0] != nil }.map { Device(index: UInt32($0)) }
    }

    /// The device with this name, if it exists now.
    package func device(named name: Span<UInt8>) -> Device? {
        guard let index = deviceNames.find(name), Int(index) < entries.count,
            entries[Int(index)] != nil
        else { return nil }
        return Device(index: index)
    }

    package func device(named name: String) -> Device? {
        device(named: Array(name.utf8).span)
    }

    package func property(named name: Span<UInt8>) -> Property? {
        propertyNames.find(name).map { Property(index: UInt16($0)) }
    }

    package func property(named name: String) -> Property? {
        property(named: Array(name.utf8).span)
    }

    package func name(of device: Device) -> String { deviceNames.name(device.index) }
    package func name(of property: Property) -> String {
        propertyNames.name(UInt32(property.index))
    }

    /// The entry of a device, nil where it no longer exists.
    package func entry(_ device: Device) -> Entry? {
        Int(device.index) < entries.count ? entries[Int(device.index)] : nil
    }

    package func group(named name: String) -> Group? { groups.first { $0.name == name } }

    /// What the device's model says of a property; nil where the model has none, or there is no
    /// model.
    package func model(of property: Property, on device: Device) -> PropertyModel? {
        guard let model = entry(device)?.model else { return nil }
        let slots = modelSlots[model]
        guard Int(property.index) < slots.count, slots[Int(property.index)] >= 0 else { return nil }
        return models[model].properties[Int(slots[Int(property.index)])]
    }

    // MARK: Building

    /// Adds a model and interns its property names; nil when the property table is full.
    @discardableResult
    package mutating func add(_ model: DeviceModel) -> Int? {
        var slots: [Int16] = []
        for (place, property) in model.properties.enumerated() {
            guard let index = propertyNames.intern(property.name) else { return nil }
            while slots.count <= Int(index) { slots.append(-1) }
            slots[Int(index)] = Int16(place)
        }
        models.append(model)
        modelSlots.append(slots)
        return models.count - 1
    }

    /// Adds an empty group and returns its index.
    @discardableResult
    package mutating func addGroup(_ name: String) -> Int {
        groups.append(Group(name: name, members: []))
        return groups.count - 1
    }

    /// Adds a device or replaces its entry; nil when the device table is full.
    @discardableResult
    package mutating func add(_ entry: Entry) -> Device? {
        guard let index = deviceNames.intern(entry.name) else { return nil }
        while entries.count <= Int(index) { entries.append(nil) }
        let device = Device(index: index)
        // A device without an entry is in no group yet, which spares the search.
        let isNew = entries[Int(index)] == nil
        for group in entry.groups where isNew || !groups[group].members.contains(device) {
            groups[group].members.append(device)
        }
        entries[Int(index)] = entry
        return device
    }

    /// Interns a device name without making the device exist; nil when the table is full.
    package mutating func addDeviceName(_ name: String) -> Device? {
        deviceNames.intern(name).map { Device(index: $0) }
    }

    /// Interns a property name that no model has; nil when the table is full.
    package mutating func addProperty(_ name: String) -> Property? {
        propertyNames.intern(name).map { Property(index: UInt16($0)) }
    }

    /// Refills the symbol tables from the store, in the order of their numbers, into an empty
    /// registry.
    package mutating func restoreNames(devices: [String], properties: [String]) {
        precondition(deviceNames.count == 0 && propertyNames.count == 0)
        for name in devices { _ = deviceNames.intern(name) }
        for name in properties { _ = propertyNames.intern(name) }
    }
}
