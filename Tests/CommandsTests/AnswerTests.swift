import Commands
import Model
import Testing

/// What devices tell of commands beyond the plain answer, late, twice, or out of place.
@Suite struct AnswerTests {
    private func plant(_ words: String) throws -> Plant {
        var plant = Plant()
        for word in words.split(separator: " ") { try plant.play(String(word)) }
        return plant
    }

    @Test func aDeviceTellsHowFarItIsAndWhatCameOut() throws {
        var plant = try plant("submit:purge accepted progress:40 progress:40 progress")
        #expect(plant.record("a")?.percent == 40)
        #expect(plant.record("a")?.result == "running")
        plant.answer(.completed(output: [Field("litres", .number(3))]))
        #expect(plant.state("a") == .verifying)
        plant.report("mode", .text("off"))
        #expect(plant.record("a")?.output == [Field("litres", .number(3))])
        #expect(plant.state("a") == .succeeded)
    }

    @Test func whatTheModelVerifiesMustHaveBeenReportedSince() throws {
        var plant = try plant("off wait:1s submit:purge ok")
        #expect(plant.state("a") == .verifying)
        plant.report("load", .number(1))
        #expect(plant.state("a") == .verifying)
        plant.report("mode", .text("off"))
        #expect(plant.state("a") == .succeeded)
        plant = try self.plant("submit:purge off ok")
        #expect(plant.state("a") == .succeeded)
        plant = try self.plant("submit:purge silence off")
        #expect(plant.steps("a").suffix(2) == ["reconciling > verifying", "verifying > succeeded"])
    }

    @Test func whatItSetsTellsAlsoWithoutBeingAsked() throws {
        let plant = try plant("submit:set_gate+once wait:120s")
        #expect(plant.state("a") == .reconciling)
        var reported = plant
        reported.report("gate", .text("up"))
        #expect(reported.state("a") == .succeeded)
        #expect(reported.record("a")?.result == "reported")
    }

    struct Late: CustomTestStringConvertible {
        var testDescription: String
        var words: String
        var outcome: CommandResponse.Outcome
        var state: CommandState
        var late: UInt64 = 0
    }

    @Test(arguments: [
        Late(
            testDescription: "a result settles it", words: "submit:purge silence wait:120s",
            outcome: .completed(output: [Field("litres", .number(3))]), state: .succeeded, late: 1),
        Late(
            testDescription: "an answer settles it", words: "submit:purge silence wait:120s",
            outcome: .acknowledged(code: 204), state: .succeeded, late: 1),
        Late(
            testDescription: "a refusal settles it", words: "submit:purge silence wait:120s",
            outcome: .refused(code: 400, diagnostic: ""), state: .failed, late: 1),
        Late(
            testDescription: "a cancellation settles it", words: "submit:purge silence wait:120s",
            outcome: .cancelled, state: .failed, late: 1),
        Late(
            testDescription: "silence settles nothing", words: "submit:purge silence wait:120s",
            outcome: .noResponse, state: .indeterminate),
        Late(
            testDescription: "what succeeded stays so", words: "submit:set_gate ok",
            outcome: .unsuccessful(isTransient: false, reason: ""), state: .succeeded),
        Late(
            testDescription: "a kept one is settled too",
            words: "submit:clamp+kept cancel wait:120s",
            outcome: .completed(output: []), state: .succeeded, late: 1),
    ])
    func lateResults(_ row: Late) throws {
        var plant = try plant(row.words)
        plant.told(row.outcome, of: "a")
        #expect(plant.state("a") == row.state)
        #expect(plant.scheduler.counters.lateResults == row.late)
        #expect(plant.scheduler.counters.unknownResponses == 1 - row.late)
        let ends = plant.effects.compactMap { effect in
            if case .finished(let record) = effect { record.state } else { nil }
        }
        #expect(ends.last == row.state)
    }

    @Test func anAnswerToACommandNeverSentIsCounted() throws {
        var plant = Plant()
        plant.ids["x"] = CommandID("x")
        plant.told(.acknowledged(code: 204), of: "x")
        #expect(plant.scheduler.counters.unknownResponses == 1)
        plant = try self.plant("other:resume submit:set_gate")
        for outcome in [
            CommandResponse.Outcome.acknowledged(code: 204), .completed(output: []),
            .accepted(code: 204), .unknown, .unsuccessful(isTransient: true, reason: ""),
            .noResponse,
        ] {
            plant.told(outcome, of: "a")
        }
        #expect(plant.state("a") == .queued)
        #expect(plant.scheduler.counters.ignoredEvents == 6)
        #expect(plant.reasons("a").count { $0.hasPrefix("ignored") } == 1)
    }

