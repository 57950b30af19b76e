import Gateway
import Testing
import Wire

@Suite("Metrics for Prometheus")
struct PrometheusTests {
    @Test("a path is a name, the names of things are labels, and a metric's lines stand together")
    func format() {
        let status = Document.map([
            .init(
                "intake",
                .map([
                    .init("messages", .integer(3)),
                    .init("refused", .map([.init("unknown_device", .integer(2))])),
                ])),
            .init(
                "streams",
                .map([
                    .init("a", .map([.init("accepted", .integer(1)), .init("late", .integer(0))])),
                    .init("b\"c", .map([.init("accepted", .integer(5))])),
                ])),
            .init("commands", .map([.init("refused", .integer(7))])),
            .init(
                "uplinks",
                .array([.map([.init("name", .text("file:x")), .init("failures", .integer(4))])])),
        ])
        #expect(
            status.prometheus == """
                iotflow_intake_messages 3
                iotflow_intake_refused{reason="unknown_device"} 2
                iotflow_streams_accepted{stream="a"} 1
                iotflow_streams_accepted{stream="b\\"c"} 5
                iotflow_streams_late{stream="a"} 0
                iotflow_commands_refused 7
                iotflow_uplink_failures{sink="file:x"} 4

                """)
    }
}
