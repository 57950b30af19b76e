import Language
import Model
import Streams
import Testing

@Suite("Functions that remember rows")
struct CallTableTests {
    @Test func `previous tells the value n rows of the key earlier`() throws {
        var table = CallTable([
            Call(.previous(1), of: try columnX(.text), type: .text),
            Call(.previous(3), of: try columnX(.text), type: .text),
        ])
        var heard: [String] = []
        for (key, text) in [(0, "a"), (1, "z"), (0, "b"), (0, nil), (0, "d"), (1, "y"), (0, "e")] {
            var row: [Value?] = [text.map { .text($0) }, nil, nil]
            table.fill(&row, from: 1, key: key, at: Instant(milliseconds: 0))
            heard.append(row[1...].map { $0?.description ?? "-" }.joined(separator: " "))
        }
        #expect(heard == ["- -", "- -", "a -", "b -", "- a", "z -", "d b"])
    }

    @Test func `elapsed is the time since the key's row before`() throws {
        var table = CallTable([Call(.elapsed, of: try columnX(), type: .number)])
        var heard: [Value?] = []
        for (key, time) in [(0, 1000), (1, 1500), (0, 1250), (0, 1250), (1, 4500)] {
            var row: [Value?] = [nil, .number(7)]
            table.fill(&row, from: 1, key: key, at: Instant(milliseconds: Int64(time)))
            heard.append(row[1])
        }
        #expect(heard == [nil, nil, .number(0.25), .number(0), .number(3)])
    }

