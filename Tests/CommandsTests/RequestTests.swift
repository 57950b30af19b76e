import Commands
import Model
import Testing

/// What is asked for, and whether it becomes a command.
@Suite struct RequestTests {
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var name: String
        var parameters: [Field] = []
        var device = "station-1"
        /// What is sent; nil where the request is refused.
        var sent: [Field]?
        var path: [String]?
        var code = 0
        var reason = ""
    }

    static let cases = [
        Case(
            testDescription: "a whole number for a float, the default for what is left out",
            name: "clamp", parameters: [Field("side", .text("left"))],
            sent: [Field("force", .number(40)), Field("side", .text("left"))]),
        Case(
            testDescription: "on a step", name: "set_speed",
            parameters: [Field("speed", .integer(1250))],
            sent: [Field("speed", .integer(1250))]),
        Case(
            testDescription: "in the path and in the query", name: "move",
            parameters: [Field("axis", .text("x")), Field("to", .number(2))],
            sent: [Field("axis", .text("x")), Field("to", .number(2))], path: ["axis", "x"]),
        Case(
            testDescription: "a device without a model takes any command", name: "dance",
            parameters: [Field("how", .text("wildly"))], device: "free-1",
            sent: [Field("how", .text("wildly"))], path: ["command", "dance"]),
        Case(
            testDescription: "a command whose parameters the model does not tell takes any",
            name: "resume", parameters: [Field("soon", .boolean(true))],
            sent: [Field("soon", .boolean(true))]),
        Case(
            testDescription: "on a step that is no binary fraction", name: "turn",
            parameters: [Field("axis", .number(2)), Field("angle", .number(0.3))],
            sent: [Field("axis", .integer(2)), Field("angle", .number(0.3))], path: ["axis", "2"]),
        Case(
            testDescription: "a part of the path that is an input is missing", name: "turn",
            parameters: [Field("angle", .number(0.3))], code: 422,
            reason: "command 'turn' needs parameter 'axis'"),
        Case(
            testDescription: "no such device", name: "resume", device: "station-9", code: 404,
            reason: "there is no such device"),
        Case(
            testDescription: "no such command", name: "resum", code: 404,
            reason: "a station has no command 'resum'; did you mean 'resume'?"),
        Case(
            testDescription: "no such command, nor one like it", name: "sing", code: 404,
            reason: "a station has no command 'sing'"),
        Case(
            testDescription: "below the range", name: "purge",
            parameters: [Field("minutes", .integer(0))], code: 422,
            reason: "minutes = 0.0 is outside 1.0...60.0"),
        Case(
            testDescription: "the wrong type", name: "purge",
            parameters: [Field("minutes", .text("five"))], code: 422,
            reason: "minutes is an integer, not 'five'"),
        Case(
            testDescription: "none of the choices", name: "clamp",
            parameters: [Field("side", .text("top"))], code: 422,
            reason: "side is one of left, right, not 'top'"),
        Case(
            testDescription: "between two steps", name: "clamp",
            parameters: [Field("side", .text("left")), Field("force", .number(45))], code: 422,
            reason: "force = 45.0 lies between its steps 40.0 and 50.0"),
        Case(
            testDescription: "what it sets is out of range", name: "set_speed",
            parameters: [Field("speed", .number(5000))], code: 422,
            reason: "parameter 'speed': speed = 5000.0 is outside 0.0...3000.0"),
        Case(
            testDescription: "a missing parameter", name: "clamp", code: 422,
            reason: "command 'clamp' needs parameter 'side'"),
        Case(
            testDescription: "a missing part of the path", name: "home", code: 422,
            reason: "command 'home' needs parameter 'axis'"),
        Case(
            testDescription: "an unknown parameter", name: "purge",
            parameters: [Field("minute", .integer(5))], code: 422,
            reason: "command 'purge' has no parameter 'minute'; did you mean 'minutes'?"),
        Case(
            testDescription: "an unknown parameter beside those it sets", name: "move",
            parameters: [
                Field("axis", .text("x")), Field("to", .number(2)), Field("?", .number(1)),
            ], code: 422, reason: "command 'move' has no parameter '?'"),
        Case(
            testDescription: "a parameter without a value", name: "resume",
            parameters: [Field("soon", nil)], code: 422,
            reason: "parameter 'soon' has no value"),
        Case(
            testDescription: "a parameter given twice", name: "resume",
            parameters: [Field("soon", .boolean(true)), Field("soon", .boolean(true))], code: 422,
            reason: "parameter 'soon' is given twice"),
        Case(
            testDescription: "a compensation that the model does not have", name: "undo",
            code: 404, reason: "a station has no command 'nothing'"),
    ]

    @Test(arguments: cases) func theModelDecides(_ row: Case) throws {
        var plant = Plant()
        let request = plant.request(row.name, row.parameters, key: "a", on: row.device)
        let refusal = plant.scheduler.refusal(
            of: request, registry: plant.registry, at: plant.now)
        let answer = plant.submit(request)
        guard let sent = row.sent else {
            let expected = try #require(refusal)
            #expect(answer == .refused(expected))
            #expect(expected.code == row.code)
            #expect("\(expected)" == row.reason)
            #expect(plant.sent == [])
            if row.device == "station-1" {
                #expect(plant.state("a") == .rejected)
                #expect(plant.record("a")?.result == row.reason)
                #expect(plant.submit(request) == .known(request.id))
            }
            return
        }
        #expect(refusal == nil)
        #expect(answer == .accepted(request.id))
        #expect(plant.sent.map(\.parameters) == [sent])
        if let path = row.path { #expect(plant.sent.map(\.path) == [path]) }
    }

    @Test func theSameKeyIsTheSameCommandForADay() throws {
        var plant = Plant()
        let request = plant.request("resume", key: "a")
        plant.submit(request)
        plant.answer(.acknowledged(code: 204))
        plant.wait(.hour)
        #expect(plant.submit(request) == .known(request.id))
        #expect(
            plant.scheduler.refusal(of: request, registry: plant.registry, at: plant.now) == nil)
        var other = request
        other.priority = .high
        #expect(plant.submit(other) == .refused(.conflictingKey))
        #expect(
            plant.scheduler.refusal(of: other, registry: plant.registry, at: plant.now)
                == .conflictingKey)
        #expect("\(CommandRefusal.conflictingKey)" == "the key was used for another request")
        #expect(CommandRefusal.conflictingKey.code == 409)
        try plant.restart()
        #expect(plant.submit(other) == .refused(.conflictingKey))
        var another = request
        another.principal = "somebody else"
        #expect(plant.submit(another) == .accepted(another.id))
        plant.wait(.day)
        // The key is forgotten; the command is still among those that ended last.
        #expect(plant.submit(other) == .known(request.id))
        #expect(plant.scheduler.counters.conflicts == 1)
    }

    @Test func theOldestKeyMakesRoom() {
        var limits = CommandLimits()
        limits.keys = 3
        limits.finishedRecords = 0
        var plant = Plant(limits: limits)
        for key in ["1", "2", "3", "4"] {
            plant.submit(plant.request("resume", key: key))
            plant.answer(.acknowledged(code: 204))
        }
        #expect(plant.scheduler.counters.keysForgotten == 1)
        #expect(plant.scheduler.records == [])
        let (old, new) = (plant.request("resume", key: "2"), plant.request("resume", key: "1"))
        #expect(plant.submit(old) == .known(old.id))
        #expect(plant.submit(new) == .accepted(new.id))
        for key in 10..<300 {
            plant.submit(plant.request("resume", key: "\(key)", priority: .low))
            plant.answer(.acknowledged(code: 204))
        }
        #expect(
            plant.submit(plant.request("resume", key: "299", priority: .low))
                == .known(
                    plant.request("resume", key: "299").id))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func aThousandRequestsOfWhichHalfAreRepeats(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var plant = Plant()
        var keys: [String] = []
        var executed: [CommandID: Int] = [:]
        for number in 0..<1000 {
            let isRepeat = !keys.isEmpty && Bool.random(using: &random)
            let key = isRepeat ? keys.randomElement(using: &random) ?? "" : "\(number)"
            if !isRepeat { keys.append(key) }
            let answer = plant.submit(
                plant.request("purge", [Field("minutes", .integer(5))], key: key))
            #expect(
                isRepeat
                    ? answer == .known(plant.ids[key] ?? CommandID(key))
                    : answer == .accepted(plant.ids[key] ?? CommandID(key)), "seed \(seed)")
            for sent in plant.sent { executed[sent.command, default: 0] += 1 }
            plant.answer(.acknowledged(code: 204))
            plant.report("mode", .text("run"))
            plant.report("mode", .text("off"))
            plant.effects.removeAll()
            if number % 100 == 99 { try plant.restart() }
        }
        #expect(executed.count == keys.count, "seed \(seed)")
        #expect(executed.values.allSatisfy { $0 == 1 }, "seed \(seed)")
    }

    @Test func aFullQueueRefusesAndDoesNotKeepTheKey() {
        var limits = CommandLimits()
        limits.commandsPerDevice = 1
        var plant = Plant(limits: limits)
        plant.submit(plant.request("resume", key: "a"))
        let second = plant.request("resume", key: "b")
        let answer = plant.submit(second)
        #expect(answer == .refused(.full("the device's queue is full")))
        #expect(CommandRefusal.full("x").code == 429)
        #expect(plant.state("b") == .rejected)
        #expect(plant.scheduler.counters.refused == 1)
    }

    @Test func whoAskedIsInTheAudit() throws {
        var plant = Plant()
        plant.submit(plant.request("resume", key: "k7", priority: .high))
        let entry = try #require(
            plant.effects.compactMap { if case .audit(let entry) = $0 { entry } else { nil } }.first
        )
        #expect(entry.reason == "k7")
        #expect(
            entry.details == [
                Field("principal", .text("operator")), Field("priority", .text("high")),
            ])
        #expect(plant.record("k7")?.principal == "operator")
        #expect(plant.record("k7")?.priority == .high)
    }
}
