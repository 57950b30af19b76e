import Language
import Model
import Streams

extension Tally {
    func snapshot(into writer: inout ByteWriter) {
        writer.unsigned(eventsProcessed)
        writer.unsigned(commandsIssued)
        writer.unsigned(commandsSucceeded)
        writer.unsigned(commandsFailed)
        writer.list(patterns.sorted { $0.key < $1.key }) {
            $0.string($1.key)
            $0.unsigned($1.value.count)
            $0.list($1.value.latest) { writer, detection in
                writer.unsigned(detection.device.map { UInt64($0.index) + 1 } ?? 0)
                writer.instant(detection.time)
                writer.list(detection.values) {
                    $0.string($1.name)
                    $0.value($1.value)
                }
            }
        }
        writer.list(windows.sorted { $0.key < $1.key }) {
            $0.string($1.key.name)
            $0.string($1.key.window)
            $0.instant($1.value.start)
            $0.instant($1.value.end)
            $0.unsigned($1.value.groups)
            $0.unsigned($1.value.closed)
            $0.list(Array(zip($1.value.metrics, $1.value.partials))) {
                $0.string($1.0.name)
                $0.string($1.0.function.rawValue)
                $0.value($1.0.quantile.map { .number($0) })
                $1.1.write(into: &$0)
            }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        eventsProcessed = try reader.unsigned()
        commandsIssued = try reader.unsigned()
        commandsSucceeded = try reader.unsigned()
        commandsFailed = try reader.unsigned()
        for _ in 0..<(try reader.count()) {
            let name = try reader.string()
            var detections = Detections()
            detections.count = try reader.unsigned()
            detections.latest = try reader.list { reader throws(RecordError) in
                let device = try reader.count()
                return Detection(
                    device: device == 0 ? nil : Device(index: UInt32(device - 1)),
                    time: try reader.instant(),
                    values: try reader.list { reader throws(RecordError) in
                        Field(try reader.string(), try reader.value())
                    })
            }
            patterns[name] = detections
        }
        for _ in 0..<(try reader.count()) {
            let name = WindowName(name: try reader.string(), window: try reader.string())
            var latest = LatestWindow(
                start: try reader.instant(), end: try reader.instant(),
                groups: try reader.count(), metrics: [], partials: [],
                closed: 0)
            latest.closed = try reader.unsigned()
            for _ in 0..<(try reader.count()) {
                let metric = try reader.string()
                guard let function = AggregateFunction(rawValue: try reader.string()) else {
                    throw .malformed(at: reader.offset)
                }
                let quantile = try reader.value()?.double
                latest.metrics.append(
                    Metric(name: metric, function: function, quantile: quantile))
                latest.partials.append(try AggregatePartial(from: &reader))
            }
            windows[name] = latest
        }
    }
}
