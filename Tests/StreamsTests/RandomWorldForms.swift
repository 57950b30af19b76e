import Language
import Model
import Streams

extension RandomWorld {
    /// A form of the language that is new gets a row here.
    static let forms =
        [
            Form(condition: "t > $t", isUnordered: true),
            Form(condition: "t > $t and not t > $t + 3 or t < $n", isUnordered: true),
            Form(condition: "t > $t cooldown $d"),
            Form(condition: "t > $t for $n consecutive events"),
            Form(condition: "t > $t for $n consecutive events cooldown $d"),
            Form(condition: "t > $t for $d"),
            Form(condition: "t between $t and 24 for $d cooldown $d"),
            Form(condition: "range(t) > $n within $d"),
            Form(condition: "avg(t) > $t and count(t > $t) >= $n within $d"),
            Form(condition: "sum(t) over $d > 40 and min(t) over $d < $t"),
            Form(condition: "max(t) - avg(t) over $d > $n within $d"),
            Form(condition: nil, window: "$d"),
            Form(condition: "avg_t > $t for $n consecutive windows", window: "$d"),
            Form(condition: "max_t - min_t > $n within 20s", window: "5s"),
            Form(condition: "sum_t > 3 * $t cooldown $d", window: "$d"),
            Form(condition: "avg_t > $t for 20s", window: "5s"),
            // Windows of other kinds.
            Form(condition: "max_t > $t", window: "$d", kind: hopping),
            Form(
                condition: "avg_t > $t for $n consecutive windows", window: "$d",
                kind: hopping),
            Form(condition: "avg_t > $t", window: "$d", kind: { .session(gap: $0, longest: nil) }),
            Form(condition: nil, window: "$d", kind: { .session(gap: $0, longest: .seconds(20)) }),
            Form(condition: "sum_t > 2 * $t", window: "$d", kind: { _ in .count(3) }),
            Form(condition: "max_t - min_t > $n", window: "$d", kind: { .sliding($0) }),
            // Windows made of smaller ones, of this stream and of a stream that is followed.
            Form(window: "$d", levels: 2),
            Form(window: "$d", levels: 3, retention: "30s"),
            Form(condition: "range(max_t) over 60s > $n", window: "5s", isFollowed: true),
            Form(
                condition: "avg_t > $t and avg(avg_t) over 60s < $t within 30s", window: "5s",
                isFollowed: true),
            Form(window: "5s", kind: hopping, isFollowed: true),
            // Sequences.
            Form(condition: "t > $t then t < $t"),
            Form(condition: "t > $t then t < $t within $d"),
            Form(condition: "t > $t immediately then t < $t within $d"),
            Form(condition: "t > $t without t < 5 then t > $t + 2 within 30s"),
            Form(condition: "a: t > $t then t > a.t + $n then t < a.t within 60s overlapping"),
            Form(condition: "a: t > $t at least $n times then t < avg(a.t) within 60s"),
            Form(condition: "t > $t 2 times then t < $t until t > 22"),
            Form(condition: "t > $t then t < $t for $d"),
            Form(condition: "t > $t for 2 of $n events"),
            Form(condition: "max_t > $t then min_t < $t within 60s", window: "5s"),
            // Silence.
            Form(condition: "no data for $d"),
            Form(condition: "no t > $t for $d"),
            Form(condition: "t > $t then no t < $t for $d"),
            // Groups of devices.
            Form(condition: "at least 2 devices in sensors: t > $t within $d"),
            Form(condition: "all devices in floor: t > $t within 60s"),
            // What rows before this one were, and detectors.
            Form(condition: "t changed by > $n"),
            Form(condition: "t crosses above $t"),
            Form(condition: "t > previous(t, $n) + 1 and elapsed() < 10"),
            Form(condition: "abs(zscore(t, window: 3)) > 1"),
            Form(condition: "abs(ewma_z(t, training: 2)) > 1"),
            Form(condition: "abs(mad_z(t, window: 3)) > 1"),
            Form(condition: "cusum(t, training: 2) > 1"),
            Form(condition: "hampel(t, window: 3) = 1"),
            Form(condition: "hysteresis(t, high: $t, low: 4) = 1"),
        ] + joinForms + memoryForms + rowForms + numberedForms

    // Joins, and what tables tell.
    private static let joinForms = [
        Form(
            condition: "t > -9", steps: joining(.interval(before: .seconds(4), after: .seconds(3))),
            hasPartners: true),
        Form(
            condition: "t > -9 for $n consecutive events",
            steps: joining(.interval(before: .zero, after: .seconds(7)), by: "floor", keeps: true),
            hasPartners: true),
        Form(
            condition: nil, window: "$d",
            steps: joining(.interval(before: .seconds(5), after: .zero), keeps: true),
            hasPartners: true),
        Form(
            condition: "t > -9",
            steps: joining(.window(WindowDefinition(size: .seconds(5))), by: "floor", keeps: true),
            hasPartners: true),
        Form(
            condition: "t > h",
            steps: joining(
                .window(WindowDefinition(.hopping(size: .seconds(6), every: .seconds(2))))),
            hasPartners: true),
        Form(
            condition: "t > most", isUnordered: true,
            steps: [.lookup(LookupDefinition(table: Located("limits")))]),
        Form(
            condition: "t > most for $d",
            steps: [
                .lookup(
                    LookupDefinition(
                        table: Located("limits"), on: [(Located("id"), Located("id"))],
                        fields: [(Located("most"), Located("most"))]))
            ]),
    ]

