import Config
import Engine
import Model
import Testing

@Suite("Groups are expanded into devices")
struct ExpansionTests {
    private func registry(_ group: String) throws -> Registry {
        try accepted("devices: {groups: {g: \(group)}}").definition.registry
    }

    private func names(_ registry: Registry) -> [String] {
        registry.groups[0].members.map { registry.name(of: $0) }
    }

    @Test(
        "ranges",
        arguments: [
            ("s-{001..003}", ["s-001", "s-002", "s-003"]),
            ("s-{8..11}", ["s-8", "s-9", "s-10", "s-11"]),
            ("s-{08..11}-b", ["s-08-b", "s-09-b", "s-10-b", "s-11-b"]),
            ("s-{98..101}", ["s-98", "s-99", "s-100", "s-101"]),
            ("{5..5}", ["5"]),
            ("single", ["single"]),
        ])
    func ranges(pattern: String, expected: [String]) throws {
        #expect(names(try registry("{range: \"\(pattern)\"}")) == expected)
    }

    @Test("members are taken in the order written")
    func members() throws {
        #expect(names(try registry("{members: [b, a, c]}")) == ["b", "a", "c"])
    }

    @Test(
        "values are dealt out evenly, in contiguous runs",
        arguments: [
            ("[1, 2]", 4, ["1", "1", "2", "2"]),
            ("[1, 2]", 5, ["1", "1", "1", "2", "2"]),
            ("[a, b, c]", 3, ["a", "b", "c"]),
            ("[a, b, c, d]", 2, ["a", "c"]),
            ("\"z-{01..02}\"", 4, ["z-01", "z-01", "z-02", "z-02"]),
        ])
    func spread(values: String, count: Int, expected: [String]) throws {
        let registry = try registry("{range: \"d{1..\(count)}\", spread: {t: \(values)}}")
        #expect(registry.devices.map { registry.entry($0)?.tags["t"] } == expected)
    }

    @Test("tags are the same for all, positions lie on a line")
    func tagsAndPositions() throws {
        let registry = try registry(
            "{range: \"d{1..3}\", tags: {building: hq, level: 2}, "
                + "positions: {from: [0, 0], to: [10, 4, 2]}}")
        let entries = registry.devices.compactMap { registry.entry($0) }
        #expect(entries.allSatisfy { $0.tags == ["building": "hq", "level": "2"] })
        #expect(
            entries.map(\.position) == [
                .init(x: 0, y: 0), .init(x: 5, y: 2, z: 1), .init(x: 10, y: 4, z: 2),
            ])
    }

    @Test("a single device joins groups and says what differs")
    func list() throws {
        let registry = try accepted(
            """
            devices:
              groups:
                rooms: {range: "r{1..2}", model: sensor, tags: {floor: 1}}
                extra: {}
              list:
                r2: {group: extra, tags: {floor: 2}, position: [1, 2, 3]}
                roof: {model: sensor, groups: [rooms, extra], address: "coap://[2001:db8::7]"}
            models: {sensor: {telemetry: [t]}}
            """
        ).definition.registry
        let second = try #require(registry.device(named: "r2").flatMap(registry.entry))
        #expect(second.groups == [0, 1])
        #expect(second.tags == ["floor": "2"])
        #expect(second.position == .init(x: 1, y: 2, z: 3))
        let roof = try #require(registry.device(named: "roof").flatMap(registry.entry))
        #expect(roof.groups == [0, 1] && roof.model == 0)
        #expect(roof.address == "coap://[2001:db8::7]:5683")
        #expect(registry.groups.map(\.members.count) == [3, 2])
    }

    @Test("a group without a model has the one that is named like it")
    func impliedModel() throws {
        let registry = try accepted(
            """
            devices:
              groups: {pumps: {members: [p]}, valve: {members: [v]}, odd: {members: [o]}}
            models: {pump: {}, valve: {}}
            """
        ).definition.registry
        #expect(registry.devices.map { registry.entry($0)?.model } == [0, 1, nil])
    }

    @Test("names that the store remembers keep their numbers")
    func knownNames() throws {
        let (configuration, _) = Configuration.load(
            texts: [("a.yaml", "devices: {groups: {g: {members: [new, old]}}}")],
            known: KnownNames(devices: ["gone", "old"], properties: ["t"]))
        let registry = try #require(configuration).definition.registry
        #expect(registry.device(named: "old")?.index == 1)
        #expect(registry.device(named: "new")?.index == 2)
        #expect(registry.device(named: "gone") == nil)
        #expect(registry.property(named: "t")?.index == 0)
    }

    @Test("what a sequence sets is writable unless the model says otherwise")
    func writable() throws {
        let registry = try accepted(
            """
            devices: {groups: {g: {members: [a], model: m}}}
            models:
              m:
                properties: {level: {}, limit: {writable: false}, fixed: {writable: true}, read: {}}
                commands: [adjust]
            commands:
              s:
                target: {group: g}
                steps: [{command: adjust, parameters: {level: 1, limit: 2}}]
            """
        ).definition.registry
        #expect(registry.models[0].properties.map(\.isWritable) == [true, false, true, false])
    }

    @Test("a command may say its method, path, query and what it writes")
    func commands() throws {
        let registry = try accepted(
            """
            models:
              m:
                properties: {setpoint: {unit: celsius, range: [5, 35], tolerance: 0.1}}
                commands:
                  set_temperature:
                    method: put
                    path: /command/{zone}/t
                    query: ["v={temperature}"]
                    writes: {temperature: setpoint}
            """
        ).definition.registry
        let model = registry.models[0]
        #expect(model.commands[0].method == .put)
        #expect(model.commands[0].path == ["command", "{zone}", "t"])
        #expect(model.commands[0].query == ["v={temperature}"])
        #expect(
            model.commands[0].writes.map { [$0.parameter, $0.property] } == [
                ["temperature", "setpoint"]
            ])
        #expect(model.properties[0].range == 5...35)
        #expect(model.properties[0].tolerance == 0.1)
        #expect(model.properties[0].isWritable)
    }
}
