import Language
import Model
import Streams
import Testing

/// One call that looks ahead on column `x`, with one key.
private struct Ahead {
    var table: CallTable
    var row: [Value?] = [nil, nil]
    var time = Instant(milliseconds: 600_000_000)

    init(_ aim: Outlook.Aim, season: Int = 0) throws {
        let outlook = Outlook(aim, step: .minute, season: season)
        table = CallTable([Call(.outlook(outlook), of: try columnX(), type: .number)])
    }

    /// What is known after a value that comes `seconds` after the one before.
    @discardableResult
    mutating func take(_ x: Double?, after seconds: Double = 60) -> Double? {
        time = time + Milliseconds(Int64(seconds * 1000))
        row[0] = x.map { .number($0) }
        table.fill(&row, from: 1, key: 0, at: time)
        return row[1]?.double
    }

    /// The same state after a restart.
    mutating func restart() throws {
        var writer = ByteWriter()
        table.write(into: &writer)
        var fresh = CallTable(table.calls)
        var reader = ByteReader(writer.bytes)
        try fresh.restore(from: &reader, keys: 1)
        #expect(reader.isAtEnd)
        var again = ByteWriter()
        fresh.write(into: &again)
        #expect(again.bytes == writer.bytes)
        table = fresh
    }
}

private func above(_ value: Double) -> Outlook.Limit { .init(value, isAbove: true) }
private func below(_ value: Double) -> Outlook.Limit { .init(value, isAbove: false) }

@Suite("Functions that look ahead")
struct OutlookTests {
    @Test func `a line goes on, from as soon as a verdict is possible`() throws {
        var ahead = try Ahead(.value(steps: 5))
        let heard = (0..<60).map { ahead.take(Double($0)) }
        let first = try #require(heard.firstIndex { $0 != nil })
        // Eight places in the past, five steps behind each, and as much before them.
        #expect(first == 23)
        for (place, value) in heard.enumerated().dropFirst(first) {
            // The step before this value's is the last that is closed.
            #expect(isClose(value, Double(place - 1 + 5)))
        }
    }