    @Test func whatIsIgnoredIsToldOnceForEachState() throws {
        var plant = try plant("submit:set_gate accepted ok")
        #expect(plant.state("a") == .succeeded)
        plant = try self.plant("submit:set_gate accepted accepted accepted")
        #expect(plant.scheduler.counters.ignoredEvents == 2)
        #expect(plant.reasons("a").last == "ignored: 2.04 accepted")
        #expect(plant.steps("a").count == 5)
        plant.told(.unsuccessful(isTransient: false, reason: ""), of: "a")
        #expect(plant.record("a")?.result == "failed")
    }

    @Test func questionsThatTellNothingAreAskedAgain() throws {
        for word in ["400", "silence", "nowhere", "ok"] {
            var plant = try plant("submit:purge silence \(word)")
            #expect(plant.log == ["purge 1", "probe purge 1"])
            plant.answer(.refused(code: 400, diagnostic: ""))
            plant.wait(.seconds(6))
            #expect(plant.log == ["purge 1", "probe purge 1", "probe purge 1"], "\(word)")
            #expect(plant.sent.last?.path == ["command", plant.sent[0].command.description])
            #expect(plant.sent.last?.method == .get)
            #expect(plant.sent.last?.parameters == [])
        }
    }

    @Test func aCancellationEndsWithWhatTheDeviceSays() throws {
        var plant = try plant("submit:set_gate cancel")
        #expect(plant.log == ["set_gate 1", "cancel set_gate 1"])
        #expect(plant.sent.last?.method == .delete)
        plant.answer(.progress(percent: 5))
        plant.wait(.seconds(6))
        #expect(plant.log.last == "cancel set_gate 1")
        #expect(plant.sent.count == 3)
        plant.told(.progress(percent: 6), of: "a")
        plant.answer(.acknowledged(code: 202))
        #expect(plant.state("a") == .cancelled)
        for (word, state) in [("unknown", CommandState.cancelled), ("400", .cancelling)] {
            plant = try self.plant("submit:set_gate cancel \(word)")
            #expect(plant.state("a") == state)
        }
        plant = try self.plant("submit:set_gate cancel")
        plant.told(.refused(code: 400, diagnostic: ""), of: "a")
        #expect(plant.state("a") == .failed)
        let decided1 = plant.decide(.cancel, "b")
        #expect(!decided1)
    }

    @Test func whatIsKnownToRunIsNotUnknown() throws {
        var plant = try plant("submit:set_gate accepted")
        plant.told(.unknown, of: "a")
        #expect(plant.state("a") == .accepted)
        #expect(plant.scheduler.counters.ignoredEvents == 1)
    }

    @Test func codesAreWrittenAsCoAPHasThem() throws {
        for (code, text) in [(429, "4.29"), (503, "5.03 later")] {
            var plant = try plant("submit:set_gate")
            let diagnostic = code == 503 ? "later" : ""
            plant.answer(.refused(code: code, diagnostic: diagnostic))
            #expect(plant.record("a")?.result == text)
            #expect(plant.state("a") == .backoff)
        }
    }

    @Test func aDeviceThatDoesNotGetReadyIsLetGo() throws {
        let plant = try plant("submit:set_gate+prepared silence released")
        #expect(plant.state("a") == .backoff)
        #expect(plant.log == ["prepare set_gate 1", "release set_gate 1"])
        #expect(plant.scheduler.counters.ignoredEvents == 0)
    }

    @Test func theLongestDelayIsForEver() {
        var plant = Plant()
        var terms = CommandTerms()
        terms.policy = RetryPolicy(
            maxAttempts: 2, initialDelay: Milliseconds(.max), maxDelay: Milliseconds(.max))
        plant.submit(plant.request("resume", key: "a"), terms)
        plant.answer(.noResponse)
        plant.wait(.hour)
        #expect(plant.state("a") == .reconciling)
    }

    @Test func cancellingTwiceIsIgnored() throws {
        let plant = try plant("submit:set_gate cancel cancel")
        #expect(plant.scheduler.counters.ignoredEvents == 1)
    }

