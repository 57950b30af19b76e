import Model
import Streams

/// Runs streams over a file of events as fast as it goes. The clock is the newest event's time, so
/// that the same file always gives the same results.
struct StreamRun: ~Copyable {
    private var processor: StreamProcessor
    private var table: EventTable
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
        _ processor: StreamProcessor, _ table: EventTable, to output: consuming EventOutput,
        as text: ResultText
    ) {
        self.processor = processor
        self.table = table
        self.output = output
        self.text = text
    }

    /// Rows that were no events, and why the first of them were none.
    var rejected: Int { table.rejected }
    var complaints: [String] { table.complaints }
    var counters: StreamCounters { processor.counters }

    /// Reads to the end of the input, and closes every window then.
    mutating func run(
        _ input: consuming EventInput, _ format: ResultText.Format?
    ) throws(EventError) {
        try input.advance(by: 0)
        let isCSV = input.isCSV(format)
        if text.format == .csv { output.bytes += ResultText.header.utf8 }
        while true {
            let used = try table.read(input, isCSV: isCSV, into: &readings)
            try take()
            if input.isAtEnd { break }
            try input.advance(by: used)
        }
        try finish()
    }

    private mutating func take() throws(EventError) {
        for index in 0..<readings.count {
            now = max(now, readings[index].time)
            processor.accept(
                readings[index], registry: table.registry, at: now, into: &outputs)
            events += 1
            if events % StreamRun.turn == 0 {
                // A turn holds a row's readings whole.
                let next = index + 1
                if next < readings.count, readings[next].flags.contains(.sameRow) { continue }
                processor.advance(to: now, registry: table.registry, into: &outputs)
            }
            if !outputs.isEmpty { try write() }
        }
        readings.removeAll(keepingCapacity: true)
    }

    /// Lets time pass until nothing waits for it.
    private mutating func finish() throws(EventError) {
        processor.advance(to: now, registry: table.registry, into: &outputs)
        try write()
        var timers = 0
        while let deadline = processor.nextDeadline, deadline < .distantFuture,
            timers < StreamRun.timerLimit
        {
            now = max(now, deadline)
            processor.advance(to: now, registry: table.registry, into: &outputs)
            try write()
            timers += 1
        }
        try output.flush()
    }

    private mutating func write() throws(EventError) {
        for result in outputs { text.append(result, registry: table.registry, to: &output.bytes) }
        results += outputs.count
        outputs.removeAll(keepingCapacity: true)
        try output.flushIfLarge()
    }
}
