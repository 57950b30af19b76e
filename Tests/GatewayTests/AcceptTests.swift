import CoAP
import Gateway
import Model
import Testing
import Wire

@Suite("What a property takes")
struct AcceptTests {
    /// A property, what is sent, and the value that is kept or the reason why not.
    struct Case: CustomTestStringConvertible {
        var property: PropertyModel
        var sent: Value
        var unit: String?
        var kept: Value?
        var refused: Refusal.Reason?

        init(
            _ property: PropertyModel, _ sent: Value, _ unit: String? = nil, kept: Value? = nil,
            refused: Refusal.Reason? = nil
        ) {
            self.property = property
            self.sent = sent
            self.unit = unit
            self.kept = kept
            self.refused = refused
        }

        var testDescription: String {
            "\(property.type) \(sent) \(unit ?? "") → \(kept.map { "\($0)" } ?? "refused")"
        }
    }

    private static let float = PropertyModel(name: "p")
    private static let celsius = PropertyModel(
        name: "p", unit: Unit("Cel"), range: -40...85)
    private static let integer = PropertyModel(name: "p", type: .integer, range: 0...10)
    private static let boolean = PropertyModel(name: "p", type: .boolean)
    private static let text = PropertyModel(name: "p", type: .text)
    private static let mode = PropertyModel(name: "p", type: .text, choices: ["off", "on"])
    private static let timestamp = PropertyModel(name: "p", type: .timestamp)

    private static let instant = Instant(milliseconds: 1_767_225_600_500)

    static let cases: [Case] = [
        Case(float, .number(1.5), kept: .number(1.5)),
        Case(float, .integer(2), kept: .number(2)),
        Case(float, .number(1.5), "Cel", kept: .number(1.5)),
        Case(float, .boolean(true), refused: .wrongType),
        Case(float, .text("1.5"), refused: .wrongType),
        Case(float, .timestamp(instant), refused: .wrongType),
        Case(celsius, .number(20), kept: .number(20)),
        Case(celsius, .number(20), "Cel", kept: .number(20)),
        Case(celsius, .number(293.15), "K", kept: .number(293.15 - 273.15)),
        Case(celsius, .integer(212), "degF", refused: .outOfRange),
        Case(celsius, .number(85), kept: .number(85)),
        Case(celsius, .number(85.1), refused: .outOfRange),
        Case(celsius, .number(-40.1), refused: .outOfRange),
        Case(celsius, .number(20), "W", refused: .wrongUnit),
        Case(celsius, .number(20), "furlong", refused: .wrongUnit),
        Case(integer, .integer(10), kept: .integer(10)),
        Case(integer, .number(3), kept: .integer(3)),
        Case(integer, .number(3.5), refused: .wrongType),
        Case(integer, .integer(11), refused: .outOfRange),
        Case(PropertyModel(name: "p", type: .integer), .number(1e300), refused: .wrongType),
        Case(boolean, .boolean(true), kept: .boolean(true)),
        Case(boolean, .integer(0), kept: .boolean(false)),
        Case(boolean, .number(1), kept: .boolean(true)),
        Case(boolean, .integer(2), refused: .wrongType),
        Case(boolean, .text("true"), refused: .wrongType),
        Case(text, .text("anything"), kept: .text("anything")),
        Case(text, .integer(1), refused: .wrongType),
        Case(mode, .text("on"), kept: .text("on")),
        Case(mode, .text("On"), refused: .outOfRange),
        Case(mode, .boolean(true), refused: .wrongType),
        Case(timestamp, .timestamp(instant), kept: .timestamp(instant)),
        Case(timestamp, .text("2026-01-01T00:00:00.5Z"), kept: .timestamp(instant)),
        Case(timestamp, .number(1_767_225_600.5), kept: .timestamp(instant)),
        Case(timestamp, .integer(0), kept: .timestamp(Instant(milliseconds: 0))),
        Case(timestamp, .text("yesterday"), refused: .wrongType),
        Case(timestamp, .number(1e300), refused: .wrongType),
        Case(timestamp, .boolean(false), refused: .wrongType),
    ]

    @Test("it is converted, or refused with the reason", arguments: cases)
    func accept(_ sample: Case) throws {
        let unit = sample.unit.map { spelling in
            TelemetryPack.units.firstIndex { $0 == Unit(spelling) }
                .map { TelemetryPack.UnitReference.known(UInt8($0)) } ?? .unknown
        }
        var kept: Value?
        var refused: Refusal?
        do throws(Refusal) {
            kept = try sample.property.accept(
                sample.sent, unit: unit ?? .none, spelling: sample.unit)
        } catch { refused = error }
        #expect(kept == sample.kept)
        #expect(refused?.reason == sample.refused)
        if let refused {
            #expect(refused.code == .unprocessableEntity)
            #expect(refused.text.contains("p"))
        }
    }
}
