import Model
import Testing
import Wire

/// What a device is sent about a command, and what it says.
@Suite struct CommandPayloadTests {
    private func transmission(
        _ purpose: Transmission.Purpose, fence: UInt64 = 7, parameters: [Field] = []
    ) -> Transmission {
        Transmission(
            command: CommandID(value: 10), attempt: 1, device: Device(index: 0), name: "open",
            method: .post, path: ["command", "open"], query: [], parameters: parameters,
            isCritical: false, purpose: purpose, fence: fence)
    }

    private let id = Document.Entry("id", .text("0000000000000000000000000000000a"))

    @Test func aCommandCarriesItsIdItsFenceAndItsParameters() {
        let sent = transmission(
            .execute, parameters: [Field("to", .integer(2)), Field("id", .text("mine"))])
        #expect(
            sent.document
                == .map([id, .init("fence", .integer(7)), .init("to", .integer(2))]))
        #expect(transmission(.execute, fence: 0).document == .map([id]))
        #expect(sent.payload(.cbor) == sent.document?.cbor)
        #expect(sent.payload(.json) == sent.document?.json)
        #expect(sent.payload(.link) == nil)
    }

    @Test(arguments: [Transmission.Purpose.prepare, .release])
    func aPhaseIsNamed(purpose: Transmission.Purpose) {
        #expect(
            transmission(purpose).document
                == .map([
                    id, .init("fence", .integer(7)), .init("phase", .text("\(purpose)")),
                ]))
    }

    @Test(arguments: [Transmission.Purpose.probe, .cancel])
    func aQuestionHasNoPayload(purpose: Transmission.Purpose) {
        #expect(transmission(purpose).document == nil)
        #expect(transmission(purpose).payload(.cbor) == [])
        #expect(transmission(purpose).payload(.json) == [])
    }

    struct Answer: CustomTestStringConvertible {
        var testDescription: String
        var purpose = Transmission.Purpose.execute
        var code = 204
        var json = ""
        var outcome: CommandResponse.Outcome
    }

    @Test(arguments: [
        Answer(testDescription: "done", outcome: .acknowledged(code: 204)),
        Answer(
            testDescription: "taken up", json: #"{"state":"accepted"}"#,
            outcome: .accepted(code: 204)),
        Answer(
            testDescription: "at it", json: #"{"state":"executing","percent":40.7}"#,
            outcome: .progress(percent: 40)),
        Answer(
            testDescription: "at it, nobody knows how far", json: #"{"state":"executing"}"#,
            outcome: .progress(percent: nil)),
        Answer(
            testDescription: "more than all of it", json: #"{"state":"executing","percent":1e300}"#,
            outcome: .progress(percent: 100)),
        Answer(
            testDescription: "done with results", purpose: .probe, code: 205,
            json: #"{"state":"succeeded","output":{"litres":3,"lid":null}}"#,
            outcome: .completed(output: [Field("litres", .integer(3)), Field("lid", nil)])),
        Answer(
            testDescription: "done without results", purpose: .probe, code: 205,
            json: #"{"state":"succeeded","output":3}"#, outcome: .completed(output: [])),
        Answer(
            testDescription: "failed for now",
            json: #"{"state":"failed","reason":"jammed","transient":true}"#,
            outcome: .unsuccessful(isTransient: true, reason: "jammed")),
        Answer(
            testDescription: "failed for good", json: #"{"state":"failed"}"#,
            outcome: .unsuccessful(isTransient: false, reason: "")),
        Answer(
            testDescription: "cancelled", purpose: .cancel, code: 202,
            json: #"{"state":"cancelled"}"#, outcome: .cancelled),
        Answer(
            testDescription: "a state nobody knows", json: #"{"state":"dreaming"}"#,
            outcome: .acknowledged(code: 204)),
        Answer(
            testDescription: "a map without a state", json: #"{"percent":3}"#,
            outcome: .acknowledged(code: 204)),
        Answer(
            testDescription: "no JSON", json: "{", outcome: .acknowledged(code: 204)),
        Answer(
            testDescription: "refused", code: 400, json: "no such gate",
            outcome: .refused(code: 400, diagnostic: "no such gate")),
        Answer(
            testDescription: "no such command there", code: 404, json: "",
            outcome: .refused(code: 404, diagnostic: "")),
        Answer(
            testDescription: "an id it does not know", purpose: .probe, code: 404,
            outcome: .unknown),
        Answer(
            testDescription: "an id to cancel that it does not know", purpose: .cancel, code: 404,
            outcome: .unknown),
        Answer(
            testDescription: "a device that answers no questions", purpose: .probe, code: 405,
            outcome: .refused(code: 405, diagnostic: "")),
    ])
    func answers(_ row: Answer) throws {
        #expect(
            CommandResponse.Outcome(
                to: row.purpose, code: row.code, payload: Array(row.json.utf8), isJSON: true)
                == row.outcome)
        guard let document = try? Document(json: Array(row.json.utf8).span) else { return }
        #expect(
            CommandResponse.Outcome(to: row.purpose, code: row.code, payload: document.cbor)
                == row.outcome || row.code >= 400)
    }

    @Test func keysThatAreNoTextAreNoResults() {
        let report = Document.map([
            .init("state", .text("succeeded")),
            .init("output", .map([.init(.integer(1), .integer(2)), .init("x", .boolean(true))])),
        ])
        #expect(
            CommandResponse.Outcome(report: report)
                == .completed(output: [Field("x", .boolean(true))]))
    }
}
