import Language
import Model
import Streams
import Testing

@Suite("Expressions over aggregates")
struct StepIndicatorTests {
    @Test("a KPI is computed of the row's aggregates, its key and the KPIs above it")
    func indicators() {
        var definition = aggregation(
            [("sum", "sum"), ("n", "count"), ("avg", "avg")], by: ["floor"],
            windows: [("fast", "10s"), ("slow", "20s")])
        definition.indicators = [
            (Located("mean"), Located("sum / n")),
            (Located("warm"), Located("mean > 3 and floor = \"1\"")),
            (Located("none"), Located("n / (n - n)")),
        ]
        var story = Story([], [definition])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 2 |
            2  b 6 |
            3  d 8 |
            10 a 0 | fast [0,10) 1 sum=8.0 n=2 avg=4.0 mean=4.0 warm=true none=?; \
            fast [0,10) 2 sum=8.0 n=1 avg=8.0 mean=8.0 warm=false none=?
            """)
    }

    @Test("derivations behind the aggregate are seen by filters and patterns behind them")
    func derived() {
        var definition = stream(
            [("wide", "spread >= 4 and max > 0")], window: "10s",
            measures: [("max", "max"), ("min", "min")])
        definition.processing += [
            .derive(name: Located("spread"), expression: Located("max - min")),
            .filter(expression: Located("spread > 1")),
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 2 |
            2  a 6 |
            3  b 2 |
            4  c 1 |
            5  c 3 |
            10 a 0 | [0,10) a max=6.0 min=2.0 spread=4.0; \
            wide a 0-10 max=6.0 min=2.0 spread=4.0; [0,10) c max=3.0 min=1.0 spread=2.0
            """)
    }

    @Test("a KPI needs a name of its own and fields that are there")
    func refused() {
        var definition = aggregation([("n", "count")], by: ["floor"], windows: [("w", "10s")])
        definition.indicators = [
            (Located("n"), Located("n + 1")), (Located("x"), Located("m + 1")),
        ]
        let codes = Story([], [definition]).diagnostics.map(\.code)
        #expect(codes.first == "E0206")
        #expect(codes.count == 2)
    }
}