    @Test func `a value is stale when it was there longer ago than that`() throws {
        var table = CallTable([
            Call(.stale(after: .second), of: try columnX(), type: .boolean),
            Call(.stale(after: .second * 2), of: try columnX(), type: .boolean),
        ])
        func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }
        var row: [Value?] = [nil, nil, nil]
        table.fill(&row, from: 1, key: 0, at: at(0))
        #expect(row == [nil, nil, nil])
        #expect(table.nextStale(key: 0, after: at(0)) == nil)
        #expect(table.nextStale(key: 5, after: at(0)) == nil)
        row[0] = .number(1)
        table.fill(&row, from: 1, key: 0, at: at(100))
        #expect(row[1...] == [.boolean(false), .boolean(false)])
        #expect(table.nextStale(key: 0, after: at(100)) == at(1101))
        table.fillStale(&row, from: 1, key: 0, at: at(1101))
        #expect(row[1...] == [.boolean(true), .boolean(false)])
        #expect(table.nextStale(key: 0, after: at(1101)) == at(2101))
        // A row without the value does not refresh it.
        row[0] = nil
        table.fill(&row, from: 1, key: 0, at: at(1100))
        #expect(row[1...] == [.boolean(false), .boolean(false)])
        table.fill(&row, from: 1, key: 0, at: at(2101))
        #expect(row[1...] == [.boolean(true), .boolean(true)])
        #expect(table.nextStale(key: 0, after: at(2101)) == nil)
        table.fillStale(&row, from: 1, key: 5, at: at(9999))
        table.fillStale(&row, from: 1, key: 0, at: at(500))
        #expect(row[1...] == [.boolean(false), .boolean(false)])
    }

    @Test func `a call may read the slots of earlier calls`() throws {
        var diagnostics: [Diagnostic] = []
        let schema = Schema(columns: [
            .init(name: "x", type: .number), .init(name: "before", type: .number),
        ])
        let change = try #require(
            Program.compile(
                Located("x - before"), schema: schema, expecting: nil, diagnostics: &diagnostics))
        var table = CallTable([
            Call(.previous(1), of: try columnX(), type: .number),
            Call(.previous(1), of: change, type: .number),
        ])
        var heard: [Value?] = []
        for x in [1.0, 3, 6, 10] {
            var row: [Value?] = [.number(x), .text("left over"), .text("left over")]
            table.fill(&row, from: 1, key: 0, at: Instant(milliseconds: 0))
            heard.append(row[2])
        }
        #expect(heard == [nil, nil, .number(2), .number(3)])
    }

    @Test(arguments: Detector.allCases)
    func `what cannot be looked at leaves the detector as it is`(detector: Detector) throws {
        let parameters = detector == .hysteresis ? [21, 19] : small(detector)
        var clean = try Watch(detector, parameters)
        var disturbed = clean
        for value in noise(4, 300) {
            #expect(disturbed.score(nil, after: 0) == nil)
            for bad in [1.1e150, -1e308] { #expect(disturbed.score(bad, after: 0) == nil) }
            #expect(clean.score(value) == disturbed.score(value))
        }
    }

    /// Parameters with which a short series leaves the warm-up.
    private func small(_ detector: Detector) -> [Double] {
        var result = detector.filled([])
        for (index, parameter) in detector.parameters.enumerated() {
            switch parameter.name {
            case "window": result[index] = 20
            case "training": result[index] = 10
            case "season": result[index] = 7
            case "trees": result[index] = 3
            case "depth": result[index] = 4
            default: break
            }
        }
        return result
    }

    @Test(arguments: Detector.allCases)
    func `scores are finite, whatever comes`(detector: Detector) throws {
        let hostile: [Double] = [
            0, -0.0, 1e150, -1e150, .leastNonzeroMagnitude, 1e-300, 1, 1, 1, 1, 1e150, 1e150,
            -1e150, 1e9, 1e9 + 1,
        ]
        for extreme in [false, true] {
            let parameters = zip(detector.parameters, small(detector)).map { parameter, value in
                extreme && ["alpha", "beta", "gamma", "lambda"].contains(parameter.name)
                    ? parameter.range.upperBound : value
            }
            var watch = try Watch(detector, parameters)
            var random = SplitMix64(state: 3)
            var scores = 0
            for index in 0..<1200 {
                var x = hostile[Int(random.next() % UInt64(hostile.count))]
                if index / 200 % 3 == 1 { x = 7 }
                if index / 200 % 3 == 2 { x = index.isMultiple(of: 2) ? 1e150 : -1e150 }
                guard let score = watch.score(x, after: 0.001), score.isFinite else { continue }
                scores += 1
            }
            #expect(scores == 1200 - detector.training(parameters))
        }
    }

    @Test(arguments: Detector.allCases)
    func `a snapshot at any value continues the same`(detector: Detector) throws {
        var whole = try Watch(detector, small(detector))
        var restored = whole
        for value in noise(6, 150) {
            let expected = whole.score(value)
            #expect(restored.score(value) == expected)
            var writer = ByteWriter()
            restored.table.write(into: &writer)
            var again = ByteWriter()
            var table = CallTable(restored.table.calls)
            var reader = ByteReader(writer.bytes)
            try table.restore(from: &reader, keys: 1)
            #expect(reader.isAtEnd)
            table.write(into: &again)
            #expect(again.bytes == writer.bytes)
            restored.table = table
        }
    }

    @Test func `damage throws, and never traps`() throws {
        let detectors = Detector.allCases.map { Call.Kind.detector($0, small($0)) }
        let kinds = detectors + [.previous(2), .elapsed, .stale(after: .second)]
        for kind in kinds {
            var table = CallTable([Call(kind, of: try columnX(), type: .number)])
            for (index, value) in noise(8, 70).enumerated() {
                var row: [Value?] = [.number(value), nil]
                table.fill(
                    &row, from: 1, key: index % 2, at: Instant(milliseconds: Int64(index) * 1000))
            }
            var writer = ByteWriter()
            table.write(into: &writer)
            for end in stride(from: 0, to: writer.bytes.count, by: 7) {
                var reader = ByteReader(Array(writer.bytes[..<end]))
                #expect(throws: RecordError.self) { try table.restore(from: &reader, keys: 2) }
            }
            var random = SplitMix64(state: 5)
            for _ in 0..<60 {
                var bytes = writer.bytes
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
                var reader = ByteReader(bytes)
                guard (try? table.restore(from: &reader, keys: 2)) != nil else { continue }
                for value in noise(9, 60) {
                    var row: [Value?] = [.number(value), nil]
                    table.fill(&row, from: 1, key: 0, at: Instant(milliseconds: 100_000))
                    if case .number(let score)? = row[1], !score.isFinite {
                        Issue.record("\(kind): \(score)")
                    }
                }
            }
            var reader = ByteReader(writer.bytes)
            #expect(throws: RecordError.self) { try table.restore(from: &reader, keys: 1) }
        }
    }

    @Test(arguments: Detector.allCases)
    func `the stated size is what it takes`(detector: Detector) throws {
        for parameters in [[], small(detector)] {
            let watch = try Watch(detector, parameters)
            #expect(watch.table.bytesPerKey == detector.stateBytes(parameters))
        }
    }

    @Test func `parameters are completed and kept in range`() throws {
        #expect(Detector.zscore.filled([]) == [30, 0])
        #expect(Detector.zscore.filled([1e9, 1]) == [4096, 1])
        #expect(Detector.zscore.filled([.nan]) == [2, 0])
        #expect(Detector.holtWinters.training([24]) == 96)
        for detector in Detector.allCases {
            #expect(!detector.summary.isEmpty)
            for parameter in detector.parameters {
                #expect(parameter.range.contains(parameter.standard))
            }
        }
    }

    @Test func `variance survives a large offset and an outlier that has left`() throws {
        var plain = try Watch(.zscore, [30])
        var offset = try Watch(.zscore, [30])
        for (index, step) in noise(3, 300).enumerated() {
            // A multiple of 2^-10, so that the sum with 2^30 is exact.
            let value = (step * 1024).rounded() / 1024
            let isOutlier = index == 50
            let score = plain.score(isOutlier ? 1e12 : value)
            let shifted = offset.score(isOutlier ? 1e12 : value + 0x1p30)
            // At 2^30 a mean is known to 2^-23 only.
            if index > 81 { #expect(isClose(score, shifted, 1e-5)) }
        }
    }
}
