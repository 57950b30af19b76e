import Interchange
import Model
import Testing
import Wire

@Suite("The mapping of terms, cell by cell")
struct MappingTests {
    static let yaml = """
        models:
          hvac_controller:
            version: 1.2.0
            properties:
              temperature: {kind: telemetry, unit: Cel, range: [-40, 85], tolerance: 0.05,
                expected: 30s, lwm2m: /3303/0/5700}
              humidity: {unit: "%RH", lwm2m: /3304/0/5700}
              setpoint: {unit: Cel, range: [5, 35], step: 0.5, writable: true,
                policy: desiredWins, settle: 30s, tolerance: 0.25, default: 20, lwm2m: /3308/0/5900}
              mode: {type: enum, values: {"off": 0, heat: 1, cool: 2, auto: 3},
                writable: true, policy: deviceWins}
              enabled: {type: bool, writable: true, lwm2m: /3312/0/5850}
              last_service: {type: timestamp}
            commands:
              purge: {input: {minutes: {type: int, range: [1, 60], unit: min}},
                output: {accepted: bool}, idempotent: false, timeout: 120s,
                verify: 'mode == "off"', compensate: resume}
              resume: {}
        """

    private func text(_ document: Document?) -> String {
        document.map { String(decoding: $0.json, as: UTF8.self) } ?? "nothing"
    }

