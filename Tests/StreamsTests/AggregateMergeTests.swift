import Language
import Model
import Streams
import Testing

/// Whatever the order of arrival, and however the values were split among partials, the merged
/// partial is the same, byte for byte.
@Suite("Merging aggregates")
struct AggregateMergeTests {
    private struct Sample {
        var value: Value
        var time: Instant
        var second: Double
    }

    private func samples(_ count: Int, _ random: inout SplitMix64) -> [Sample] {
        let scale: Double = [1e-5, 1, 1000, 1e9].randomElement(using: &random) ?? 1
        let offset: Double = [0, 20, -1e6].randomElement(using: &random) ?? 0
        let isCoarse = Bool.random(using: &random)
        return (0..<count).map { index in
            var value = Double.random(in: -1...1, using: &random) * scale + offset
            if isCoarse { value = (value * 10).rounded() / 10 }
            return Sample(
                value: index % 50 == 7 ? .integer(Int64(index)) : .number(value),
                time: Instant(
                    milliseconds: 1_767_225_600_000 + Int64.random(in: 0...60_000, using: &random)),
                second: Double.random(in: -5...5, using: &random))
        }
    }

    private func gathered(
        _ samples: [Sample], needs: AggregatePartial.Needs, parts: Int,
        _ random: inout SplitMix64
    ) -> AggregatePartial {
        var partials = Array(repeating: AggregatePartial(), count: parts)
        for sample in samples.shuffled(using: &random) {
            let part = Int.random(in: 0..<parts, using: &random)
            partials[part].add(sample.value, needs: needs, at: sample.time, with: sample.second)
        }
        while partials.count > 1 {
            partials.shuffle(using: &random)
            let last = partials.removeLast()
            partials[0].merge(last)
        }
        return partials[0]
    }

    private func bytes(_ partial: AggregatePartial) -> [UInt8] {
        var writer = ByteWriter()
        partial.write(into: &writer)
        return writer.bytes
    }

