import Interchange
import Model
import Testing
import Wire

@Suite("Files of others")
struct ImportTests {
    private static func item(
        _ id: Int, _ name: String, _ type: String, _ more: String = "", operations: String = "R"
    ) -> String {
        """
        <Item ID="\(id)"><Name>\(name)</Name><Operations>\(operations)</Operations>
        <MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>
        <Type>\(type)</Type>\(more)<Description>Words.</Description></Item>
        """
    }

    private static func object(_ id: Int, _ name: String, _ items: [String]) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- of our own making -->
        <LWM2M xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
          <Object ObjectType="MODefinition"><Name>\(name)</Name>
          <Description1><![CDATA[<b>]]></Description1>
          <ObjectID>\(id)</ObjectID><ObjectURN>urn:oma:lwm2m:ext:\(id)</ObjectURN>
          <ObjectVersion>1.1</ObjectVersion><MultipleInstances>Single</MultipleInstances>
          <Mandatory>Optional</Mandatory><Resources>\(items.joined())</Resources>
          <Description2/></Object>
        </LWM2M>
        """
    }

    private static func registry(_ text: String) throws -> Imported {
        try ObjectRegistry.models(Array(text.utf8))
    }

    private static let registryFiles: [(String, String)] = [
        (
            object(
                3303, "Temperature",
                [
                    item(
                        5700, "Sensor Value", "Float",
                        "<RangeEnumeration>-40..85</RangeEnumeration><Units>Cel</Units>"),
                    item(5605, "Reset Min &amp; Max", "", operations: "E"),
                ]),
            """
            models:
              temperature:
                version: 1.1.0
                properties:
                  sensor_value: {type: float, unit: Cel, range: [-40, 85], lwm2m: /3303/0/5700}
                commands:
                  reset_min_max: {path: 3303/0/5605, idempotent: false}

            """
        ),
        (
            object(
                3304, "Humidity",
                [item(5700, "Sensor Value", "Float", "<Units>%RH</Units>")]),
            """
            models:
              humidity:
                version: 1.1.0
                properties:
                  sensor_value: {type: float, unit: "%RH", lwm2m: /3304/0/5700}

            """
        ),
        (
            object(
                3308, "Set Point",
                [item(5900, "Set Point Value", "Float", "<Units>Cel</Units>", operations: "RW")]),
            """
            models:
              set_point:
                version: 1.1.0
                properties:
                  set_point_value: {type: float, unit: Cel, writable: true, lwm2m: /3308/0/5900}

            """
        ),
        (
            object(
                3311, "Light Control",
                [
                    item(5850, "On/Off", "Boolean", operations: "RW"),
                    item(
                        5851, "Dimmer", "Integer",
                        "<RangeEnumeration>0..100</RangeEnumeration><Units>/100</Units>",
                        operations: "RW"),
                    item(5706, "Colour", "String", operations: "RW"),
                ]),
            """
            models:
              light_control:
                version: 1.1.0
                properties:
                  on_off: {type: boolean, writable: true, lwm2m: /3311/0/5850}
                  dimmer: {type: integer, unit: "%", range: [0, 100], writable: true, \
            lwm2m: /3311/0/5851}
                  colour: {type: string, writable: true, lwm2m: /3311/0/5706}

            """
        ),
        (
            object(
                3312, "Power Control",
                [
                    item(5850, "On/Off", "Boolean", operations: "RW"),
                    item(5518, "Timestamp", "Time"),
                    item(5852, "On time", "Unsigned Integer", "<Units>s</Units>"),
                ]),
            """
            models:
              power_control:
                version: 1.1.0
                properties:
                  on_off: {type: boolean, writable: true, lwm2m: /3312/0/5850}
                  timestamp: {type: timestamp, lwm2m: /3312/0/5518}
                  on_time: {type: integer, unit: s, range: [0, 9007199254740991], \
            lwm2m: /3312/0/5852}