    private static func joining(
        _ kind: JoinDefinition.Kind, by field: String? = nil, keeps: Bool = false
    ) -> [ProcessingDefinition] {
        [
            .enrich(tags: [Located("floor")]),
            .joinWith(
                JoinDefinition(
                    with: Located("telemetry/+/n"), by: field.map { [Located($0)] } ?? [], kind,
                    keepsUnmatched: keeps)),
        ]
    }

    /// What is known of devices, by time: nothing of `c`.
    static let limits = ReferenceTable(
        Located("limits"), key: [.init("id", .text)],
        columns: [.init("most", .number, Unit("celsius"))],
        rows: [("a", 0, 9), ("b", 4, 3), ("a", 20, 15), ("b", 11, 20), ("a", 7, 1)].map {
            ReferenceTable.Row(
                key: [.text($0.0)], since: seconds("\($0.1)"), values: [.number(Double($0.2))])
        })

    private static func filter(_ text: String) -> ProcessingDefinition {
        .filter(expression: Located(text))
    }

    private static func derive(_ name: String, _ text: String) -> ProcessingDefinition {
        .derive(name: Located(name), expression: Located(text))
    }

    private static func function(
        _ name: String, _ function: String, _ expression: String
    ) -> AggregateDefinition {
        AggregateDefinition(
            name: Located(name), function: Located(function), expression: Located(expression))
    }

    /// Functions that remember, in steps and inside aggregates.
    private static let memoryForms = [
        Form(condition: "count(t changed by > 1) >= $n within $d"),
        Form(condition: "avg(abs(delta(t))) > 4 within $d"),
        Form(
            condition: "max(mad_z(t, window: 3)) over $d > 1 and sum(delta(t)) over $n events > 1"),
        Form(condition: "t > $t", steps: [filter("delta(t) > 0")]),
        Form(condition: "x < 0 then x > 0", steps: [derive("x", "delta(delta(t))")]),
        Form(
            condition: "t > $t for $d",
            steps: [
                derive("z", "zscore(t, window: 3)"), filter("z > -1 or z is missing"),
                .rate(field: Located("t"), name: Located("r"), per: .second), filter("r changed"),
            ]),
        Form(
            condition: "rises_t > 1", window: "$d",
            functions: [
                function("rises_t", "count", "t changed by > 1"),
                function("swing_t", "avg", "abs(t - previous(t, 2))"),
                function("warm_t", "count", "t > 12"),
            ]),
        Form(
            condition: nil, window: "$d", kind: hopping,
            functions: [function("x_t", "last", "hysteresis(t, high: 15, low: 9)")]),
        Form(
            condition: nil, window: "$d", steps: [.debounce(field: Located("t"), for: .second)],
            functions: [function("x_t", "max", "elapsed()")]),
    ]

    /// Steps behind windows.
    private static let rowForms = [
        Form(condition: "avg_t > $t", window: "$d", rowSteps: [filter("avg_t changed by > 1")]),
        Form(
            condition: "rise > 1 for $n consecutive events", window: "5s",
            rowSteps: [derive("rise", "delta(max_t)")]),
        Form(
            condition: "avg_t > $t", window: "5s",
            rowSteps: [.deadband(field: Located("avg_t"), .absolute(3))]),
        Form(
            condition: "max_t > $t", window: "3s", kind: hopping,
            rowSteps: [.debounce(field: Located("max_t"), for: .seconds(2))]),
        Form(
            condition: nil, window: "5s",
            rowSteps: [.sample(every: .seconds(20), keep: .last, at: .unknown)]),
        Form(
            condition: "r > 0 then r < 0", window: "$d", kind: { .sliding($0) },
            rowSteps: [.rate(field: Located("avg_t"), name: Located("r"), per: .minute)]),
        Form(
            condition: "sum_t > $t", window: "$d", kind: { .session(gap: $0, longest: nil) },
            rowSteps: [
                .deduplicate(by: [Located("max_t")], within: .minute, at: .unknown),
                .sample(every: .seconds(20), keep: .first, at: .unknown),
            ]),
        Form(
            condition: "sum(delta(avg_t)) > 1 within 30s", window: "5s",
            rowSteps: [.debounce(field: Located("avg_t"), for: .seconds(7))]),
    ]

    /// The same as some of the others, but each event may come several times.
    private static let numberedForms = [
        Form(condition: "t > $t", isUnordered: true),
        Form(condition: "t > $t for $d cooldown $d"),
        Form(condition: "count(t changed by > 1) >= $n within $d"),
        Form(condition: "max_t > $t then min_t < $t within 60s", window: "5s"),
        Form(condition: "t > $t at least $n times then t < $t within 30s"),
        Form(condition: "no data for $d"),
        Form(
            condition: nil, window: "$d",
            functions: [
                AggregateDefinition(
                    name: Located("first_t"), function: Located("first"), field: Located("t")),
                AggregateDefinition(
                    name: Located("last_t"), function: Located("last"), field: Located("t")),
            ]),
        Form(condition: "sum_t > $t", window: "$d", kind: { _ in .count(3) }),
        Form(
            condition: "avg_t > $t", window: "5s", steps: [filter("t changed")],
            rowSteps: [.debounce(field: Located("avg_t"), for: .seconds(7))]),
        Form(
            condition: "t > $t for $n consecutive events",
            steps: [.deduplicate(by: [], within: .seconds(5), at: .unknown)]),
    ].map { form in
        var form = form
        form.isNumbered = true
        return form
    }

    @Sendable private static func hopping(_ size: Milliseconds) -> WindowDefinition.Kind {
        .hopping(size: size, every: .seconds(1))
    }
}
