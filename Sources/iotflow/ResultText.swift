import Model
import Streams
import Wire

/// Writes what streams decide, one line per row, match or late event.
struct ResultText: Sendable {
    /// What a file is made of.
    enum Format: String, CaseIterable, Sendable {
        case csv, ndjson

        /// By the file's extension; nil where that says nothing.
        init?(path: String) {
            switch path.split(separator: ".").last {
            case "csv": self = .csv
            case "ndjson", "jsonl", "json": self = .ndjson
            default: return nil
            }
        }
    }

    var format: Format
    private var date = Instant.distantPast
    private var dateText: [UInt8] = []

    static let header = "time,kind,name,since,key,values\n"

    init(_ format: Format) { self.format = format }

    mutating func append(_ output: StreamOutput, registry: Registry, to bytes: inout [UInt8]) {
        switch output {
        case .row(let row):
            let name = row.window.map { "\(row.name)/\($0)" } ?? row.name
            let isNew = row.revision == 0
            append(
                isNew ? "row" : "revision", name, row.end, since: row.start, row.key, row.fields,
                quality: row.quality, to: &bytes)
        case .match(let match):
            append(
                match.timedOutStep == nil ? "match" : "timeout", match.pattern, match.time,
                since: match.since, match.key, match.values,
                to: &bytes)
        case .late(let event):
            let key = event.device.map {
                [Field("device_id", .text(registry.name(of: $0)))]
            }
            append(
                "late", event.stream, event.time, since: nil, key ?? [], event.values, to: &bytes)
        }
    }

    private mutating func append(
        _ kind: String, _ name: String, _ time: Instant, since: Instant?, _ key: [Field],
        _ values: [Field], quality: [Field] = [], to bytes: inout [UInt8]
    ) {
        if format == .ndjson {
            var entries: [Document.Entry] = [
                .init("time", .timestamp(time)), .init("kind", .text(kind)),
                .init("name", .text(name)),
            ]
            if let since { entries.append(.init("since", .timestamp(since))) }
            entries.append(.init("key", Document(key)))
            entries.append(.init("values", Document(values)))
            if !quality.isEmpty { entries.append(.init("quality", Document(quality: quality))) }
            Document.map(entries).writeJSON(to: &bytes)
        } else {
            append(time, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            bytes += kind.utf8
            bytes.append(UInt8(ascii: ","))
            ResultText.appendQuoted(name, to: &bytes)
            bytes.append(UInt8(ascii: ","))
            if let since { append(since, to: &bytes) }
            for fields in [key, values] {
                bytes.append(UInt8(ascii: ","))
                let text = fields.map { "\($0.name)=\($0.value?.description ?? "")" }
                ResultText.appendQuoted(text.joined(separator: ";"), to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// RFC 3339 with milliseconds, the date's text kept from one time to the next.
    private mutating func append(_ time: Instant, to bytes: inout [UInt8]) {
        let midnight = time.floored(to: .day)
        if midnight != date {
            date = midnight
            dateText = Array(midnight.description.utf8.prefix { $0 != UInt8(ascii: "T") })
        }
        let left = time.milliseconds - midnight.milliseconds
        bytes += dateText
        bytes.append(UInt8(ascii: "T"))
        for (unit, digits, mark) in [
            (3_600_000, 2, ":"), (60_000, 2, ":"), (1000, 2, "."), (1, 3, "Z"),
        ] as [(Int64, Int, Unicode.Scalar)] {
            let number = left / unit % (digits == 3 ? 1000 : unit == 3_600_000 ? 24 : 60)
            if digits == 3 { bytes.append(UInt8(ascii: "0") + UInt8(number / 100)) }
            bytes.append(UInt8(ascii: "0") + UInt8(number / 10 % 10))
            bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
            bytes.append(UInt8(ascii: mark))
        }
    }

    /// As a field of CSV.
    static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        let needsQuotes = text.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
                || $0 == UInt8(ascii: "\r")
        }
        guard needsQuotes else {
            bytes += text.utf8
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