            """
        ),
    ]

    @Test("objects of the LwM2M registry become models that are bound to them")
    func registryObjects() throws {
        for (text, yaml) in Self.registryFiles {
            let imported = try Self.registry(text)
            #expect(imported.losses == [])
            #expect(ModelText.yaml(imported.models) == yaml)
            let read = try models(yaml)
            #expect(ModelText.yaml(read) == yaml)
        }
    }

    @Test("what a registry file says and we cannot hold is named")
    func registryLosses() throws {
        let many = """
            <Item ID="9"><Name>Many</Name><Operations>R</Operations>
            <MultipleInstances>Multiple</MultipleInstances><Type>Float</Type></Item>
            """
        let text = Self.object(
            5, "Firmware",
            [
                Self.item(0, "Package", "Opaque"), Self.item(1, "Same", "Float"),
                Self.item(2, "Same", "Float", "<Units>parsec</Units>"),
                Self.item(3, "State", "Integer", "<RangeEnumeration>0,1,2</RangeEnumeration>"),
                Self.item(4, "", "Float", "<RangeEnumeration>0-5</RangeEnumeration>"), many,
                "<Item><Name>No number</Name></Item>",
            ]
        ).replacing(
            "<MultipleInstances>Single</MultipleInstances>\n  <Mandatory>",
            with: "<MultipleInstances>Multiple</MultipleInstances>\n  <Mandatory>")
        let imported = try Self.registry(text)
        #expect(
            imported.losses.map(\.path).filter { $0 != "Firmware.MultipleInstances" } == [
                "Firmware.0", "Firmware.2.Units", "Firmware.2", "Firmware.3.RangeEnumeration",
                "Firmware.9", "Firmware.Resources",
            ])
        let model = try #require(imported.models.first)
        #expect(model.properties.map(\.name) == ["same", "same_2", "state", "resource_4"])
        #expect(model.properties[3].range == 0...5)
    }

    @Test(
        "XML that is none is refused at its place",
        arguments: [
            ("", "1:1: an element is wanted here"),
            ("<LWM2M>", "1:8: <LWM2M> is never closed"),
            ("<LWM2M>\n<Object></Objekt></LWM2M>", "2:11: </Object> is wanted here"),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><LWM2M/>", "1:1: document types are not read"),
            ("<LWM2M>&a;</LWM2M>", "1:8: there is no entity &a;"),
            ("<LWM2M>&#0;</LWM2M>", "1:8: there is no entity &#0;"),
            ("<LWM2M>& </LWM2M>", "1:8: `&` begins an entity, and this is none"),
            ("<LWM2M a=1/>", "1:10: quotes are wanted here"),
            ("<LWM2M a/>", "1:9: `=` is wanted here"),
            ("<LWM2M a='1' a='2'/>", "1:15: the attribute a stands here a second time"),
            ("<LWM2M a='<'/>", "1:11: `<` cannot stand here"),
            ("<LWM2M a='x", "1:12: the quotes are never closed"),
            ("<LWM2M><!-- x", "1:8: the comment is never closed"),
            ("<LWM2M><![CDATA[x", "1:8: the character data is never closed"),
            ("<?xml", "1:1: the instruction is never closed"),
            ("<LWM2M><?x ?><1/></LWM2M>", "1:15: a name is wanted here"),
            ("<LWM2M></LWM2M x>", "1:16: `>` is wanted here"),
            ("<LWM2M/><LWM2M/>", "1:9: text after the end"),
            (
                String(repeating: "<a>", count: 5000), "1:49: nested too deeply"
            ),
            ("<a/>", "a registry file begins with <LWM2M>, not <a>"),
            ("<LWM2M> &#x41;&lt;&gt;&quot;&apos; </LWM2M>", "there is no <Object> in the file"),
            ("<LWM2M><Object><Name>X</Name></Object></LWM2M>", "the object X has no number"),
        ])
    func badXML(text: String, reason: String) {
        do throws(InterchangeError) {
            let imported = try ObjectRegistry.models(Array(text.utf8))
            Issue.record("\(imported)")
        } catch {
            #expect(error.description == reason)
        }
    }

    @Test("bytes that are no text are refused, and no damage does harm")
    func damage() {
        #expect(throws: InterchangeError.self) { try ObjectRegistry.models([0x3c, 0xff]) }
        let bytes = Array(Self.registryFiles[0].0.utf8)
        for end in bytes.indices {
            #expect(throws: InterchangeError.self) {
                try ObjectRegistry.models(Array(bytes[..<end]))
            }
        }
        for index in bytes.indices {
            for replacement: UInt8 in [0x3c, 0x3e, 0x26, 0x22, 0x00, 0x2f] {
                var changed = bytes
                changed[index] = replacement
                _ = try? ObjectRegistry.models(changed)
            }
        }
    }

    @Test(
        "a Thing Model of others: what we have no word for is named",
        arguments: [
            (#"{"type":"number","description":"x"}"#, ["properties.p.description"]),
            (#"{"type":"array","items":{}}"#, ["properties.p"]),
            (#"{"readOnly":true}"#, ["properties.p"]),
            (#"{"type":"number","minimum":1}"#, ["properties.p.range"]),
            (#"{"type":"number","minimum":5,"maximum":1}"#, ["properties.p.range"]),
            (#"{"type":"number","minimum":0,"maximum":1e308}"#, ["properties.p.range"]),
            (#"{"type":"number","unit":"furlong"}"#, ["properties.p.unit"]),
            (#"{"type":"string","unit":"Cel"}"#, ["properties.p.unit"]),
            (
                #"{"type":"number","multipleOf":0.3,"minimum":0,"maximum":1}"#,
                ["properties.p.multipleOf"]
            ),
            (#"{"type":"number","multipleOf":-1}"#, ["properties.p.multipleOf"]),
            (
                #"{"type":"number","minimum":0,"maximum":1,"default":2}"#,
                ["properties.p.default"]
            ),
            (#"{"type":"string","default":null}"#, ["properties.p.default"]),
            (
                #"{"type":"integer","oneOf":[{"const":1,"title":"a"},{"const":1,"title":"b"}]}"#,
                ["properties.p"]
            ),
            (#"{"type":"object","properties":{"a":{}}}"#, ["properties.p"]),
            (
                #"{"type":"number","iotflow:behaviour":{"time_constant":"8s","towards":"q"}}"#,
                ["properties.p.behaviour"]
            ),
            (#"{"type":"number","minimum":0,"maximum":12345678901234567890123}"#, []),
        ])
    func foreignProperty(value: String, lost: [String]) throws {
        let imported = try ThingModel.models(
            try json(#"{"@type":["x","tm:ThingModel"],"title":"t","properties":{"p":\#(value)}}"#))
        #expect(imported.losses.map(\.path) == lost)
        _ = try models(ModelText.yaml(imported.models, heading: "x\ny", losses: imported.losses))
    }

    @Test("names that are not ours are changed and told, and stay different")
    func names() throws {
        let long = String(repeating: "x", count: 300)
        let imported = try ThingModel.models(
            try json(
                #"{"@type":"tm:ThingModel","title":"a/b","version":{"model":"new"},"#
                    + #""events":{},"properties":{"":{"type":"number"},"x y":{"type":"number"},"#
                    + #""x/y":{"type":"number"},"x#y":{"type":"number"},"#
                    + #""\#(long)":{"type":"boolean"}},"#
                    + #""actions":{"go/":{"input":{"type":"string"},"iotflow:compensate":"no"},"#
                    + #""run":3}}"#))
        let model = try #require(imported.models.first)
        #expect(model.name == "a_b")
        let names = model.properties.map(\.name)
        #expect(names.prefix(4) == ["unnamed", "x y", "x_y", "x_y_2"])
        #expect(names[4].utf8.count == 120)
        #expect(model.commands.map(\.name) == ["go_", "run"])
        #expect(
            imported.losses.map(\.path) == [
                "title", "version.model", "properties.", "properties.x/y",
                "properties.x#y", "properties.\(long)", "actions.go/", "actions.go/.input",
                "a_b.events", "commands.go_.compensate",
            ])
        _ = try models(ModelText.yaml(imported.models, losses: imported.losses))
    }

    @Test("an SDF file may hold several objects")
    func sdf() throws {
        let imported = try SemanticDefinition.models(
            try json(
                #"{"info":{"title":"x","version":"2","license":"y"},"namespace":{},"#
                    + #""defaultNamespace":"z","sdfThing":{},"sdfObject":{"#
                    + #""Switch":{"description":"d","sdfProperty":{"value":{"type":"boolean"},"#
                    + #""mode":{"sdfChoice":{"low":{"const":"l"}},"type":"string"},"odd":4},"#
                    + #""sdfAction":{"on":{},"set":{"sdfInputData":{"type":"object","properties":"#
                    + #"{"level":{"type":"integer"},"bad":7},"required":["level"]}},"no":1},"#
                    + #""sdfEvent":{}},"other":5}}"#))
        #expect(
            ModelText.yaml(imported.models) == """
                models:
                  Switch:
                    version: 2.0.0
                    properties:
                      value: {type: boolean, writable: true}
                      mode: {type: enum, values: [low], writable: true}
                    commands:
                      "on": {}
                      set: {input: {level: {type: integer}}}
                      "no": {}

