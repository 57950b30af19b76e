import Commands
package import Model
import Streams
import Twins

/// Checkpoints: the engine's state as bytes, apart from the twins, which are rows of their own.
extension Engine {
    private static let version: UInt8 = 4

    /// Writes everything that a later `restore` needs to go on as if nothing had happened.
    package func snapshot(into writer: inout ByteWriter) {
        writer.byte(Engine.version)
        writer.unsigned(outboxSequence)
        writer.list(accepted) { $0.unsigned(UInt64($1.index)) }
        writer.list(registrations.sorted { $0.key.index < $1.key.index }) {
            $0.unsigned(UInt64($1.key.index))
            $0.string($1.value.address)
            $0.instant($1.value.expires)
        }
        tally.snapshot(into: &writer)
        streams.snapshot(into: &writer)
        commands.snapshot(into: &writer)
        twins.snapshot(into: &writer)
        history.snapshot(into: &writer)
        sequences.snapshot(into: &writer)
    }

    /// Takes back what `snapshot` wrote. State of streams that the plan no longer has, or has
    /// changed, is dropped; all other state is exact. `emptyStreams` drops the state of all of
    /// them, whatever version of the program wrote it.
    package mutating func restore(
        from reader: inout ByteReader, emptyStreams: Bool = false
    ) throws(RecordError) {
        try reader.version(Engine.version)
        outboxSequence = try reader.unsigned()
        let indices = try reader.list { reader throws(RecordError) in try reader.count() }
        for index in indices where index < registry.deviceNames.count {
            let device = Device(index: UInt32(index))
            guard registry.entry(device) == nil else { continue }
            registry.add(Registry.Entry(name: registry.name(of: device)))
            accepted.append(device)
        }
        for _ in 0..<(try reader.count()) {
            let device = Device(index: UInt32(try reader.count()))
            let address = try reader.string()
            registrations[device] = Registration(address: address, expires: try reader.instant())
        }
        try tally.restore(from: &reader)
        if emptyStreams {
            try StreamProcessor.skip(&reader)
        } else {
            try streams.restore(from: &reader)
        }
        try commands.restore(from: &reader, registry: registry)
        try twins.restore(from: &reader)
        try history.restore(from: &reader)
        try sequences.restore(from: &reader, registry: registry)
    }

    /// Writes one device's twin as the store keeps it.
    package func encodeTwin(of device: Device, into writer: inout ByteWriter) {
        twins.encode(device, into: &writer)
    }

    /// Takes a twin back from the store.
    package mutating func decodeTwin(
        of device: Device, from reader: inout ByteReader
    ) throws(RecordError) {
        try twins.decode(device, from: &reader)
    }

    /// The devices whose twins changed since the last call.
    package mutating func takeChangedTwins() -> [Device] { twins.takeDirty() }

    /// Carries twins over from an engine with an older plan; where a device's model is another
    /// one, what it no longer has is deleted or goes under its new name.
    package mutating func adoptTwins(of other: Engine) throws(RecordError) {
        var general = ByteWriter()
        other.twins.snapshot(into: &general)
        var generalReader = ByteReader(general.bytes)
        try twins.restore(from: &generalReader)
        for device in other.registry.devices where registry.entry(device) != nil {
            var writer = ByteWriter()
            other.encodeTwin(of: device, into: &writer)
            var reader = ByteReader(writer.bytes)
            try decodeTwin(of: device, from: &reader)
            twins.upgrade(
                device, from: other.model(of: device), to: model(of: device), registry: registry,
                at: twins.clock.time)
        }
    }

    private func model(of device: Device) -> DeviceModel? {
        registry.entry(device)?.model.map { registry.models[$0] }
    }
}
