import Commands
import Model
import Testing

/// The scheduler takes every transition, and a restart after each loses nothing and doubles
/// nothing.
@Suite struct TransitionTests {
    @Test func everyTransitionHasAScript() {
        let scripts = Set(TransitionScript.all.map(\.id))
        #expect(scripts.count == TransitionScript.all.count)
        #expect(Set(CommandLife.table.map(\.id)).subtracting(scripts) == ["C91"])
        for script in TransitionScript.all {
            let row = CommandLife.table.first { $0.id == script.id }
            #expect(row.map { "\($0.from) > \($0.to)" } == script.step)
        }
    }

    @Test(arguments: TransitionScript.all) func theSchedulerTakesIt(script: TransitionScript) throws
    {
        var plant = Plant()
        for word in script.words.dropLast() { try plant.play(word) }
        let before = plant.steps("a").count
        try plant.play(script.words.last ?? "")
        #expect(
            plant.steps("a").dropFirst(before).contains(script.step), "\(plant.steps("a"))")
    }

    /// Devices remember which ids they have run. `arrives` tells whether what nobody answered has
    /// reached them.
    @Test(arguments: TransitionScript.all, [false, true])
    func aRestartAfterItLosesNothingAndDoublesNothing(script: TransitionScript, arrives: Bool)
        throws
    {
        var plant = Plant()
        var devices = Devices()
        var answered = 0
        for word in script.words {
            let last = plant.sent.last { $0.purpose != .release }
            if word == "unknown", arrives { return }
            if let last { devices.note(word, last, arrives: arrives) }
            try plant.play(word)
            answered = plant.sent.count
        }
        // What the last word sent never left, or never came back.
        let outstanding = plant.sent.suffix(1).filter { !$0.isAnswered(by: script.words.last) }
        if arrives { for sent in outstanding { devices.take(sent) } }
        try plant.restart()
        var rounds = 0
        while rounds < 500 {
            rounds += 1
            let sent = plant.sent
            let prepared = plant.prepared.count
            for transmission in sent.dropFirst(answered) {
                if let outcome = devices.answer(transmission) {
                    plant.answer(outcome, to: transmission)
                }
            }
            answered = sent.count
            for id in plant.prepared.suffix(plant.prepared.count - prepared) {
                plant.scheduler.operate(
                    id, twins: plant.reports, at: plant.now, into: &plant.effects)
            }
            if plant.sent.count > answered { continue }
            guard let due = plant.scheduler.nextDeadline else { break }
            plant.now = max(plant.now, due)
            plant.wait(.zero)
        }
        let context: Comment = "\(plant.log) \(plant.steps("a"))"
        #expect(rounds < 500, context)
        #expect(devices.executions.values.allSatisfy { $0 == 1 }, context)
        for key in plant.ids.keys {
            let record = try #require(plant.record(key), context)
            let waits = record.state == .blocked
            #expect(record.state.isFinal || waits, "\(key) \(record.state): \(context)")
            if [.expired, .skipped, .rejected, .blocked].contains(record.state) {
                #expect(devices.executions[record.id] == nil, context)
            }
            if record.state == .succeeded { #expect(devices.executions[record.id] == 1, context) }
        }
    }

    /// What happened at the devices.
    struct Devices {
        var executions: [CommandID: Int] = [:]
        private var failed: Set<CommandID> = []

        /// What a script's word says of the last transmission.
        mutating func note(_ word: String, _ sent: Transmission, arrives: Bool) {
            switch word {
            case "ok", "done", "accepted": take(sent)
            case "fail", "busy": if executions[sent.command] == nil { failed.insert(sent.command) }
            case "progress:10", "progress:20", "progress:50", "progress": take(sent)
            case "silence": if arrives { take(sent) }
            default: break
            }
        }

        mutating func take(_ sent: Transmission) {
            switch sent.purpose {
            case .execute: if executions[sent.command] == nil { executions[sent.command] = 1 }
            case .probe, .cancel: executions[sent.command] = 1
            case .prepare, .release: break
            }
        }

        mutating func answer(_ sent: Transmission) -> CommandResponse.Outcome? {
            switch sent.purpose {
            case .release: return nil
            case .prepare: return .acknowledged(code: 204)
            case .execute:
                take(sent)
                return .acknowledged(code: 204)
            case .probe, .cancel:
                return executions[sent.command] == nil ? .unknown : .completed(output: [])
            }
        }
    }
}

extension Transmission {
    fileprivate func isAnswered(by word: String?) -> Bool {
        purpose == .release || purpose == .prepare || word == "ok"
    }
}