    @Test func withoutAnAddressItIsCertainThatNothingArrived() throws {
        var plant = try plant("submit:purge nowhere")
        #expect(plant.state("a") == .backoff)
        plant.decide(.cancel, "a")
        #expect(plant.state("a") == .cancelled)
        #expect(
            plant.steps("a").suffix(2) == ["backoff > cancelling", "cancelling > cancelled"]
                || plant.steps("a").last == "backoff > cancelled")
    }

    @Test func aWishWaitsForTheDevice() throws {
        var plant = try plant("submit:set_gate silence urgent wait:2s cancel")
        #expect(plant.state("a") == .queued)
        try plant.restart()
        plant.answer(.completed(output: []))
        #expect(plant.state("a") == .cancelling)
        plant = try self.plant("submit:set_gate+brief silence urgent wait:6s restart done")
        #expect(plant.state("a") == .reconciling)
    }

    @Test func aCompensationIsSentUnderItsOwnIdAndRetried() throws {
        var plant = try plant("submit:clamp+kept ok compensate")
        let id = try #require(plant.ids["a"])
        #expect(plant.sent.last?.command == CommandID("compensation", id.description))
        #expect(plant.sent.last?.name == "unclamp")
        #expect(plant.sent.last?.parameters == [Field("side", .text("left"))])
        plant.answer(.refused(code: 503, diagnostic: ""))
        plant.wait(.seconds(2))
        #expect(plant.log.suffix(2) == ["unclamp 1", "unclamp 2"])
        plant.answer(.accepted(code: 204))
        plant.answer(.noResponse, to: plant.sent[1])
        #expect(plant.state("a") == .compensating)
        plant.told(.acknowledged(code: 204), of: "a")
        plant.wait(.seconds(52))
        #expect(plant.log.last == "unclamp 2")
        plant.wait(.seconds(3))
        #expect(plant.log.last == "unclamp 3")
        plant.wait(.seconds(120))
        #expect(plant.state("a") == .compensationFailed)
        #expect(plant.scheduler.counters.compensationFailed == 1)
        #expect(plant.scheduler.nextDeadline == nil)
    }

    @Test func aCompensationGoesAheadOfWhatWaits() throws {
        var plant = try plant("submit:clamp+kept ok other:resume")
        plant.submit(plant.request("resume", key: "c", priority: .high))
        try plant.play("compensate")
        #expect(plant.log == ["clamp 1", "resume 1"])
        plant.answer(.acknowledged(code: 204))
        #expect(plant.log == ["clamp 1", "resume 1", "unclamp 1"])
        plant.answer(.completed(output: []))
        #expect(plant.state("a") == .compensated)
    }

    @Test func whatCannotBeTakenBackIsNot() throws {
        for words in ["submit:set_gate+kept ok", "submit:clamp+kept", "submit:clamp ok"] {
            let plant = try plant("\(words) compensate")
            #expect(plant.scheduler.counters.compensated == 0)
            #expect(plant.scheduler.counters.ignoredEvents == 1, "\(words)")
        }
        var plant = try plant("submit:clamp+kept ok")
        try plant.restart()
        try plant.play("forget")
        try plant.play("forget")
        try plant.play("compensate")
        #expect(plant.state("a") == .succeeded)
        #expect(plant.log == ["clamp 1"])
        plant = try self.plant("submit:clamp+kept forget ok compensate")
        #expect(plant.log == ["clamp 1"])
    }

    @Test func aStepMaySayWhatTakesItBack() {
        var plant = Plant()
        var terms = CommandTerms()
        terms.isKept = true
        terms.compensation = CommandTerms.Compensation(
            name: "set_gate", parameters: [Field("gate", .text("down"))])
        terms.executionTimeout = .seconds(7)
        plant.submit(plant.request("set_gate", [Field("gate", .text("up"))], key: "a"), terms)
        plant.answer(.accepted(code: 204))
        #expect(plant.scheduler.nextDeadline == Instant(milliseconds: 7000))
        plant.answer(.completed(output: []))
        plant.scheduler.compensate(
            plant.ids["a"] ?? CommandID(""), reason: "x", at: plant.now, into: &plant.effects)
        let wishes: [Value] = plant.effects.compactMap {
            if case .desire(_, _, let value, _) = $0 { value } else { nil }
        }
        plant.answer(.accepted(code: 204))
        #expect(plant.scheduler.nextDeadline == Instant(milliseconds: 300_000))
        plant.answer(.unknown)
        #expect(plant.state("a") == .compensationFailed)
        #expect(wishes == [.text("up"), .text("down")])
    }
}
