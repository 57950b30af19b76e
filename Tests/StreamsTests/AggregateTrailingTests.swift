import Language
import Model
import Testing

@testable import Streams

@Suite("Trailing aggregates")
struct AggregateTrailingTests {
    private let schema = Schema(columns: [
        .init(name: "x", type: .number), .init(name: "y", type: .number),
    ])

    private func program(_ text: String) throws -> Program {
        var diagnostics: [Diagnostic] = []
        return try #require(
            Program.compile(
                Located(text), schema: schema, expecting: .number, diagnostics: &diagnostics))
    }

    private func close(_ left: Value?, _ right: Value?) -> Bool {
        if left == right { return true }
        guard let left = left?.double, let right = right?.double else { return false }
        return abs(left - right) <= 1e-12 * max(1, abs(left))
    }

    @Test("row by row the same as looking back", arguments: AggregateFunction.allCases)
    func reference(_ function: AggregateFunction) throws {
        let (x, y) = (try program("x"), try program("y"))
        let needs = AggregatePartial.Needs(function)
        for (seed, events) in [(UInt64(1), nil), (2, 7), (3, nil), (4, 40)] as [(UInt64, Int?)] {
            var random = SplitMix64(state: seed)
            let call = AggregateCall(
                function: function, argument: .program(x), over: .seconds(20),
                quantile: function == .percentile ? 0.9 : nil, events: events, second: y)
            var trailing = TrailingAggregate()
            var history: [(time: Instant, x: Double?, y: Double)] = []
            var time = Instant(milliseconds: 1_767_225_600_000)
            for step in 0..<300 {
                time = time + Milliseconds(Int64.random(in: 0...3000, using: &random))
                let value: Double? =
                    Int.random(in: 0..<10, using: &random) == 0
                    ? nil : Double(Int.random(in: -30...30, using: &random)) / 4
                history.append((time, value, Double.random(in: 0...1, using: &random)))
                let row: [Value?] = [
                    value.map { .number($0) }, .number(history[history.count - 1].y),
                ]
                let kept = trailing.add(call, row, [], at: time, limit: 1000)
                #expect(kept)
                var expected = AggregatePartial()
                for (order, old) in history.enumerated() {
                    let isIn =
                        events.map { order >= history.count - $0 }
                        ?? (old.time > time - call.over)
                    guard isIn, let x = old.x else { continue }
                    expected.add(
                        .number(x), needs: needs, at: old.time, order: UInt64(order), with: old.y)
                }
                let result = trailing.result(of: call)
                let wanted = expected.result(
                    of: function, quantile: call.quantile, type: function.resultType(of: .number))
                #expect(close(result, wanted), "seed \(seed), step \(step)")
                if step % 60 == 59 {
                    var writer = ByteWriter()
                    trailing.write(into: &writer)
                    var reader = ByteReader(writer.bytes)
                    trailing = try TrailingAggregate(call, from: &reader)
                    #expect(reader.isAtEnd)
                }
            }
        }
    }

    @Test("partials of windows merge over the span", arguments: AggregateFunction.allCases)
    func partials(_ function: AggregateFunction) throws {
        let call = AggregateCall(
            function: function, argument: .column(0), over: .minute * 5, quantile: 0.25)
        var random = SplitMix64(state: 9)
        var trailing = TrailingAggregate()
        var windows: [AggregatePartial] = []
        for index in 0..<40 {
            let end = Instant(milliseconds: 1_767_225_600_000) + .minute * Int64(index + 1)
            var window = AggregatePartial()
            for order in 0..<Int.random(in: 1...20, using: &random) {
                window.add(
                    .number(Double(Int.random(in: 0...99, using: &random))),
                    needs: AggregatePartial.Needs(function), at: end - .seconds(30),
                    order: UInt64(order), with: Double.random(in: 0...1, using: &random))
            }
            windows.append(window)
            let kept = trailing.add(call, [nil], [window], at: end, limit: 100)
            #expect(kept)
            var expected = AggregatePartial()
            for window in windows.suffix(5) { expected.merge(window) }
            #expect(
                trailing.result(of: call)
                    == expected.result(
                        of: function, quantile: 0.25, type: function.resultType(of: .number)),
                "window \(index)")
        }
    }

    @Test("a limit forgets the oldest and says so")
    func limit() throws {
        let call = AggregateCall(function: .sum, argument: .program(try program("x")), over: .day)
        var trailing = TrailingAggregate()
        let time = Instant(milliseconds: 0)
        let kept = (1...4).map {
            trailing.add(call, [.number(Double($0)), nil], [], at: time, limit: 3)
        }
        #expect(kept == [true, true, true, false])
        #expect(trailing.result(of: call) == .number(9))
    }
}
