import Interchange
import Model
import Testing
import Wire

@Suite("Models go out and come back")
struct IdentityTests {
    private func generated(_ body: (DeviceModel, UInt64) throws -> Void) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("models: seed \(seed)")
        var generator = ModelGenerator(random: SplitMix64(state: seed))
        for _ in 0..<200 { try body(generator.model(), seed) }
        for model in try exampleModels() { try body(model, 0) }
    }

    @Test("as YAML")
    func yaml() throws {
        try generated { model, seed in
            let text = ModelText.yaml([model])
            let read = try models(text)
            #expect(ModelText.yaml(read) == text, "seed \(seed)")
        }
    }

    @Test("as a WoT Thing Model, with nothing lost")
    func thingModel() throws {
        try generated { model, seed in
            let document = ThingModel.document(of: model)
            let read = try ThingModel.models(try json(document.indented))
            #expect(read.losses == [], "seed \(seed)")
            #expect(ModelText.yaml(read.models) == ModelText.yaml([model]), "seed \(seed)")
        }
    }

    @Test("as an SDF definition, but for the terms of policy, which are named")
    func semanticDefinition() throws {
        try generated { model, seed in
            let (document, losses) = SemanticDefinition.document(of: model)
            let read = try SemanticDefinition.models(try json(document.indented))
            #expect(read.losses == [], "seed \(seed)")
            var plain = model
            var dropped: [String] = []
            for index in plain.properties.indices {
                let path = "properties.\(plain.properties[index].name)"
                if plain.properties[index].tolerance != 0 { dropped.append(path + ".tolerance") }
                if plain.properties[index].policy != nil { dropped.append(path + ".policy") }
                if plain.properties[index].settle != nil { dropped.append(path + ".settle") }
                if plain.properties[index].expectedInterval != nil {
                    dropped.append(path + ".expected")
                }
                plain.properties[index].tolerance = 0
                plain.properties[index].policy = nil
                plain.properties[index].settle = nil
                plain.properties[index].expectedInterval = nil
            }
            #expect(losses.map(\.path) == dropped, "seed \(seed)")
            #expect(ModelText.yaml(read.models) == ModelText.yaml([plain]), "seed \(seed)")
        }
    }

    @Test("a step that the range does not start on stays a step")
    func step() throws {
        var model = DeviceModel(name: "m")
        model.properties = [
            PropertyModel(name: "x", range: 1...31, isWritable: true, step: 2)
        ]
        let document = ThingModel.document(of: model)
        #expect(document["properties"]?["x"]?["multipleOf"] == nil)
        #expect(document["properties"]?["x"]?["iotflow:step"] == .integer(2))
        let read = try ThingModel.models(document)
        #expect(read.models.first?.properties.first?.step == 2)
    }
}
