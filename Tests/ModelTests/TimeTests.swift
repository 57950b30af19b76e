import Model
import Testing

@Suite("Instants and spans")
struct TimeTests {
    @Test(
        "RFC 3339 in, RFC 3339 out",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2026-07-15T14:00:00.25Z", 1_784_124_000_250, "2026-07-15T14:00:00.250Z"),
            ("2026-07-15 16:00:00+02:00", 1_784_124_000_000, "2026-07-15T14:00:00.000Z"),
            ("2024-02-29", 1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            ("1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"),
            ("2000-03-01T00:00:00.1239z", 951_868_800_123, "2000-03-01T00:00:00.123Z"),
        ])
    func roundTrip(text: String, milliseconds: Int64, printed: String) throws {
        let instant = try #require(Instant(text))
        #expect(instant.milliseconds == milliseconds)
        #expect(instant.description == printed)
    }

    @Test(
        "no time",
        arguments: [
            "", "2023-02-29", "2026-13-01", "2026-07-15T24:00:00Z", "2026-07-15T14:00:00",
            "2026-07-15T14:00:00Zx", "2026-7-15", "2026-07-15T14:60:00Z", "2026-07-15T14:00:00.Z",
        ])
    func malformed(text: String) { #expect(Instant(text) == nil) }

    @Test("every day of 800 years comes back from its number")
    func calendar() {
        for day in Int64(-146_097)...146_097 {
            #expect(CivilDate(daysSinceEpoch: day).daysSinceEpoch == day)
        }
    }

    @Test("arithmetic stays at the ends of the time line")
    func saturation() {
        #expect(Instant.distantFuture + .hour == .distantFuture)
        #expect(Instant.distantPast - .hour == .distantPast)
        #expect((Instant.distantFuture - Instant.distantPast).count == .max)
        #expect(Milliseconds(.max) * 2 == Milliseconds(.max))
        #expect(Milliseconds(.min) * 2 == Milliseconds(.min))
    }

    @Test(
        "buckets begin at or before the instant, also before 1970",
        arguments: [(299_999, 0), (300_000, 300_000), (-1, -300_000), (0, 0)])
    func floors(milliseconds: Int64, start: Int64) {
        let instant = Instant(milliseconds: milliseconds)
        #expect(instant.floored(to: .minute * 5).milliseconds == start)
        #expect(
            instant.floored(to: .minute * 5, offset: .second).milliseconds
                == Instant(milliseconds: milliseconds - 1000).floored(to: .minute * 5).milliseconds
                + 1000)
    }

    @Test(
        "spans",
        arguments: [
            ("5m", 300_000, "5m"), ("1h30m", 5_400_000, "1h30m"), ("250ms", 250, "250ms"),
            ("1.5s", 1500, "1s500ms"), ("90m", 5_400_000, "1h30m"), ("2w", 1_209_600_000, "14d"),
            ("0s", 0, "0s"),
        ])
    func spans(text: String, count: Int64, printed: String) throws {
        let span = try #require(Milliseconds(text))
        #expect(span.count == count)
        #expect(span.description == printed)
        #expect(Milliseconds(printed) == span)
    }

    @Test(
        "no spans",
        arguments: ["", "5", "m", "5x", "30m1h", "5m5m", "0.0001s", "-5m", "1e3s", "99999999999w"])
    func noSpans(text: String) { #expect(Milliseconds(text) == nil) }
}
