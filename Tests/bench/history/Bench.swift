import Glibc
import Model
import Store
import Twins

/// Measures the history: a day of 100 temperatures of 0.1 degrees, one a second, into a real store
/// and out of it again.
///
///     bench-history [DIRECTORY]     where the store is made, and left
///
/// Prints a table; exits 1 where a target is missed.
@main
struct Bench {
    static let devices = 100
    static let start = Instant(milliseconds: 1_780_000_000_000).floored(to: .day)

    static func main() {
        let directory = CommandLine.arguments.dropFirst().first ?? temporaryDirectory()
        do throws(StoreError) {
            var isMet = true
            for (name, jitter): (String, Int64) in [("even", 0), ("jitter", 20)] {
                isMet = try measure(directory + "/" + name, jitter: jitter) && isMet
            }
            if !isMet { exit(1) }
        } catch {
            print("bench-history: \(error)")
            exit(1)
        }
    }

    private static func temporaryDirectory() -> String {
        var template = Array("/tmp/bench-history-XXXXXX".utf8CString)
        // Safe: the template is writable and ends with a zero.
        unsafe mkdtemp(&template)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func measure(_ path: String, jitter: Int64) throws(StoreError) -> Bool {
        mkdirs(path)
        let written = try write(path, jitter: jitter)
        let reader = try Store.openReadOnly(path)
        let pages = try reader.statistics().fileBytes - written.emptyBytes
        let net = Double(written.bytes) / Double(written.samples)
        let gross = Double(pages) / Double(written.samples)
        print("History: \(devices) devices, a day at 1 Hz, times off by \(jitter) ms at most")
        row("bytes a sample, blocks alone", net, 1.6)
        row("bytes a sample, pages of the store and all", gross, 1.6)
        row("ns of processor to take note of a sample", written.nanoseconds, 200)
        var isMet = gross <= 1.6
        for step in [Milliseconds.minute * 5, .hour] {
            var best = Double.infinity
            for _ in 0..<5 {
                let began = now()
                let buckets = try query(reader, step: step)
                if buckets != devices * Int(Milliseconds.day.count / step.count) {
                    print("there are \(buckets) buckets")
                    isMet = false
                }
                best = min(best, (now() - began) * 1000)
            }
            row("ms for the day of all devices by \(step), of samples", best)
            best = .infinity
            for _ in 0..<5 {
                let began = now()
                let buckets = try rolledQuery(reader, step: step)
                if buckets != devices * Int(Milliseconds.day.count / step.count) { isMet = false }
                best = min(best, (now() - began) * 1000)
            }
            row("ms for the day of all devices by \(step), of roll-ups", best, 100)
            isMet = isMet && best <= 100
        }
        return isMet && written.nanoseconds <= 200
    }

    private struct Written {
        var samples = 0
        var bytes = 0
        var nanoseconds = 0.0
        var emptyBytes = 0
    }

    /// Everything through the table and into the store, in the order it would come.
    private static func write(_ path: String, jitter: Int64) throws(StoreError) -> Written {
        var configuration = StoreConfiguration(path: path)
        configuration.schedule.wearBudgetPerDay = nil
        let store = try Store.open(configuration)
        try store.start {}
        var written = Written()
        written.emptyBytes = store.statistics.fileBytes
        var sensors = (0..<devices).map { Sensor(seed: UInt64($0 + 1), jitter: jitter) }
        var table = HistoryTable(HistoryTable.Limits())
        var seconds = 0.0
        var readings: [Reading] = []
        for second in 0..<86_400 {
            readings.removeAll(keepingCapacity: true)
            for device in 0..<devices {
                readings.append(sensors[device].reading(second, of: UInt32(device)))
            }
            let began = now(CLOCK_PROCESS_CPUTIME_ID)
            for reading in readings { table.note(reading, .changed) }
            seconds += now(CLOCK_PROCESS_CPUTIME_ID) - began
            written.samples += readings.count
            if second == 86_399 { table.sealAll() }
            let sealed = table.takeSealed()
            if sealed.isEmpty { continue }
            var batch = WriteBatch(time: start, urgency: .group)
            batch.history = sealed.map { block in
                if block.kind == .samples { written.bytes += block.bytes.count }
                return HistoryRow(
                    device: block.device.index, property: block.property.index,
                    kind: block.kind.rawValue, start: block.start, end: block.end,
                    sequence: block.sequence, value: block.bytes)
            }
            while store.submit(batch) == nil { usleep(1000) }
        }
        store.stop()
        written.nanoseconds = seconds * 1e9 / Double(written.samples)
        return written
    }

    private static func query(
        _ reader: StoreReader, step: Milliseconds
    ) throws(StoreError) -> Int {
        let query = HistoryQuery(range: start..<start + .day)
        var count = 0
        for device in 0..<UInt32(devices) {
            let blocks = try reader.history(
                device: device, property: 0, kind: 0, from: start, to: start + .day, span: .day)
            count += ((try? query.buckets(blocks, step: step)) ?? []).count
        }
        return count
    }

    /// As `iotflow twin history --step` asks.
    private static func rolledQuery(
        _ reader: StoreReader, step: Milliseconds
    ) throws(StoreError) -> Int {
        let kind = step.count % Milliseconds.hour.count == 0 ? HistoryTable.Kind.hours : .minutes
        let query = HistoryQuery(range: start..<start + .day)
        var count = 0
        for device in 0..<UInt32(devices) {
            let blocks = try reader.history(
                device: device, property: 0, kind: kind.rawValue, from: start, to: start + .day,
                span: kind.span)
            count += ((try? query.buckets(rolled: blocks, step: step)) ?? []).count
        }
        return count
    }

    private static func row(_ name: String, _ value: Double, _ target: Double? = nil) {
        let digits = Int((value * 100).rounded())
        let text = "\(digits / 100).\(digits % 100 < 10 ? "0" : "")\(digits % 100)"
        let gap = String(repeating: " ", count: max(1, 50 - name.count))
        print("  \(name)\(gap)\(text)\(target.map { "\tat most \($0)" } ?? "")")
    }

    private static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
        var time = timespec()
        // Safe: `time` outlives the call.
        unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func mkdirs(_ path: String) {
        // Safe: the path is lent for the call.
        _ = unsafe mkdir(path, 0o755)
    }
}

/// A room over a day: a wave of 8 degrees, a slow walk, and noise of 0.12 degrees.
private struct Sensor {
    private var state: UInt64
    private var drift = 0.0
    private let jitter: Int64

    init(seed: UInt64, jitter: Int64) {
        state = seed
        self.jitter = jitter
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// From -1 to 1.
    private mutating func uniform() -> Double { Double(next() >> 11) / Double(1 << 52) - 1 }

    mutating func reading(_ second: Int, of device: UInt32) -> Reading {
        drift += uniform() / 100
        let wave = Double(second - 43_200).magnitude / 43_200 * 8
        let noise = (uniform() + uniform() + uniform() + uniform()) * 0.1
        let late = jitter == 0 ? 0 : Int64(next() % UInt64(2 * jitter + 1)) - jitter
        let offset = Milliseconds(max(0, Int64(second) * 1000 + late))
        return Reading(
            device: Device(index: device), property: Property(index: 0),
            time: Bench.start + offset,
            value: .number(((26 - wave + drift + noise) * 10).rounded() / 10))
    }
}