                """)
        let paths = imported.losses.map(\.path)
        for path in [
            "info.license", "sdfObject.Switch.sdfAction.set.sdfInputData.bad",
            "sdfObject.Switch.description", "sdfObject.Switch.sdfEvent", "sdfObject.other",
            "file.sdfThing",
        ] { #expect(paths.contains(path), "\(path) in \(paths)") }
    }

    @Test("files of another kind are refused")
    func otherKind() throws {
        for text in ["[]", "{}", #"{"@type":"Thing"}"#, #"{"sdfObject":3}"#] {
            let document = try json(text)
            #expect(throws: InterchangeError.self) { try ThingModel.models(document) }
            #expect(throws: InterchangeError.self) { try SemanticDefinition.models(document) }
        }
    }

    @Test(
        "JSON that is none is refused at its place",
        arguments: [
            ("{\n  \"a\": }", "2:8: unexpected byte"), ("{\"a\":1,\"a\":2}", "1:9: duplicate key"),
            ("{\n", "2:1: payload ends early"), ("{\"a\":1e999}", "1:6: number out of range"),
            (String(repeating: "[", count: 5000), "1:17: nested too deeply"),
            ("{} x", "1:4: more after the value"),
        ])
    func badJSON(text: String, reason: String) {
        let bytes = Array(text.utf8)
        do throws(WireError) {
            let document = try Document(json: bytes.span)
            Issue.record("\(document)")
        } catch {
            #expect(InterchangeError(error, in: bytes).description == reason)
        }
    }
}
