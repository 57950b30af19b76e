import Forecast
import Model
import Testing

@Suite("Samples at even steps")
struct SeriesTests {
    private func series(
        _ samples: [(Int64, Double)], step: Int64? = nil, limit: Int = 100
    ) -> Series? {
        Series(
            samples.map { (Instant(milliseconds: $0.0), $0.1) },
            step: step.map { Milliseconds($0) },
            limit: limit)
    }

    @Test func `a step is as long as the median between samples`() throws {
        let found = try #require(series([(0, 1), (1000, 2), (2000, 3), (5000, 6), (6000, 7)]))
        #expect(found.step == .second && found.values == [1, 2, 3, 4, 5, 6, 7])
        #expect(found.filled == 2 && found.longestGap == 2)
        #expect(found.lastMoment == Instant(milliseconds: 6500))
        #expect(found.end(of: 2) == Instant(milliseconds: 9000))
    }

    @Test func `where only changes are known, a value holds until the next`() throws {
        let found = try #require(
            Series(
                [0, 1, 4].map { (Instant(milliseconds: $0 * 1000), Double($0)) }, step: .second,
                limit: 9, holdsLast: true))
        #expect(found.values == [0, 1, 1, 1, 4] && found.filled == 2)
    }

    @Test func `samples of a step, in whatever order, are its mean`() throws {
        let found = try #require(series([(2900, 6), (100, 1), (2000, 4), (900, 3)], step: 1000))
        #expect(found.values == [2, 3.5, 5] && found.filled == 1)
        #expect(found.start == Instant(milliseconds: 0))
    }

    @Test func `only the latest steps are kept`() throws {
        let found = try #require(series((0..<50).map { ($0 * 1000, Double($0)) }, limit: 10))
        #expect(found.values == (40..<50).map(Double.init))
        // However long ago the others were.
        let far = try #require(series([(-1 << 52, 1), (0, 1), (1000, 2)], step: 1000, limit: 10))
        #expect(far.values == [1, 2])
    }

    @Test func `nothing comes of nothing`() {
        #expect(series([]) == nil)
        #expect(series([(5, 1), (5, 2)]) == nil)
        #expect(series([(5, 1), (5, 2)], step: 10)?.values == [1.5])
    }
}
