import Model
import Testing

@Suite("Which properties a command sets")
struct CommandWritesTests {
    private let model = DeviceModel(
        name: "hvac",
        properties: ["mode", "setpoint", "fan_speed"].map { PropertyModel(name: $0) },
        commands: [
            CommandModel(name: "set_mode"), CommandModel(name: "set_fan_speed"),
            CommandModel(name: "set_temperature", writes: [("temperature", "setpoint")]),
            CommandModel(name: "toggle"),
        ])

    @Test(
        "by its parameters",
        arguments: [
            ("set_mode", ["mode"], ["mode>mode"]),
            ("toggle", ["mode", "other"], ["mode>mode"]),
            ("set_fan_speed", ["speed"], ["speed>fan_speed"]),
            ("set_fan_speed", ["speed", "ramp"], []),
            ("set_temperature", ["temperature"], ["temperature>setpoint"]),
            ("set_temperature", ["temperature", "mode"], ["temperature>setpoint", "mode>mode"]),
            ("toggle", ["speed"], []), ("toggle", [], []),
        ])
    func writes(command: String, parameters: [String], expected: [String]) throws {
        let command = try #require(model.commands.first { $0.name == command })
        let writes = model.writes(of: command, parameters: parameters)
        #expect(writes.map { "\($0.parameter)>\($0.property)" } == expected)
    }

    @Test("the model alone tells of explicit writes and set_<property>")
    func written() {
        #expect(model.properties.map { model.isWrittenByCommand($0.name) } == [true, true, true])
        #expect(!model.isWrittenByCommand("temperature"))
    }
}
