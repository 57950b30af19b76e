import Language
import Model
import Testing

/// Whatever the text is, compiling ends in a program or in an error at a place within it, and
/// running what compiled never traps.
@Suite struct FuzzTests {
    private static let valid = [
        "temperature > 0 and temperature < 50", "max_temp - min_temp > 5 within 5m",
        "avg(x) over 10m > 30 degC for 3 consecutive events cooldown 1h30m",
        "mode in [\"cool\", 'heat'] or not door and label is not missing",
        "coalesce(x, y, -1.5e3) % 7 between n and clamp(m, 0, 9223372036854775807)",
        "count(temperature > 86 degF) >= 3 within 10m", "humidity > 50% and power < 5 kW",
        "last_reading - 1h > \"2026-07-15T14:00:00Z\"", "round(abs(-x) * n / m) != min2(n, 4)",
        "`window` = 3 then no data for 5m", "größe > 5 °C", "x not in [1, 2, 3] for 3 of 5 windows",
        "open: door at least 2 times then x > open.x + avg(open.y) within 1h overlapping per zone",
        "x > 1 without y > 1 then no (x > 1 or door) for 5m until m changed cooldown 1m",
        "at least 20% devices in zone: avg(x) over 6 events > rate(x per 1s)",
        "zscore(delta(x), window: 60) > 3 or hour() > 3 immediately then x crosses above y",
        "time_to(temperature > 80, step: 10s) < 2h or forecast(x, 1h, season: 24h) > 5 kW",
        "previous(x, n: 3) is not stale after 5m or x changed by > 4 for 3 consecutive events",
    ]

    private func run(_ text: String, _ rows: [[Value?]], seed: UInt64) {
        for schema in [climate, windowed] {
            var diagnostics: [Diagnostic] = []
            let located = Located(text, at: Place(file: "f", line: 1, column: 1))
            let rule = Rule.compile(located, schema: schema, diagnostics: &diagnostics)
            let program = Program.compile(
                located, schema: schema, expecting: nil, diagnostics: &diagnostics)
            #expect(
                (rule == nil || program == nil) == !diagnostics.isEmpty, "seed \(seed): \(text)")
            for diagnostic in diagnostics {
                let isInside = diagnostic.place.column >= 1 && diagnostic.length >= 1
                #expect(isInside, "seed \(seed): \(text)")
                _ = diagnostic.render(sourceLine: text)
            }
            for row in rows {
                if let rule { _ = rule.onlyCondition?.holds(row) }
                guard let program else { continue }
                if case .number(let value)? = program.evaluate(row) {
                    #expect(value.isFinite, "seed \(seed): \(text)")
                }
            }
        }
    }

    private func rows(_ random: inout SplitMix64) -> [[Value?]] {
        let values: [Value?] = [
            nil, .integer(.max), .integer(.min), .integer(0), .integer(-1), .number(1e308),
            .number(-1e308), .number(.nan), .number(.infinity), .number(0), .text("cool"),
            .boolean(true), .timestamp(.distantPast), .timestamp(.distantFuture),
        ]
        return (0..<6).map { _ in
            (0..<Int.random(in: 0...24, using: &random)).map { _ in
                values.randomElement(using: &random) ?? nil
            }
        }
    }

    @Test func `random bytes`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("random bytes: seed \(seed)")
        var random = SplitMix64(seed)
        let alphabet = Array("0123 abm_.()[]<>=!&|+-*/%\"'`,:;$\\\t\n°é{}eEsmhdw".utf8)
        for _ in 0..<250 {
            let isRaw = Bool.random(using: &random)
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                isRaw
                    ? UInt8.random(in: 0...255, using: &random)
                    : alphabet.randomElement(using: &random) ?? 0
            }
            run(String(decoding: bytes, as: UTF8.self), rows(&random), seed: seed)
        }
    }

    @Test func `mutated valid texts`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("mutated texts: seed \(seed)")
        var random = SplitMix64(seed)
        for _ in 0..<250 {
            var bytes = Array((FuzzTests.valid.randomElement(using: &random) ?? "").utf8)
            let other = Array((FuzzTests.valid.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                let end = Int.random(in: at...bytes.count, using: &random)
                let from = Int.random(in: 0..<other.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes.removeSubrange(at..<end)
                case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes.insert(contentsOf: other[from...], at: at)
                case 3: bytes.insert(contentsOf: bytes[at..<end], at: end)
                default: bytes = Array(bytes[..<at]) + other[from...]
                }
            }
            run(String(decoding: bytes, as: UTF8.self), rows(&random), seed: seed)
        }
    }

    @Test func `deep and long texts`() {
        let parts = [
            "(", "abs(", "not ", "- ", "x + ", "x and ", "x between ", "x in [", "1 < ", "x = (",
            "coalesce(x, ", "\"", "1 % ", "avg(", "x is not ", "for ", "x,", "count(door or ",
            "a: x then ", "no ", "any devices: ", "x changed by > ", "x is stale after ", "delta(",
        ]
        for part in parts {
            for count in [63, 64, 400] {
                let head = String(repeating: part, count: count)
                run(head, [[]], seed: 0)
                run(head + "x" + String(repeating: ")", count: count), [[]], seed: 0)
            }
        }
    }
}

/// Steele, Lea and Flood's generator: small, and the same everywhere for a seed.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
