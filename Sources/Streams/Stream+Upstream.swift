import Language
import Model

/// Rows that other streams put out.
extension Stream {
    /// Stands for the device of rows that are about none: the order of such rows is their order of
    /// arrival, which is that of the stream they come from.
    static let noDevice = Device(index: UInt32(Int32.max))

    /// Takes what a stream that a source follows has put out, if that is what the source wants.
    mutating func accept(
        _ output: StreamOutput, _ source: Int, registry: Registry, now: Instant,
        into outputs: inout [StreamOutput]
    ) {
        guard let upstream = plan.sources[source].upstream else { return }
        let (time, fields): (Instant, [Field])
        let key: [Field]
        var device: Device?
        defer { carried = [] }
        switch output {
        case .row(let row) where upstream.pattern == nil && row.revision == 0:
            (time, fields, key) = (row.end, row.fields, row.key)
            carry(row.partials, from: source)
        case .match(let match)
        where match.pattern == upstream.pattern && match.timedOutStep == nil:
            (time, fields, key, device) = (match.time, match.values, match.key, match.device)
        default: return
        }
        for (column, name) in upstream.fills {
            let field = fields.first { $0.name == name } ?? key.first { $0.name == name }
            guard let value = field?.value else { continue }
            fill(column, with: value)
            if device == nil, upstream.deviceColumns.contains(column), case .text(let text) = value
            {
                device = registry.device(named: text)
            }
        }
        acceptRow(
            source, device ?? Stream.noDevice, Property(index: 0), at: time, registry: registry,
            now: now, into: &outputs)
    }

    /// Takes over the watermark of the stream that a source follows.
    mutating func follow(
        _ source: Int, _ other: EventClock, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        clock.follow(source, other.watermark, isSilent: other.silentSince != nil)
        if clock.watermark >= nextDue { release(registry: registry, into: &outputs) }
    }
}
