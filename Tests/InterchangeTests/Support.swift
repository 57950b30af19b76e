import Config
import Engine
import Foundation
import Interchange
import Model
import Testing
import Wire

/// The models of a configuration's text, which must be right.
func models(
    _ yaml: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> [DeviceModel] {
    let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", yaml)])
    let said = diagnostics.map { "\($0.place.line):\($0.place.column) \($0.message)" }
    #expect(said == [], "\(yaml)", sourceLocation: sourceLocation)
    return try #require(configuration).definition.registry.models
}

func json(_ text: String) throws -> Document { try Document(json: Array(text.utf8).span) }

/// The documents of the models in the repository's examples and in the fixture with every key.
func exampleModels() throws -> [DeviceModel] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let examples = root.appending(path: "etc/examples")
    var files = try FileManager.default.contentsOfDirectory(atPath: examples.path())
        .filter { $0.hasSuffix(".yaml") }.map { examples.appending(path: $0).path() }
    files.append(root.appending(path: "Tests/ConfigTests/Fixtures/everything.yaml").path())
    return try files.sorted().flatMap { file in
        let (configuration, _) = Configuration.load(paths: [file])
        return try #require(configuration, "\(file)").definition.registry.models
    }
}

/// Steele, Lea and Flood's generator: one seed, one sequence.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func one(in number: Int) -> Bool { next() % UInt64(number) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(next() % UInt64(elements.count))]
    }
}

/// Models of every kind, such as a configuration may have.
struct ModelGenerator {
    var random: SplitMix64

    mutating func model() -> DeviceModel {
        let version = "\(random.next() % 9).\(random.next() % 9).\(random.next() % 9)"
        var model = DeviceModel(
            name: random.pick(["pump", "off", "true", "a b", "Lüfter", "7"]), version: version)
        if random.one(in: 2) { model.awakeWindow = Milliseconds(Int64(random.next() % 90_000) + 1) }
        model.properties = [PropertyModel(name: "n0", unit: Unit("Cel"), isWritable: true)]
        for index in 1...Int(random.next() % 12) + 1 {
            model.properties.append(property(named: random.pick(["p", "p-", "No "]) + "\(index)"))
        }
        for index in 0..<Int(random.next() % 5) {
            model.commands.append(command(named: "c\(index)", in: model))
        }
        return model
    }

    private mutating func property(named name: String) -> PropertyModel {
        var property = parameter(named: name)
        let isNumeric = property.type == .number || property.type == .integer
        property.isTelemetry = random.one(in: 3)
        if property.isTelemetry {
            property.step = nil
            property.defaultValue = nil
        } else {
            property.isWritable = property.defaultValue != nil || random.one(in: 2)
            if property.isWritable {
                property.policy = random.pick([nil, .deviceWins, .desiredWins, .manual])
                property.settle = random.pick([nil, .seconds(30), Milliseconds(1500)])
            }
        }
        if isNumeric || property.type == .position {
            property.tolerance = random.pick([0, 0.25, 1e-3])
        }
        property.expectedInterval = random.pick([nil, .minute])
        if random.one(in: 3) {
            property.lwm2m = "/33\(random.next() % 100)/0/\(name.utf8.count)\(random.next() % 9999)"
        }
        if isNumeric, random.one(in: 3) {
            property.behaviour = BehaviourModel(
                timeConstant: .seconds(8), towards: "n0", gain: random.pick([1, -0.5]),
                rest: random.pick([0, 21.5]))
        }
        return property
    }

    private mutating func parameter(named name: String) -> PropertyModel {
        var property = PropertyModel(
            name: name, type: random.pick(ValueType.allCases))
        switch property.type {
        case .number, .integer:
            property.unit = random.pick([
                nil, Unit("%RH"), Unit("min"), Unit("1/min"), Unit("kg/m3"),
            ])
            property.range = random.pick([nil, 0...10, -40...85, 5...35])
            property.step = random.pick([nil, 5, 1])
            if random.one(in: 2) {
                let value = property.range?.lowerBound ?? 20
                property.defaultValue =
                    property.type == .number ? .number(value) : .integer(Int64(value))
            }
        case .text:
            property.choices = random.pick([[], ["off", "on"], ["a b", "true", "1"]])
            if !property.choices.isEmpty, random.one(in: 2) {
                property.choiceNumbers = property.choices.indices.map { Int64($0) * 7 - 3 }
            }
            if random.one(in: 2) {
                property.defaultValue = .text(property.choices.first ?? "a: \"b\"\n#")
            }
        case .boolean: if random.one(in: 2) { property.defaultValue = .boolean(false) }
        case .timestamp:
            if random.one(in: 2) {
                property.defaultValue = .timestamp(Instant(milliseconds: 1_767_225_600_250))
            }
        case .position:
            if random.one(in: 2) {
                property.defaultValue = GeoPosition("48.13743,11.57549,519.5").map { .position($0) }
            }
        }
        return property
    }

    private mutating func command(named name: String, in model: DeviceModel) -> CommandModel {
        var command = CommandModel(name: name, method: random.pick([.post, .put]))
        if random.one(in: 3) { command.path = ["do", "{x}", name] }
        if random.one(in: 3) { command.query = ["v={x}", "k=\"1\""] }
        if random.one(in: 2) { command.inputs = [parameter(named: "x"), parameter(named: "y z")] }
        if random.one(in: 3) { command.outputs = [parameter(named: "accepted")] }
        if random.one(in: 3) { command.writes = [("x", "n0")] }
        command.isIdempotent = random.one(in: 2)
        command.executionTimeout = random.pick([nil, .minute])
        command.verify = random.pick([nil, Located("n0 > 1")])
        command.compensation = random.pick([nil, model.commands.first?.name])
        command.isConcurrent = random.one(in: 3)
        command.needsApproval = random.one(in: 3)
        return command
    }
}