    @Test("any split in any order is the whole", arguments: AggregateFunction.allCases)
    func anySplit(_ function: AggregateFunction) throws {
        // The timeline is only promised for points that are not too far out of order.
        let needs = AggregatePartial.Needs(function)
        let sizes = needs.contains(.timeline) ? [0, 1, 2, 60, 500] : [0, 1, 2, 60, 500, 2000]
        for seed in UInt64(1)...4 {
            var random = SplitMix64(state: seed)
            for size in sizes {
                let samples = samples(size, &random)
                let whole = gathered(samples, needs: needs, parts: 1, &random)
                for parts in [1, 2, 5, 16] {
                    let merged = gathered(samples, needs: needs, parts: parts, &random)
                    #expect(merged == whole, "seed \(seed), \(size) in \(parts)")
                    #expect(bytes(merged) == bytes(whole), "seed \(seed), \(size) in \(parts)")
                    #expect(
                        merged.result(of: function, quantile: 0.9, type: .number)
                            == whole.result(of: function, quantile: 0.9, type: .number))
                }
                var reader = ByteReader(bytes(whole))
                let read = try AggregatePartial(from: &reader)
                #expect(read == whole && reader.isAtEnd)
                #expect(
                    read.result(of: function, quantile: 0.9, type: .number)
                        == whole.result(of: function, quantile: 0.9, type: .number))
                for cut in stride(from: 0, to: bytes(whole).count, by: 97) {
                    var short = ByteReader(Array(bytes(whole)[..<cut]))
                    #expect(throws: RecordError.self) { try AggregatePartial(from: &short) }
                }
            }
        }
    }

    /// Cut anywhere, also where no value lies, and merged in the order of time, with and without
    /// what only stragglers could need.
    @Test("panes merged in the order of time are the whole", arguments: AggregateFunction.allCases)
    func panes(_ function: AggregateFunction) {
        let needs = AggregatePartial.Needs(function)
        for seed in UInt64(1)...6 {
            var random = SplitMix64(state: seed)
            for size in [1, 2, 7, 500, 3000] {
                let samples = samples(size, &random).sorted { $0.time < $1.time }
                var whole = AggregatePartial()
                var panes = [AggregatePartial()]
                for (index, sample) in samples.enumerated() {
                    if Int.random(in: 0..<max(2, size / 10), using: &random) == 0 {
                        panes.append(AggregatePartial())
                    }
                    whole.add(
                        sample.value, needs: needs, at: sample.time, order: UInt64(index),
                        with: sample.second)
                    panes[panes.count - 1].add(
                        sample.value, needs: needs, at: sample.time, order: UInt64(index),
                        with: sample.second)
                }
                for isSealed in [false, true] {
                    var merged = AggregatePartial()
                    for pane in panes {
                        merged.merge(pane)
                        if isSealed { merged.seal() }
                    }
                    let place: Comment = "seed \(seed), \(size) in \(panes.count), \(isSealed)"
                    if !isSealed { #expect(bytes(merged) == bytes(whole), place) }
                    #expect(
                        merged.result(of: function, quantile: 0.9, type: .number)
                            == whole.result(of: function, quantile: 0.9, type: .number), place)
                    #expect(merged.exactness(of: function) == whole.exactness(of: function), place)
                }
                let reduced = whole.reduced(to: needs)
                #expect(bytes(reduced) == bytes(whole))
            }
        }
    }

    @Test("what is not asked for is not carried along")
    func reduced() {
        let all = partial(of: (0..<600).map { Double($0) / 7 }, for: AggregateFunction.allCases)
        for function in AggregateFunction.allCases where function != .correlation {
            let needs = AggregatePartial.Needs(function)
            let part = all.reduced(to: needs)
            #expect(
                part.result(of: function, quantile: 0.9, type: .number)
                    == all.result(of: function, quantile: 0.9, type: .number), "\(function)")
            #expect(bytes(part).count < bytes(all).count)
        }
    }

    @Test("more than 512 different values: within the stated error")
    func quantiles() throws {
        for seed in UInt64(1)...5 {
            var random = SplitMix64(state: seed)
            var values = (0..<5000).map { _ in
                let sum = (0..<6).reduce(0.0) { sum, _ in
                    sum + Double.random(in: -1...1, using: &random)
                }
                return 20 + 4 * sum
            }
            values += [1e6, -40]
            let partial = partial(of: values, for: [.percentile])
            guard case .error(let bound) = partial.exactness(of: .percentile) else {
                Issue.record("5000 doubles cannot be exact")
                return
            }
            #expect(bound > 0 && bound <= 0.0625)
            let sorted = values.sorted()
            for quantile in [0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 1] {
                let place = quantile * Double(sorted.count - 1)
                let (low, rest) = (Int(place), place - place.rounded(.down))
                let exact =
                    sorted[low] + (sorted[min(low + 1, sorted.count - 1)] - sorted[low]) * rest
                let result = try #require(
                    partial.result(of: .percentile, quantile: quantile, type: .number)?.double)
                #expect(abs(result - exact) <= bound * (1 + 1e-9), "seed \(seed), \(quantile)")
            }
        }
    }

    @Test("a sensor with a resolution stays exact for ever")
    func resolution() {
        var random = SplitMix64(state: 3)
        let values = (0..<20_000).map { _ in
            Double(Int.random(in: 150...400, using: &random)) / 10
        }
        let partial = partial(of: values, for: [.percentile])
        #expect(partial.exactness(of: .percentile) == .exact)
        let sorted = values.sorted()
        #expect(
            partial.result(of: .median, type: .number)
                == .number((sorted[9999] + sorted[10_000]) / 2))
    }

    @Test("distinct counts are exact up to 512, then within the stated error")
    func distinct() {
        var partial = AggregatePartial()
        for number in 0..<512 {
            for _ in 0..<2 {
                partial.add(.text("device-\(number)"), needs: AggregatePartial.Needs(.distinct))
            }
        }
        #expect(partial.result(of: .distinct, type: .integer) == .integer(512))
        #expect(partial.exactness(of: .distinct) == .exact)
        for (count, known) in [(1000, 512), (10_000, 1000), (100_000, 10_000)] {
            for number in known..<count {
                partial.add(.text("device-\(number)"), needs: AggregatePartial.Needs(.distinct))
            }
            let result = partial.result(of: .approxDistinct, type: .integer)?.double ?? 0
            guard case .error(let bound) = partial.exactness(of: .distinct) else {
                Issue.record("\(count) cannot be exact")
                return
            }
            #expect(bound < 0.06 * Double(count))
            #expect(abs(result - Double(count)) <= bound)
        }
    }

    @Test("an area of many points: exact in parts that follow each other, bounded where not")
    func area() {
        var random = SplitMix64(state: 5)
        let needs = AggregatePartial.Needs(.integral)
        let values = (0..<4000).map { _ in Double.random(in: 0...1, using: &random) }
        let whole = partial(of: values, for: [.integral])
        func part(_ range: some Sequence<Int>) -> AggregatePartial {
            var partial = AggregatePartial()
            for index in range {
                partial.add(
                    .number(values[index]), needs: needs,
                    at: Instant(milliseconds: 1_767_225_600_000 + Int64(index) * 1000))
            }
            return partial
        }
        let parts = [part(0..<1500), part(1500..<1600), part(1600..<4000)]
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
            var merged = parts[order[0]]
            merged.merge(parts[order[1]])
            merged.merge(parts[order[2]])
            #expect(merged.exactness(of: .integral) == .exact, "\(order)")
            #expect(bytes(merged) == bytes(whole), "\(order)")
        }
        var mixed = part(stride(from: 0, to: 4000, by: 2))
        mixed.merge(part(stride(from: 1, to: 4000, by: 2)))
        guard case .error(let bound) = mixed.exactness(of: .integral),
            let result = mixed.result(of: .integral, type: .number)?.double,
            let exact = whole.result(of: .integral, type: .number)?.double
        else {
            Issue.record("interleaved parts cannot be exact")
            return
        }
        #expect(abs(result - exact) <= bound)
    }
}