    @Test func `several values of a step count with their mean, and only a new step is work`()
        throws
    {
        var ahead = try Ahead(.value(steps: 3))
        for step in 0..<40 { ahead.take(Double(step)) }
        let known = ahead.take(40, after: 60)
        for value in [90.0, -10] { #expect(ahead.take(value, after: 10) == known) }
        // 40, 90 and -10 are again 40.
        #expect(isClose(ahead.take(41, after: 40), 43))
        #expect(ahead.table.takeUnskilled() == 0)
    }

    @Test func `a random walk leads nowhere, which is counted`() throws {
        var ahead = try Ahead(.value(steps: 4))
        var sum = 0.0
        var (known, steps) = (0, 0)
        for step in noise(3, 200, mean: 0, sigma: 1) {
            sum += step
            if ahead.take(sum) != nil { known += 1 }
            steps += 1
        }
        let unskilled = ahead.table.takeUnskilled()
        #expect(unskilled > 80 && known < 110, "\(unskilled) of \(steps), \(known) known")
        #expect(ahead.table.takeUnskilled() == 0)
    }

    @Test func `a season is known after two of them`() throws {
        var ahead = try Ahead(.value(steps: 6), season: 24)
        var worst = 0.0
        for (step, noise) in noise(4, 240, mean: 0, sigma: 0.1).enumerated() {
            func wave(_ step: Int) -> Double { [5.0, -1, -1, -3][step % 24 / 6] }
            guard let value = ahead.take(wave(step) + noise), step > 120 else { continue }
            worst = max(worst, (value - wave(step - 1 + 6)).magnitude)
        }
        #expect(worst > 0 && worst < 1.5, "\(worst)")
    }

    @Test func `the time to a limit runs down until it is reached`() throws {
        for isRising in [true, false] {
            let sign = isRising ? 1.0 : -1
            var ahead = try Ahead(.crossing(isRising ? above(80) : below(-80)))
            for step in 0..<60 { ahead.take(sign * Double(step)) }
            // At 79 it is one minute more.
            for step in 60..<80 {
                #expect(isClose(ahead.take(sign * Double(step)), Double(80 - step) * 60, 1e-6))
            }
            #expect(ahead.take(sign * 80) == 0)
            #expect(ahead.take(sign * 99) == 0)
            #expect(ahead.take(nil) == nil)
        }
    }

    @Test func `what leads elsewhere has no time, and what has been beyond has none left`() throws {
        var ahead = try Ahead(.crossing(above(80)))
        for step in 0..<60 { #expect(ahead.take(70 - Double(step)) == nil) }
        ahead = try Ahead(.crossing(above(80)))
        for step in noise(5, 60, mean: 70, sigma: 1) { #expect(ahead.take(step) == nil) }
        // A value below, where the trend is above.
        ahead = try Ahead(.crossing(above(80)))
        for step in 0..<100 { ahead.take(Double(step)) }
        #expect(ahead.take(79) == 0)
    }

    @Test func `what grows by a share wears out along a curve`() throws {
        var life = try Ahead(.life(above(100)))
        var line = try Ahead(.crossing(above(100)))
        var value = 1.0
        for _ in 0..<60 {
            life.take(value)
            line.take(value)
            value *= 1.05
        }
        // 1.05 ^ n is 100 after 94.39 steps.
        #expect(isClose(life.take(value), (94.387 - 60) * 60, 1e-2))
        #expect(line.take(value) == nil && line.table.takeUnskilled() > 0)
    }

    @Test func `gaps are drawn over, but not more than half, and not into the future`() throws {
        var ahead = try Ahead(.value(steps: 3))
        for step in 0..<100 where step % 5 != 0 {
            ahead.take(Double(step), after: step % 5 == 1 ? 120 : 60)
        }
        // 99 is closed; what is asked for is three steps behind the one before this.
        #expect(isClose(ahead.take(0, after: 180), 104))
        #expect(ahead.take(0, after: 300) == nil)
        ahead = try Ahead(.value(steps: 3))
        for step in 0..<100 { #expect(ahead.take(Double(step), after: 180) == nil) }
        // After a silence longer than what is remembered all begins anew.
        ahead = try Ahead(.value(steps: 3))
        for step in 0..<50 { ahead.take(Double(step)) }
        ahead.take(50, after: 100_000)
        for step in 0..<17 { #expect(ahead.take(Double(step)) == nil) }
    }

    @Test func `values that are missing or absurd are no values`() throws {
        var ahead = try Ahead(.value(steps: 3))
        for step in 0..<50 { ahead.take(Double(step)) }
        #expect(ahead.take(nil) == nil && ahead.take(1e200, after: 0) == nil)
        #expect(isClose(ahead.take(50, after: 0), 52))
    }

    @Test func `a restart at any value changes nothing`() throws {
        let aims: [Outlook.Aim] = [
            .value(steps: 4), .crossing(above(30)), .life(above(30)), .crossing(below(-3)),
        ]
        for aim in aims {
            var whole = try Ahead(aim, season: aim == .value(steps: 4) ? 6 : 0)
            var restored = whole
            for (step, noise) in noise(6, 150, mean: 0, sigma: 1).enumerated() {
                let value = 0.1 * Double(step) + noise + Double(step % 6)
                let seconds = step % 50 == 7 ? 240.0 : step % 3 == 0 ? 20 : 55
                let expected = whole.take(value, after: seconds)
                #expect(restored.take(value, after: seconds) == expected)
                try restored.restart()
            }
        }
    }

    @Test func `damage throws, and never traps`() throws {
        for aim in [Outlook.Aim.value(steps: 2), .crossing(above(1e3)), .life(above(1e3))] {
            var ahead = try Ahead(aim, season: aim == .value(steps: 2) ? 4 : 0)
            for (step, noise) in noise(7, 60, mean: 5, sigma: 0.1).enumerated() {
                ahead.take(Double(step % 4) + Double(step) + noise)
            }
            var writer = ByteWriter()
            ahead.table.write(into: &writer)
            for end in stride(from: 0, to: writer.bytes.count, by: 7) {
                var reader = ByteReader(Array(writer.bytes[..<end]))
                var table = CallTable(ahead.table.calls)
                #expect(throws: RecordError.self) { try table.restore(from: &reader, keys: 1) }
            }
            var random = SplitMix64(state: 5)
            for _ in 0..<1500 {
                var bytes = writer.bytes
                // The first and the last are what is not the history.
                let place = Int(random.next() % 60)
                bytes[random.next() % 2 == 0 ? place : bytes.count - 1 - place] = UInt8(
                    truncatingIfNeeded: random.next())
                var damaged = ahead
                var reader = ByteReader(bytes)
                guard (try? damaged.table.restore(from: &reader, keys: 1)) != nil else { continue }
                for value in 0..<6 {
                    if let found = damaged.take(Double(value)), !found.isFinite {
                        Issue.record("\(aim): \(found)")
                    }
                }
            }
        }
    }

    @Test func `a key takes the stated bytes, which a plan counts`() throws {
        let ahead = try Ahead(.value(steps: 2))
        #expect(ahead.table.bytesPerKey > 256 * 8 && ahead.table.bytesPerKey < 256 * 8 + 256)
        let story = Story([stream([("hot", "time_to(t > 80) < 1h")])])
        let part = try #require(
            story.processor.memoryBounds(registry: story.registry).first?.parts.first {
                $0.what == "pattern hot"
            })
        #expect(part.bytesEach > 2048)
    }

    /// In any order within the lateness and with restarts, patterns and steps tell the same.
    @Test(arguments: [
        "time_to(t > 80) < 20m cooldown 1h", "forecast(t, 6m, step: 1m) > 70 cooldown 1h",
        "avg(forecast(t, 6m, step: 1m)) over 5m > 70 cooldown 1h",
    ])
    func order(condition: String) throws {
        var lines: [(time: Int, text: String)] = []
        for step in 0..<90 {
            for (device, slope) in [("a", 1), ("b", 0)] {
                lines.append((step * 60 + 7, "\(step * 60 + 7) \(device) \(step * slope)"))
            }
        }
        lines.append((9999, "9999 c 0"))
        func heard(_ lines: [(time: Int, text: String)], restarts: Bool) throws -> [String] {
            var story = Story([stream([("m", condition)], lateness: "300s", idle: "1d")])
            #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
            var heard: [String] = []
            for (place, line) in lines.enumerated() {
                heard += story.step(line.text + " \(line.time)")
                guard restarts, place % 10 == 0 else { continue }
                var writer = ByteWriter()
                story.processor.snapshot(into: &writer)
                var fresh = Story(story.streams)
                var reader = ByteReader(writer.bytes)
                try fresh.processor.restore(from: &reader)
                story.processor = fresh.processor
            }
            return heard
        }
        let expected = try heard(lines, restarts: false)
        #expect(expected.count == 1 && expected[0].contains(" a "))
        var random = SplitMix64(state: 8)
        for restarts in [false, true] {
            // Up to four minutes late.
            let mixed = lines.map { ($0.time + Int(random.next() % 240), $0) }
                .sorted { $0.0 < $1.0 }.map(\.1)
            #expect(try heard(mixed, restarts: restarts) == expected)
        }
    }

    @Test func `without skill a stream counts, in patterns, steps and behind windows`() throws {
        func unskilled(_ stories: Story) -> UInt64 {
            var story = stories
            #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
            var sum = 0.0
            for (step, noise) in noise(3, 200, mean: 0, sigma: 1).enumerated() {
                sum += noise
                _ = story.step("\(step * 60) a \(sum)")
            }
            return story.counters.unskilled
        }
        let text = "forecast(t, 4m, step: 1m)"
        #expect(unskilled(Story([stream([("m", text + " > 1e9")])])) > 20)
        var derived = stream([("m", "f > 1e9")])
        derived.processing = [.derive(name: Located("f"), expression: Located(text))]
        #expect(unskilled(Story([derived])) > 20)
        var behind = stream([], window: "1m", measures: [("t", "avg")])
        behind.processing.append(.derive(name: Located("f"), expression: Located(text)))
        #expect(unskilled(Story([behind])) > 20)
        let windowed = stream(
            [("m", text + " > 1e9")], window: "1m", measures: [("t", "avg")])
        #expect(unskilled(Story([windowed])) > 20)
    }
}
