package import Model
import Wire

/// What the uplink needs from whoever keeps the outbox. Called on the uplink's thread.
package struct Outbox: Sendable {
    /// The records of a lane whose sequence is greater than `after`, oldest first: as many as fit
    /// `maxRecords` and `maxBytes`, but at least one if there is one.
    package var read:
        @Sendable (
            _ lane: OutboxRecord.Kind, _ after: UInt64, _ maxRecords: Int, _ maxBytes: Int
        ) -> [Delivery.StoredRecord]
    /// Everything of `lane` up to `sequence` is safe at `sink`: store that cursor.
    package var acknowledge:
        @Sendable (_ sink: String, _ lane: OutboxRecord.Kind, _ sequence: UInt64) -> Void
    /// Stored bytes as a JSON object in UTF-8 without line breaks; nil where they make no sense.
    package var encode: @Sendable ([UInt8]) -> [UInt8]?

    /// `encode` is for stored bytes of another form; see the other initialiser for ours.
    package init(
        read: @escaping @Sendable (OutboxRecord.Kind, UInt64, Int, Int) -> [Delivery.StoredRecord],
        acknowledge: @escaping @Sendable (String, OutboxRecord.Kind, UInt64) -> Void,
        encode: @escaping @Sendable ([UInt8]) -> [UInt8]?
    ) {
        self.read = read
        self.acknowledge = acknowledge
        self.encode = encode
    }

    /// For stored `OutboxRecord`s, sent with the id `{gateway}/{epoch}/{sequence}`.
    package init(
        gateway: String, epoch: UInt64,
        read: @escaping @Sendable (OutboxRecord.Kind, UInt64, Int, Int) -> [Delivery.StoredRecord],
        acknowledge: @escaping @Sendable (String, OutboxRecord.Kind, UInt64) -> Void
    ) {
        self.init(read: read, acknowledge: acknowledge) { bytes in
            var reader = ByteReader(bytes)
            return try? OutboxRecord(from: &reader).json(gateway: gateway, epoch: epoch)
        }
    }
}

/// START HERE. Drains the outbox into the sinks: each has a `Delivery`, which decides, and a
/// `Sink`, which does. Nothing here waits except `wait`; `UplinkThread` calls both in turn.
package final class Uplink {
    private struct Channel {
        var name: String
        var delivery: Delivery
        var sink: any Sink
    }

    private let outbox: Outbox
    private let random: () -> UInt64
    private var channels: [Channel]

    /// `cursors` are what `acknowledge` stored before, by sink name. Sequences beyond the outbox's
    /// own must not be given.
    package init(
        sinks: [SinkSettings], cursors: [String: [Delivery.Advance]] = [:], outbox: Outbox,
        random: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.outbox = outbox
        self.random = random
        channels = sinks.map { settings in
            let sink: any Sink =
                switch settings.kind {
                case .file(let file): FileSink(file)
                case .mqtt(let mqtt): MQTTSink(mqtt, settings.delivery)
                }
            let delivery = Delivery(settings.delivery, cursors: cursors[settings.name] ?? [])
            return Channel(name: settings.name, delivery: delivery, sink: sink)
        }
    }

    /// The outbox has new, committed records.
    package func recordsAdded(at now: Instant) {
        for index in channels.indices { channels[index].delivery.recordsAdded(at: now) }
    }

    /// Does what can be done now. Returns true where more can be done at once.
    package func pass(at now: Instant) -> Bool {
        var hasMore = false
        for index in channels.indices {
            hasMore = pass(&channels[index], at: now) || hasMore
        }
        return hasMore
    }

    /// When `pass` must be called though no descriptor is ready.
    func deadline(after now: Instant) -> Instant {
        channels.reduce(.distantFuture) { earliest, channel in
            min(
                earliest, channel.delivery.deadline(after: now) ?? .distantFuture,
                channel.sink.interest?.deadline ?? .distantFuture)
        }
    }

    /// What to poll for.
    var interests: [SinkInterest] { channels.compactMap { $0.sink.interest } }

    package func status(at now: Instant) -> [SinkStatus] {
        channels.map { SinkStatus(name: $0.name, $0.delivery, at: now) }
    }

    /// True when no sink has anything unacknowledged under way.
    package var isQuiet: Bool { channels.allSatisfy { $0.delivery.inFlight == 0 } }

    /// Lets acknowledgements arrive, but reads and opens nothing.
    package func drain(at now: Instant) {
        for index in channels.indices { hear(&channels[index], at: now) }
    }

    /// Closes all sinks; what was not acknowledged counts as unsent.
    package func close() {
        for index in channels.indices {
            channels[index].sink.close()
            channels[index].delivery.closed()
        }
    }

    /// Reads per sink and pass; bounds how long one fast sink keeps the others waiting.
    private static let readsPerPass = 16

    private func pass(_ channel: inout Channel, at now: Instant) -> Bool {
        hear(&channel, at: now)
        if channel.delivery.shouldOpen(at: now) {
            channel.delivery.opening()
            channel.sink.open(at: now)
            hear(&channel, at: now)
        }
        for _ in 0..<Self.readsPerPass {
            guard let read = channel.delivery.nextRead(at: now) else { return false }
            let records = outbox.read(read.lane, read.after, read.maxRecords, read.maxBytes)
            let (messages, advance) = channel.delivery.take(
                records, for: read, encode: outbox.encode)
            store(advance, of: channel)
            for message in messages { channel.sink.send(message) }
            hear(&channel, at: now)
        }
        return channel.delivery.nextRead(at: now) != nil
    }

    /// Takes in what the sink reports; stores each lane's cursor once, however often it moved.
    private func hear(_ channel: inout Channel, at now: Instant) {
        var advances: [OutboxRecord.Kind: Delivery.Advance] = [:]
        for event in channel.sink.run(at: now) {
            switch event {
            case .opened: channel.delivery.opened(at: now)
            case .acknowledged(let message):
                if let advance = channel.delivery.acknowledged(message) {
                    advances[advance.lane] = advance
                }
            case .failed(let error):
                channel.delivery.failed(error, at: now, random: random())
            }
        }
        for lane in OutboxRecord.Kind.allCases { store(advances[lane], of: channel) }
    }

    private func store(_ advance: Delivery.Advance?, of channel: Channel) {
        guard let advance else { return }
        outbox.acknowledge(channel.name, advance.lane, advance.sequence)
    }
}