    @Test(
        "WoT",
        arguments: [
            ("@type", #""tm:ThingModel""#), ("version", #"{"model":"1.2.0"}"#),
            (
                "properties/temperature",
                #"{"type":"number","unit":"Cel","minimum":-40,"maximum":85,"readOnly":true,"#
                    + #""observable":true,"iotflow:kind":"telemetry","#
                    + #""iotflow:lwm2m":"/3303/0/5700","iotflow:tolerance":0.05,"#
                    + #""iotflow:expected":"30s"}"#
            ),
            ("properties/humidity/unit", #""%RH""#),
            (
                "properties/setpoint",
                #"{"type":"number","unit":"Cel","minimum":5,"maximum":35,"multipleOf":0.5,"#
                    + #""default":20,"readOnly":false,"observable":true,"#
                    + #""iotflow:lwm2m":"/3308/0/5900","iotflow:tolerance":0.25,"#
                    + #""iotflow:policy":"desired_wins","iotflow:settle":"30s"}"#
            ),
            ("properties/mode/type", #""integer""#),
            (
                "properties/mode/oneOf",
                #"[{"const":0,"title":"off"},{"const":1,"title":"heat"},"#
                    + #"{"const":2,"title":"cool"},{"const":3,"title":"auto"}]"#
            ),
            ("properties/enabled/type", #""boolean""#),
            ("properties/last_service/type", #""string""#),
            ("properties/last_service/format", #""date-time""#),
            ("actions/purge/idempotent", "false"), ("actions/purge/synchronous", "false"),
            (
                "actions/purge/input/properties",
                #"{"minutes":{"type":"integer","unit":"min","minimum":1,"maximum":60}}"#
            ),
            ("actions/purge/output/properties", #"{"accepted":{"type":"boolean"}}"#),
        ])
    func thingModel(path: String, expected: String) throws {
        let model = try #require(try models(Self.yaml).first)
        let found = path.split(separator: "/").reduce(Optional(ThingModel.document(of: model))) {
            $0?[String($1)]
        }
        #expect(text(found) == expected)
    }

    @Test(
        "SDF",
        arguments: [
            ("info/version", #""1.2.0""#),
            ("sdfObject/hvac_controller/sdfProperty/temperature/writable", "false"),
            ("sdfObject/hvac_controller/sdfProperty/temperature/observable", "true"),
            ("sdfObject/hvac_controller/sdfProperty/humidity/unit", #""%RH""#),
            ("sdfObject/hvac_controller/sdfProperty/setpoint/multipleOf", "0.5"),
            ("sdfObject/hvac_controller/sdfProperty/setpoint/unit", #""Cel""#),
            ("sdfObject/hvac_controller/sdfProperty/mode/type", #""number""#),
            ("sdfObject/hvac_controller/sdfProperty/mode/sdfChoice/off", #"{"const":0}"#),
            ("sdfObject/hvac_controller/sdfProperty/enabled/type", #""boolean""#),
            ("sdfObject/hvac_controller/sdfProperty/last_service/sdfType", #""unix-time""#),
            (
                "sdfObject/hvac_controller/sdfAction/purge/sdfInputData/properties/minutes/unit",
                #""min""#
            ),
        ])
    func semanticDefinition(path: String, expected: String) throws {
        let model = try #require(try models(Self.yaml).first)
        let document = SemanticDefinition.document(of: model).0
        let found = path.split(separator: "/").reduce(Optional(document)) { $0?[String($1)] }
        #expect(text(found) == expected)
    }

    @Test(
        "DTDL",
        arguments: [
            (
                "temperature",
                #"{"@type":["Telemetry","Temperature"],"name":"temperature","#
                    + #""unit":"degreeCelsius","schema":"double","comment":"from -40.0 to 85.0"}"#
            ),
            (
                "humidity",
                #"{"@type":["Property","RelativeHumidity"],"name":"humidity","unit":"percent","#
                    + #""schema":"double","writable":false}"#
            ),
            (
                "setpoint",
                #"{"@type":["Property","Temperature"],"name":"setpoint","unit":"degreeCelsius","#
                    + #""schema":"double","writable":true,"comment":"from 5.0 to 35.0"}"#
            ),
            (
                "mode",
                #"{"@type":"Property","name":"mode","schema":{"@type":"Enum","#
                    + #""valueSchema":"integer","enumValues":[{"name":"off","enumValue":0},"#
                    + #"{"name":"heat","enumValue":1},{"name":"cool","enumValue":2},"#
                    + #"{"name":"auto","enumValue":3}]},"writable":true}"#
            ),
            (
                "enabled",
                #"{"@type":"Property","name":"enabled","schema":"boolean","writable":true}"#
            ),
            (
                "last_service",
                #"{"@type":"Property","name":"last_service","schema":"dateTime","writable":false}"#
            ),
            (
                "purge",
                #"{"@type":"Command","name":"purge","request":{"name":"parameters","schema":"#
                    + #"{"@type":"Object","fields":[{"name":"minutes","schema":"long"}]}},"#
                    + #""response":{"name":"parameters","schema":{"@type":"Object","fields":"#
                    + #"[{"name":"accepted","schema":"boolean"}]}}}"#
            ),
        ])
    func digitalTwinDefinition(name: String, expected: String) throws {
        let model = try #require(try models(Self.yaml).first)
        let (document, _) = DigitalTwinDefinition.document(of: model)
        #expect(document["@id"] == .text("dtmi:iotflow:hvac_controller;1.2"))
        #expect(document["@type"] == .text("Interface"))
        guard case .array(let contents)? = document["contents"] else {
            Issue.record("no contents")
            return
        }
        #expect(text(contents.first { $0["name"] == .text(name) }) == expected)
    }

    @Test("DTDL leaves out, by name, what it has no word for")
    func dropped() throws {
        let model = try #require(try models(Self.yaml).first)
        let (_, losses) = DigitalTwinDefinition.document(of: model)
        #expect(
            losses.map(\.path) == [
                "properties.temperature.range", "properties.temperature.tolerance",
                "properties.temperature.expected", "properties.temperature.lwm2m",
                "properties.humidity.lwm2m", "properties.setpoint.range",
                "properties.setpoint.step", "properties.setpoint.default",
                "properties.setpoint.tolerance", "properties.setpoint.policy",
                "properties.setpoint.settle", "properties.setpoint.lwm2m",
                "properties.mode.policy", "properties.enabled.lwm2m",
                "commands.purge.input.minutes.unit", "commands.purge.input.minutes.range",
                "commands.purge.idempotent", "commands.purge.timeout", "commands.purge.verify",
                "commands.purge.compensate",
            ])
    }

    @Test(
        "DTDL's versions and names",
        arguments: [
            ("1.0.0", "pump", ";1", [String]()), ("2.3.4", "pump", ";2.3", ["version"]),
            ("0.1.0", "7 pump_", ";1.1", ["version", "model"]),
        ])
    func identifiers(version: String, name: String, suffix: String, lost: [String]) {
        var model = DeviceModel(name: name, version: version, awakeWindow: nil)
        model.properties = [PropertyModel(name: "x", unit: Unit("deltaCel"))]
        model.awakeWindow = .minute
        let (document, losses) = DigitalTwinDefinition.document(of: model)
        let expected = (name == "pump" ? "pump" : "n7_pump")
        #expect(document["@id"] == .text("dtmi:iotflow:\(expected)\(suffix)"))
        #expect(losses.map(\.path) == ["awake"] + lost + ["properties.x.unit"])
    }
}
