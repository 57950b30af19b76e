package import CoAP
package import Engine
package import Model
package import Wire

/// A part of a device's twin that can be read and observed.
package struct TwinResource: Hashable, Sendable {
    package var device: Device
    package var part: Part

    package enum Part: Hashable, Sendable {
        case whole
        case property(String)
        /// What is desired, as far as it has a version above this.
        case desired(since: Int64)
    }

    package init(_ device: Device, _ part: Part) {
        self.device = device
        self.part = part
    }
}

/// A twin's resource at one moment.
package struct TwinPicture: Sendable {
    package var document: Document
    /// Eight bytes that change with any version in it: not with the age of a value.
    package var etag: [UInt8]
    private let records: [Document]

    /// Nil where there is no such device, or the device has no such property.
    package init?(_ resource: TwinResource, of engine: Engine) {
        guard let whole = engine.twinDocument(of: resource.device) else { return nil }
        let name = engine.registry.name(of: resource.device)
        var (reported, desired) = (whole.entries("reported"), whole.entries("desired"))
        switch resource.part {
        case .whole: document = whole
        case .property(let property):
            reported = reported.filter { $0.key == .text(property) }
            desired = desired.filter { $0.key == .text(property) }
            let isKnown =
                engine.registry.property(named: property).map {
                    engine.registry.model(of: $0, on: resource.device) != nil
                } ?? false
            guard isKnown || !reported.isEmpty || !desired.isEmpty else { return nil }
            document = .map([
                .init("device", .text(name)), .init("property", .text(property)),
                .init("reported", reported.first?.value ?? .null),
                .init("desired", desired.first?.value ?? .null),
            ])
        case .desired(let since):
            reported = []
            desired = desired.filter { entry in
                if case .integer(let version)? = entry.value["version"] {
                    version > since
                } else {
                    true
                }
            }
            document = .map([.init("device", .text(name)), .init("desired", .map(desired))])
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        for half in [reported, desired] {
            for entry in half {
                mix(entry.key.bytes)
                mix([0xff])
                mix((entry.value["version"] ?? .null).bytes)
            }
            mix([0xfe])
        }
        etag = (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 * 8)) }
        if case .desired = resource.part { reported = desired }
        records = reported.map { entry in
            TwinPicture.record(
                entry,
                unit: engine.registry.property(named: entry.key.string ?? "").flatMap {
                    engine.registry.model(of: $0, on: resource.device)?.unit?.symbol
                })
        }
        base = name + "/"
    }

    private let base: String

    /// The payload in a format that a client accepts; nil for another.
    package func payload(_ format: CoAP.ContentFormat) -> [UInt8]? {
        switch format {
        case .json: document.json
        case .cbor: document.cbor
        case .senMLJSON: senML(labels: TwinPicture.textLabels).json
        case .senMLCBOR: senML(labels: TwinPicture.numberLabels).cbor
        default: nil
        }
    }

    /// What a SenML record of ours has (RFC 8428 section 4.3), by its labels in JSON and CBOR.
    private static let textLabels: [String: Document] = [
        "bn": .text("bn"), "n": .text("n"), "u": .text("u"), "t": .text("t"), "v": .text("v"),
        "vs": .text("vs"), "vb": .text("vb"),
    ]
    private static let numberLabels: [String: Document] = [
        "bn": .integer(-2), "n": .integer(0), "u": .integer(1), "t": .integer(6),
        "v": .integer(2), "vs": .integer(3), "vb": .integer(4),
    ]

    private func senML(labels: [String: Document]) -> Document {
        var pack: [Document] = []
        for record in records {
            guard case .map(var entries) = record else { continue }
            if pack.isEmpty { entries.insert(.init("bn", .text(base)), at: 0) }
            pack.append(
                .map(
                    entries.map {
                        .init(labels[$0.key.string ?? ""] ?? $0.key, $0.value)
                    }))
        }
        return .array(pack)
    }

    private static func record(_ half: Document.Entry, unit: String?) -> Document {
        var entries: [Document.Entry] = [.init("n", half.key)]
        if let unit { entries.append(.init("u", .text(unit))) }
        let value = half.value["value"] ?? .null
        switch value {
        case .boolean: entries.append(.init("vb", value))
        case .text: entries.append(.init("vs", value))
        case .integer, .number: entries.append(.init("v", value))
        case .timestamp(let instant):
            entries.append(.init("v", .number(Double(instant.milliseconds) / 1000)))
        case .null, .bytes, .array, .map:
            // A position has no one value in SenML.
            entries.append(.init("vs", .text(String(decoding: value.json, as: UTF8.self))))
        }
        if case .timestamp(let time)? = half.value["time"] {
            entries.append(.init("t", .number(Double(time.milliseconds) / 1000)))
        }
        return .map(entries)
    }
}

extension Document {
    fileprivate func entries(_ key: String) -> [Entry] {
        if case .map(let entries)? = self[key] { entries } else { [] }
    }

    fileprivate var string: String? { if case .text(let text) = self { text } else { nil } }

    fileprivate var bytes: [UInt8] { json }
}
