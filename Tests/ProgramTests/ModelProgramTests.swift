import Foundation
import Testing
import Wire

@Suite("iotflow model")
struct ModelProgramTests {
    private static let yaml = """
        models:
          pump:
            version: 1.2.0
            properties: {speed: {type: float, unit: 1/min, range: [0, 3000], writable: true}}
            commands: {stop: {idempotent: false}}
        """

    @Test("lists and shows the models of a configuration")
    func list() throws {
        let scratch = try Scratch()
        let file = try scratch.write("m.yaml", Self.yaml)
        let list = try Program.iotflow.run(["model", "list", "--config", file])
        #expect(list.status == 0 && list.output.contains("pump   1.2.0    1           1"))
        let json = try Program.iotflow.run(["model", "list", "-c", file, "--json"])
        #expect(json.json != nil && json.output.contains("\"version\":\"1.2.0\""))
        let show = try Program.iotflow.run(["model", "show", "pump", "-c", file])
        let again = try scratch.write("n.yaml", show.output)
        #expect(try Program.iotflow.run(["check", again]).status == 0)
        #expect(
            try Program.iotflow.run(["model", "show", "pump", "-c", again]).output == show.output)
        let asJSON = try Program.iotflow.run(["model", "show", "pump", "-c", file, "--json"])
        #expect(asJSON.json?["yaml"] == .text(show.output))
        let other = try Program.iotflow.run(["model", "show", "pmup", "-c", file])
        #expect(other.status == 1 && other.errors.contains("did you mean pump?"))
        let missing = try Program.iotflow.run(["model", "list", "-c", scratch.path + "/no.yaml"])
        #expect(missing.status == 1 && missing.errors.contains("no.yaml"))
    }

    @Test("what is exported is imported again", arguments: ["wot", "sdf"])
    func exchange(format: String) throws {
        let scratch = try Scratch()
        let file = try scratch.write("m.yaml", Self.yaml)
        let show = try Program.iotflow.run(["model", "show", "pump", "-c", file])
        let export = try Program.iotflow.run(
            ["model", "export", "pump", "--format", format, "-c", file])
        #expect(export.status == 0 && export.errors == "")
        let exported = try scratch.write("m.json", export.output)
        let imported = try Program.iotflow.run(["model", "import", exported, "--format", format])
        #expect(imported.status == 0 && imported.errors == "")
        #expect(imported.output == "# From m.json (\(format)).\n" + show.output)
        let json = try Program.iotflow.run(
            ["model", "import", exported, "--format", format, "--json"])
        #expect(json.json?["models"] == .array([.text("pump")]))
    }

    @Test("what is lost is named on standard error and in JSON")
    func lost() throws {
        let scratch = try Scratch()
        let file = try scratch.write("m.yaml", Self.yaml)
        let export = try Program.iotflow.run(
            ["model", "export", "pump", "--format", "dtdl", "-c", file])
        #expect(export.status == 0)
        #expect(export.errors.contains("not carried over: properties.speed.range: DTDL has no"))
        let json = try Program.iotflow.run(
            ["model", "export", "pump", "--format", "dtdl", "-c", file, "--json"])
        guard case .array(let lost)? = json.json?["lost"] else {
            Issue.record("\(json.output)")
            return
        }
        #expect(
            lost.compactMap { $0["path"] } == [
                .text("properties.speed.range"), .text("commands.stop.idempotent"),
            ])
    }

    @Test("a file that cannot be read is told with its place")
    func bad() throws {
        let scratch = try Scratch()
        let xml = try scratch.write("x.xml", "<LWM2M>\n<Object>")
        let broken = try Program.iotflow.run(["model", "import", xml, "--format", "lwm2m"])
        #expect(broken.status == 1)
        #expect(broken.errors == "\(xml):2:9: <Object> is never closed\n")
        let json = try Program.iotflow.run(["model", "import", xml, "--format", "wot"])
        #expect(json.status == 1 && json.errors == "\(xml):1:1: unexpected byte\n")
        let array = try scratch.write("x.json", "[]")
        let kind = try Program.iotflow.run(["model", "import", array, "--format", "sdf"])
        #expect(kind.status == 1 && kind.errors.contains("sdfObject"))
        let none = try Program.iotflow.run(
            ["model", "import", scratch.path + "/none", "--format", "wot"])
        #expect(none.status == 1 && none.errors.contains("cannot read"))
    }

    @Test(
        "a command line that makes no sense ends with 64",
        arguments: [
            ["model"], ["model", "list", "x"], ["model", "show"], ["model", "export", "x"],
            ["model", "export", "x", "--format", "lwm2m"], ["model", "import"],
            ["model", "import", "x", "--format", "dtdl"], ["model", "paint"],
        ])
    func usage(arguments: [String]) throws {
        let outcome = try Program.iotflow.run(arguments)
        #expect(outcome.status == 64 && outcome.errors.contains("Try 'iotflow model --help'."))
    }
}
