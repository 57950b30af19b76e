import Config
import Engine
import Model
import Testing

@Suite("Events that come too late")
struct LateTests {
    @Test("go upstream under the aggregation's name, where asked for", arguments: [true, false])
    func published(_ isPublished: Bool) throws {
        let (configuration, diagnostics) = Configuration.load(
            texts: [
                (
                    "rooms.yaml",
                    """
                    devices: {groups: {rooms: {range: "room-{1..2}"}}}
                    aggregations:
                      warmth:
                        sources: [{topic: telemetry/+/t, mapping: {t: payload.value}, lateness: 0s}]
                        dimensions: [device_id]
                        metrics: [{name: mean, function: avg, field: t}]
                        windows: [{name: minutely, duration: 1m}]
                        late: \(isPublished ? "publish" : "count")
                    """
                )
            ])
        #expect(diagnostics.map(\.message) == [])
        var bench = Bench(try Bench.plan(try #require(configuration).definition))
        let interned = bench.engine.intern(propertyNamed: "t")
        let property = try #require(interned)
        for (seconds, arrival, value) in [
            (10.0, 10.0, 20.0), (70, 70, 22), (15, 71, 90), (130, 130, 24),
        ] {
            let reading = Reading(
                device: try bench.device("room-1"), property: property,
                time: Bench.instant(seconds), value: .number(value))
            bench.step([.reading(reading)], at: arrival)
        }
        let late = bench.records.filter { $0.name == "warmth/late" }
        #expect(late.count == (isPublished ? 1 : 0))
        for record in late {
            #expect(record.time == Bench.instant(15))
            #expect(record.key == [Field("device_id", .text("room-1"))])
            #expect(record.fields.contains(Field("t", .number(90))))
        }
        let means = bench.records.filter { $0.name == "warmth/minutely" }
        #expect(
            means.map(\.fields) == [[Field("mean", .number(20))], [Field("mean", .number(22))]])
    }
}
