import Model
import Testing

@Suite("What a command and a wish may say")
struct CommandInputTests {
    private static let purge = CommandModel(
        name: "purge",
        inputs: [
            PropertyModel(
                name: "minutes", type: .integer, unit: Unit("min"), range: 1...60, step: 1,
                defaultValue: .integer(5)),
            PropertyModel(
                name: "level", type: .text, choices: ["low", "high"], choiceNumbers: [0, 1]),
        ])

    @Test(
        "parameters come in the model's order, each as its type holds it, with defaults",
        arguments: [
            ([Field("level", .text("low"))], [.integer(5), .text("low")]),
            (
                [Field("level", .integer(1)), Field("minutes", .number(7))],
                [.integer(7), .text("high")]
            ),
            ([Field("minutes", nil), Field("level", .number(0))], [.integer(5), .text("low")]),
        ] as [([Field], [Value])])
    func accepted(given: [Field], expected: [Value]) throws {
        let fields = try Self.purge.accept(parameters: given)
        #expect(fields.map(\.name) == ["minutes", "level"])
        #expect(fields.map(\.value) == expected)
    }

    @Test(
        "others are refused, and the reason names them",
        arguments: [
            ([], "command 'purge' needs parameter 'level'"),
            ([Field("level", .text("lwo"))], "level is one of low, high, not 'lwo'"),
            ([Field("level", .integer(2))], "level is a string, not '2'"),
            (
                [Field("levle", .text("low"))],
                "has no parameter 'levle'; did you mean 'level'?"
            ),
            (
                [Field("level", .text("low")), Field("level", .text("low"))],
                "parameter 'level' is given twice"
            ),
            ([Field("level", .text("low")), Field("minutes", .integer(61))], "outside 1.0...60.0"),
            ([Field("level", .text("low")), Field("minutes", .text("5"))], "an integer, not '5'"),
        ] as [([Field], String)])
    func refused(given: [Field], reason: String) {
        do throws(PropertyModel.Misfit) {
            let fields = try Self.purge.accept(parameters: given)
            Issue.record("\(fields)")
        } catch {
            #expect(error.description.contains(reason), "\(error)")
        }
    }

    @Test("a command whose model names no inputs takes any")
    func untyped() throws {
        let fields = [Field("x", .number(1)), Field("y", nil)]
        #expect(try CommandModel(name: "go").accept(parameters: fields) == fields)
    }

    @Test("wishes lie on the steps of a property; reports need not")
    func steps() throws {
        let setpoint = PropertyModel(
            name: "setpoint", unit: Unit("Cel"), range: 5...35, isWritable: true, step: 0.1)
        #expect(try setpoint.accept(desired: .number(20.3)) == .number(20.3))
        #expect(try setpoint.accept(.number(20.35)) == .number(20.35))
        #expect(throws: PropertyModel.Misfit.self) {
            try setpoint.accept(desired: .number(20.35))
        }
        #expect(try setpoint.accept(desired: .number(68), in: Unit("degF")) == .number(20))
        #expect(
            throws: PropertyModel.Misfit.wrongUnit(
                "setpoint is in Cel, which deltaCel is no measure of")
        ) { try setpoint.accept(desired: .number(5), in: Unit("deltaCel")) }
        #expect(
            throws: PropertyModel.Misfit.wrongUnit("setpoint is in Cel, which W is no measure of")
        ) { try setpoint.accept(desired: .number(20), in: Unit("W")) }
        let free = PropertyModel(name: "x", step: 2)
        #expect(try free.accept(desired: .integer(-4)) == .number(-4))
        #expect(throws: PropertyModel.Misfit.self) { try free.accept(desired: .number(3)) }
    }

    @Test(
        "versions",
        arguments: [
            ("1", "1.0.0"), ("1.2", "1.2.0"), ("1.2.3", "1.2.3"), ("01.2", "1.2.0"), ("", nil),
            ("1.", nil), ("a", nil), ("1.2.3.4", nil), ("-1", nil), ("9999999999", nil),
        ] as [(String, String?)])
    func versions(text: String, version: String?) {
        #expect(DeviceModel.version(text) == version)
    }

    @Test("differences of temperature have no offset, and shares of humidity keep their name")
    func units() throws {
        let (fahrenheit, celsius) = (try #require(Unit("deltadegF")), try #require(Unit("deltaK")))
        #expect(abs((fahrenheit.convert(9, to: celsius) ?? 0) - 5) < 1e-12)
        #expect(try fahrenheit.convert(9, to: #require(Unit("Cel"))) == nil)
        let (humidity, percent) = (try #require(Unit("%RH")), try #require(Unit("%")))
        #expect(humidity.symbol == "%RH" && humidity.convert(55.3, to: percent) == 55.3)
        #expect(try Unit("kg/m3")?.convert(1, to: #require(Unit("g/m3"))) == 1000)
    }
}
