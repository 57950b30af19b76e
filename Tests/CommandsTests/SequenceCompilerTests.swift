import Commands
import Model
import Testing

/// What is told of a sequence that cannot be, and how waits between attempts grow.
@Suite struct SequenceCompilerTests {
    private static let place = Place(file: "a.yaml", line: 7, column: 9)

    private static func one(
        _ command: String, _ parameters: [(name: String, value: Located<Value>)] = []
    ) -> SequenceDefinition {
        SequenceDefinition(
            name: Located("s"),
            target: TargetDefinition(group: Located("units"), selection: .all),
            steps: [StepDefinition(command: Located(command, at: place), parameters: parameters)])
    }

    private static func value(_ value: Value) -> Located<Value> { Located(value, at: place) }

    private static func aimed(
        _ selection: TargetDefinition.Selection, group: String = "units", to path: String?
    ) -> SequenceDefinition {
        SequenceDefinition(
            name: Located("s", at: place),
            target: TargetDefinition(
                group: Located(group, at: place), selection: selection,
                toDevice: path.map { Located($0, at: place) }),
            steps: [Site.step("purge", [])])
    }

    struct Mistake: CustomTestStringConvertible {
        var sequence: SequenceDefinition
        var code: String
        var message: String
        var length: Int
        var help: [String] = []
        var testDescription: String { message }
    }

    @Test(arguments: [
        Mistake(
            sequence: one("set_mod"), code: "E0313",
            message: "there is no command of model 'controller' named 'set_mod'", length: 7,
            help: ["did you mean 'set_mode'?"]),
        Mistake(
            sequence: one("set_mode", [("mode", value(.text("coll")))]), code: "E0315",
            message: "parameter 'mode' sets 'mode', which is one of off, cool, heat, not 'coll'",
            length: 4, help: ["did you mean 'cool'?"]),
        Mistake(
            sequence: one("set_mode", [("mode", value(.integer(3)))]), code: "E0315",
            message: "parameter 'mode' sets 'mode', which is a string, not '3'", length: 1),
        Mistake(
            sequence: one("set_setpoint", [("setpoint", value(.number(40)))]), code: "E0315",
            message: "parameter 'setpoint' sets 'setpoint', which goes from 5.0 to 35.0, "
                + "not to 40.0", length: 4),
        Mistake(
            sequence: one("configure", [("level", value(.number(1.5)))]), code: "E0315",
            message: "parameter 'level' sets 'level', which is an integer, not '1.5'", length: 3),
        Mistake(
            sequence: one("open", [("zone", value(.integer(1)))]), code: "E0314",
            message: "command 'open' needs parameter 'to'", length: 4),
        Mistake(
            sequence: one(
                "open",
                [
                    ("zone", value(.integer(1))), ("to", value(.integer(1))),
                    ("zones", value(.integer(1))),
                ]), code: "E0314", message: "command 'open' has no parameter 'zones'", length: 1,
            help: ["did you mean 'zone'?"]),
        Mistake(
            sequence: one("broken", [("x", value(.integer(1)))]), code: "E0314",
            message: "command 'broken' writes property 'levle', which model 'controller' "
                + "does not have", length: 6, help: ["did you mean 'level'?"]),
        Mistake(
            sequence: aimed(.all, group: "unit", to: nil), code: "E0311",
            message: "there is no group 'unit'", length: 4, help: ["did you mean 'units'?"]),
        Mistake(
            sequence: aimed(.nearest, to: nil), code: "E0316",
            message: "nearest to what? `to_device` is missing", length: 5,
            help: ["add `parameters: {to_device: context.device_id}`"]),
        Mistake(
            sequence: aimed(.nearest, to: "context.device"), code: "E0316",
            message: "'context.device' names no device", length: 14,
            help: ["`context.device_id` is the device that set the sequence off"]),
        Mistake(
            sequence: SequenceDefinition(
                name: Located("s", at: place),
                target: TargetDefinition(group: Located("units"), selection: .all), steps: []),
            code: "E0317", message: "sequence 's' has no steps", length: 1),
        Mistake(
            sequence: SequenceDefinition(
                name: Located("s", at: place),
                target: TargetDefinition(group: Located("units"), selection: .all),
                steps: [Site.step("purge", [])], errorHandling: ErrorHandling(maxAttempts: 0)),
            code: "E0318", message: "max_attempts must be between 1 and 1000", length: 1),
        Mistake(
            sequence: SequenceDefinition(
                name: Located("s", at: place),
                target: TargetDefinition(group: Located("units"), selection: .all),
                steps: [Site.step("purge", [])],
                errorHandling: ErrorHandling(initialDelay: Milliseconds(-1))),
            code: "E0318", message: "a delay cannot be negative", length: 1),
    ])
    func mistakesAreToldAndLeftOut(_ row: Mistake) {
        var site = Site([row.sequence])
        let expected = Diagnostic(
            code: row.code, row.message, at: Self.place, length: row.length, help: row.help)
        #expect(site.diagnostics == [expected])
        site.start("s")
        #expect(site.sent.isEmpty)
    }

