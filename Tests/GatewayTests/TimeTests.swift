import Config
import Gateway
import Model
import Testing
import Wire

@Suite("The gateway's time line")
struct TimelineTests {
    private static let wall: Int64 = 1_767_225_600_000

    @Test("while the clocks agree it is the wall clock")
    func agrees() {
        var line = Timeline(wall: Self.wall, monotonic: 500)
        for elapsed in [Int64(0), 1, 20, 5000] {
            let now = line.now(wall: Self.wall + elapsed, monotonic: 500 + elapsed)
            #expect(now.milliseconds == Self.wall + elapsed)
            #expect(line.lag == .zero)
        }
    }

    @Test(
        "a step of the wall clock is followed at a tenth of the pace, whichever way",
        arguments: [Int64(3_600_000), -3_600_000])
    func step(_ step: Int64) {
        var line = Timeline(wall: Self.wall, monotonic: 0)
        let now = line.now(wall: Self.wall + 1000 + step, monotonic: 1000)
        #expect(now.milliseconds == Self.wall + 1000 + (step > 0 ? 100 : -100))
        #expect(line.lag == Milliseconds(step))
    }

    @Test(
        "calling often, or at odd times, does not round the correction away",
        arguments: [1, 7, 10, 19, 400])
    func slewing(_ pause: Int64) {
        var line = Timeline(wall: Self.wall, monotonic: 0)
        var now = Instant.distantPast
        for monotonic in stride(from: pause, through: 8000, by: Int(pause)) {
            now = line.now(wall: Self.wall + 60_000 + monotonic, monotonic: monotonic)
        }
        let last = 8000 / pause * pause
        let gained = now.milliseconds - Self.wall - last
        #expect((last / 10 - 2...last / 10).contains(gained))
    }

    @Test("a small difference is made up and not overshot")
    func settles() {
        var line = Timeline(wall: Self.wall, monotonic: 0)
        var now = Instant.distantPast
        for monotonic in stride(from: Int64(10), through: 2000, by: 10) {
            now = line.now(wall: Self.wall + 100 + monotonic, monotonic: monotonic)
        }
        #expect(now.milliseconds == Self.wall + 100 + 2000)
        #expect(line.lag == .zero)
    }

    @Test("it begins no earlier than the journal's newest turn")
    func floor() {
        let newest = Instant(milliseconds: Self.wall + 90_000)
        var line = Timeline(wall: Self.wall, monotonic: 0, notBefore: newest)
        #expect(line.now(wall: Self.wall, monotonic: 0) == newest)
        #expect(line.lag == Milliseconds(-90_000))
        #expect(line.now(wall: Self.wall + 1000, monotonic: 1000) == newest + Milliseconds(900))
    }

    @Test("it never runs backwards, nor much faster than time", arguments: [UInt64(1), 2, 3])
    func monotone(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var line = Timeline(wall: Self.wall, monotonic: 0)
        var monotonic: Int64 = 0
        var last = line.now(wall: Self.wall, monotonic: 0)
        for _ in 0..<2000 {
            let pause = Int64.random(in: 0...300, using: &random)
            monotonic += pause
            let jump = Int64.random(in: -10_000_000...10_000_000, using: &random)
            let now = line.now(wall: Self.wall + monotonic + jump, monotonic: monotonic)
            let gained = (now - last).count
            #expect(gained >= 0, "seed \(seed)")
            #expect(gained <= pause + pause / 10 + 2, "seed \(seed)")
            last = now
        }
    }
}

@Suite("When a reading happened")
struct EventTimeTests {
    private static let arrival = Instant(milliseconds: 1_000_000)

    private static func absolute(_ offset: Int64) -> TelemetryPack.Time {
        .absolute(arrival + Milliseconds(offset))
    }

    private static let cases:
        [(GatewaySettings.EventTime, TelemetryPack.Time, offset: Int64, isSuspect: Bool)] = [
            (.auto, .none, 0, false),
            (.auto, absolute(-60_000), -60_000, false),
            (.auto, absolute(60_000), 60_000, false),
            (.auto, absolute(-60_001), 0, true),
            (.auto, absolute(60_001), 0, true),
            (.auto, .relative(Milliseconds(-5000)), -5000, false),
            (.auto, .relative(Milliseconds(-70_000)), 0, true),
            (.auto, .absolute(.distantPast), 0, true),
            (.auto, .absolute(.distantFuture), 0, true),
            (.device, .none, 0, false),
            (.device, absolute(-86_400_000), -86_400_000, false),
            (.device, absolute(60_000), 60_000, false),
            (.device, absolute(60_001), 0, true),
            (.device, .relative(Milliseconds(-70_000)), -70_000, false),
            (.arrival, .none, 0, false),
            (.arrival, absolute(-1000), 0, false),
            (.arrival, .absolute(.distantFuture), 0, false),
        ]

    @Test("the policy decides whether the device is believed", arguments: cases.indices)
    func policy(_ index: Int) {
        let (policy, time, offset, isSuspect) = Self.cases[index]
        let eventTime = EventTime(policy: policy, skewMax: .minute)
        let resolved = eventTime.resolve(time, arrival: Self.arrival)
        #expect(resolved.time == Self.arrival + Milliseconds(offset), "\(policy) \(time)")
        #expect(resolved.isSuspect == isSuspect, "\(policy) \(time)")
    }
}

@Suite("Histogram of durations")
struct HistogramTests {
    @Test("nothing recorded has no quantile")
    func empty() { #expect(Histogram().quantile(0.5) == nil) }

    @Test("a quantile is right to within a sixteenth", arguments: [0.01, 0.5, 0.9, 0.99, 1])
    func quantiles(_ share: Double) throws {
        var histogram = Histogram()
        for value in (1...UInt64(10_000)).shuffled() { histogram.record(microseconds: value) }
        let exact = share * 10_000
        let told = Double(try #require(histogram.quantile(share)))
        #expect(told >= exact)
        #expect(told <= exact * (1 + 1.0 / 16))
        #expect(histogram.count == 10_000)
        #expect(histogram.maximum == 10_000)
    }

    @Test("below 16 it is exact, and never above the maximum")
    func small() {
        var histogram = Histogram()
        for value in [UInt64(0), 3, 15, 1000] { histogram.record(microseconds: value) }
        #expect([0.25, 0.5, 0.75, 1].map { histogram.quantile($0) } == [0, 3, 15, 1000])
    }

    @Test("the longest duration there is fits in")
    func huge() {
        var histogram = Histogram()
        histogram.record(microseconds: .max)
        #expect(histogram.maximum == .max)
        #expect(histogram.quantile(0.5) != nil)
    }
}

/// A generator for tests whose seed is printed with a failure.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
