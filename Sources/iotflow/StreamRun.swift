import Model
import Streams

/// Runs streams over a file of events as fast as it goes. The clock is the newest event's time, so
/// that the same file always gives the same results.
struct StreamRun: ~Copyable {
    private var processor: StreamProcessor
    private var source: EventSource
    private var output: EventOutput
    private var text: ResultText
    private var readings: [Reading] = []
    private var outputs: [StreamOutput] = []
    private var now = Instant.distantPast

    /// Readings taken, and results written.
    private(set) var events = 0
    private(set) var results = 0

    /// After this many readings time is passed on, even if none has opened or closed anything.
    private static let turn = 1024
    /// Timers that may follow each other after the last event.
    private static let timerLimit = 1_000_000

    init(
        _ processor: StreamProcessor, _ source: consuming EventSource,
        to output: consuming EventOutput, as text: ResultText
    ) {
        self.processor = processor
        self.source = source
        self.output = output
        self.text = text
    }

    /// Rows that were no events, and why the first of them were none.
    var rejected: Int { source.table.rejected }
    var complaints: [String] { source.table.complaints }
    var counters: StreamCounters { processor.counters }

    /// Reads to the end of the input, and closes every window then. `first` has been read already.
    mutating func run(first: [Reading] = []) throws(EventError) {
        if text.format == .csv { output.bytes += ResultText.header.utf8 }
        readings = first
        try take()
        while try source.next(into: &readings) { try take() }
        try finish()
    }

    private mutating func take() throws(EventError) {
        for index in 0..<readings.count {
            if readings[index].time > now {
                // What has arrived has arrived before the clock goes on.
                if !readings[index].flags.contains(.sameRow) {
                    processor.finishRows(
                        registry: source.table.registry, at: now, into: &outputs)
                }
                now = readings[index].time
            }
            processor.accept(
                readings[index], registry: source.table.registry, at: now, into: &outputs)
            events += 1
            if events % StreamRun.turn == 0 {
                // A turn holds a row's readings whole.
                let next = index + 1
                if next < readings.count, readings[next].flags.contains(.sameRow) { continue }
                processor.advance(to: now, registry: source.table.registry, into: &outputs)
            }
            if !outputs.isEmpty { try write() }
        }
    }

    /// Lets time pass until nothing waits for it.
    private mutating func finish() throws(EventError) {
        processor.advance(to: now, registry: source.table.registry, into: &outputs)
        try write()
        var timers = 0
        while let deadline = processor.nextDeadline, deadline < .distantFuture,
            timers < StreamRun.timerLimit
        {
            now = max(now, deadline)
            processor.advance(to: now, registry: source.table.registry, into: &outputs)
            try write()
            timers += 1
        }
        try output.flush()
    }

    private mutating func write() throws(EventError) {
        for result in outputs {
            text.append(result, registry: source.table.registry, to: &output.bytes)
        }
        results += outputs.count
        outputs.removeAll(keepingCapacity: true)
        try output.flushIfLarge()
    }
}