    @Test func aSecondSequenceOfTheSameNameIsTold() {
        let site = Site([Site.cooling(), Site.cooling()])
        #expect(site.diagnostics.map(\.code) == ["E0310"])
    }

    @Test func doubtfulSequencesAreWarnedAboutAndKept() {
        var site = Site([Self.aimed(.all, to: "context.device_id")])
        #expect(site.diagnostics.map(\.severity) == [.warning])
        site.start("s")
        #expect(site.sent.count == 3)
        var registry = site.registry
        registry.addGroup("nobody")
        var diagnostics: [Diagnostic] = []
        _ = CommandScheduler(
            sequences: [Self.aimed(.all, group: "nobody", to: nil)], sync: [],
            registry: registry, diagnostics: &diagnostics)
        #expect(diagnostics.map(\.code) == ["E0312"])
        #expect(diagnostics.map(\.severity) == [.warning])
    }

    @Test func valuesAreHeldAsThePropertyHoldsThem() {
        let sequence = Self.one(
            "configure",
            [
                ("setpoint", Self.value(.integer(20))), ("level", Self.value(.number(2))),
                ("since", Self.value(.text("2026-01-01"))), ("comment", Self.value(.text("x"))),
            ])
        var site = Site([sequence])
        #expect(site.diagnostics.isEmpty)
        site.start("s")
        let wishes: [Value] = site.effects.prefix(12).compactMap {
            if case .desire(_, _, let value, _) = $0 { value } else { nil }
        }
        #expect(
            wishes.prefix(3) == [
                .number(20), .integer(2), .timestamp(Instant(milliseconds: 1_767_225_600_000)),
            ])
    }

    @Test(arguments: [
        (ErrorHandling.Backoff.exponential, [1000, 2000, 4000, 5000, 5000] as [Int64]),
        (.fixed, [1000, 1000, 1000, 1000, 1000]),
    ])
    func waitsGrowToTheLimitAndNeverByMoreThanATenth(
        backoff: ErrorHandling.Backoff, waits: [Int64]
    ) {
        var sequence = Site.cooling()
        sequence.errorHandling = ErrorHandling(
            strategy: .retry, maxAttempts: 6, backoff: backoff, initialDelay: .second,
            maxDelay: .seconds(5))
        var site = Site([sequence])
        site.start()
        for wait in waits {
            site.answer(.noResponse)
            let delay = site.scheduler.nextDeadline.map { ($0 - site.now).count } ?? 0
            #expect((wait...wait + wait / 10).contains(delay))
            site.wait(Milliseconds(delay))
        }
        #expect(site.log.last == "set_mode 6")
    }

    @Test func commandsThatFailTogetherAreNotAllRepeatedTogether() {
        var site = Site([Site.cooling(selection: .all)])
        site.start()
        for sent in site.sent { site.answer(sent, .noResponse) }
        var deadlines: Set<Instant> = []
        while site.log.count < 6, let next = site.scheduler.nextDeadline {
            deadlines.insert(next)
            site.wait(next - site.now)
        }
        #expect(deadlines.count == 3)
    }

    struct Rule: CustomTestStringConvertible {
        var testDescription: String
        var command: CommandModel
        var parameters: [String]
        var writes: [String]
    }

    @Test(arguments: [
        Rule(
            testDescription: "a parameter sets the property of its name",
            command: CommandModel(name: "configure"), parameters: ["mode", "x"],
            writes: ["mode=mode"]),
        Rule(
            testDescription: "the only parameter of set_x sets x",
            command: CommandModel(name: "set_fan_speed"), parameters: ["speed"],
            writes: ["speed=fan_speed"]),
        Rule(
            testDescription: "but the property of its name goes first",
            command: CommandModel(name: "set_fan_speed"), parameters: ["mode"],
            writes: ["mode=mode"]),
        Rule(
            testDescription: "set_x with two parameters is no set of x",
            command: CommandModel(name: "set_fan_speed"), parameters: ["speed", "time"],
            writes: []),
        Rule(
            testDescription: "set_y sets nothing where there is no y",
            command: CommandModel(name: "set_y"), parameters: ["speed"], writes: []),
        Rule(
            testDescription: "what the command's own list says goes before all",
            command: CommandModel(name: "set_mode", writes: [("mode", "fan_speed"), ("b", "c")]),
            parameters: ["mode"], writes: ["mode=fan_speed"]),
    ])
    func parametersSetProperties(_ row: Rule) {
        let model = DeviceModel(
            name: "controller",
            properties: [PropertyModel(name: "mode"), PropertyModel(name: "fan_speed")])
        let writes = model.writes(of: row.command, parameters: row.parameters)
        #expect(writes.map { "\($0.parameter)=\($0.property)" } == row.writes)
    }
}
