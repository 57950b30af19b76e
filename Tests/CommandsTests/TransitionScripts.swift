import Testing

/// For each transition of the specification a script that ends with it, and the words `from > to`.
///
/// C91 is not among them: no command rests in `created`.
struct TransitionScript: CustomTestStringConvertible {
    var id: String
    var script: String
    var step: String
    var testDescription: String { "\(id) \(step)" }
    var words: [String] { script.split(separator: " ").map(String.init) }

    init(_ id: String, _ step: String, _ script: String) {
        self.id = id
        self.script = script
        self.step = step
    }

    /// A repeat that waits for the device which a more urgent command has.
    private static let doubted = "submit:set_gate silence urgent wait:2s"
    private static let prepared = "submit:set_gate+prepared"
    /// The device is leased again after an attempt that nobody answered.
    private static let leasedAgain = "\(prepared) ok operate silence wait:2s"
    private static let lost = "submit:purge silence"
    private static let kept = "submit:clamp+kept"

    static let all: [TransitionScript] = [
        .init("C01", "created > rejected", "submit:sing"),
        .init("C02", "created > blocked", "submit:set_mode"),
        .init("C03", "created > queued", "submit:set_gate"),
        .init("C04", "blocked > queued", "submit:set_mode approve"),
        .init("C05", "blocked > skipped", "hot submit:set_gate+cool+skip"),
        .init("C06", "blocked > failed", "hot submit:set_gate+cool+fail"),
        .init("C07", "blocked > cancelled", "submit:set_gate+held drop"),
        .init("C08", "blocked > expired", "submit:set_gate+held+brief wait:5s"),
        .init("C09", "blocked > cancelled", "submit:set_gate+held cancel"),
        .init("C10", "blocked > superseded", "submit:set_mode other:set_mode"),
        .init("C11", "queued > leased", prepared),
        .init("C12", "queued > blocked", "cold other:resume submit:set_gate+cool hot ok"),
        .init("C13", "queued > expired", "other:resume submit:set_gate+brief wait:5s"),
        .init("C14", "queued > cancelled", "other:resume submit:set_gate cancel"),
        .init("C15", "queued > superseded", "urgent submit:set_gate other:set_gate"),
        .init("C16", "leased > sent", "submit:set_gate"),
        .init("C17", "leased > queued", "\(prepared) ok urgent"),
        .init("C18", "leased > queued", "awake submit:set_rate+prepared asleep"),
        .init("C19", "leased > backoff", "\(prepared) 503"),
        .init("C20", "leased > failed", "\(prepared) 400"),
        .init("C21", "leased > cancelled", "\(prepared) ok cancel"),
        .init("C22", "leased > expired", "\(prepared)+brief ok wait:5s"),
        .init("C23", "leased > queued", "\(prepared) ok restart"),
        .init("C24", "sent > succeeded", "submit:set_gate ok"),
        .init("C25", "sent > verifying", "submit:set_speed ok"),
        .init("C26", "sent > accepted", "submit:set_gate accepted"),
        .init("C27", "sent > failed", "submit:set_gate 400"),
        .init("C28", "sent > backoff", "submit:set_gate 503"),
        .init("C29", "sent > failed", "submit:set_gate+once 503"),
        .init("C30", "sent > backoff", "submit:set_gate silence"),
        .init("C31", "sent > reconciling", lost),
        .init("C32", "sent > reconciling", "submit:set_gate+brief wait:5s"),
        .init("C33", "sent > cancelling", "submit:set_gate cancel"),
        .init("C34", "sent > reconciling", "submit:set_gate restart"),
        .init("C35", "accepted > executing", "submit:set_gate accepted progress:10"),
        .init("C36", "accepted > succeeded", "submit:set_gate accepted done"),
        .init("C37", "accepted > verifying", "submit:purge accepted done"),
        .init("C38", "accepted > failed", "submit:set_gate accepted fail"),
        .init("C39", "accepted > backoff", "submit:set_gate accepted busy"),
        .init("C40", "accepted > failed", "submit:set_gate+once accepted busy"),
        .init("C41", "accepted > reconciling", "submit:purge accepted wait:100s"),
        .init("C42", "accepted > cancelling", "submit:set_gate accepted cancel"),
        .init("C43", "accepted > reconciling", "submit:set_gate accepted restart"),
        .init("C44", "executing > executing", "submit:set_gate progress:10 progress:20"),
        .init("C45", "executing > succeeded", "submit:set_gate progress:10 done"),
        .init("C46", "executing > verifying", "submit:set_speed progress:10 done"),
        .init("C47", "executing > failed", "submit:set_gate progress fail"),
        .init("C48", "executing > backoff", "submit:set_gate progress busy"),
        .init("C49", "executing > failed", "submit:set_gate+once progress busy"),
        .init("C50", "executing > reconciling", "submit:purge progress:10 wait:100s"),
        .init("C51", "executing > cancelling", "submit:set_gate progress cancel"),
        .init("C52", "executing > reconciling", "submit:set_gate progress restart"),
        .init("C53", "verifying > succeeded", "submit:set_speed ok at:1203"),
        .init("C54", "verifying > backoff", "submit:set_speed ok wait:30s"),
        .init("C55", "verifying > failed", "submit:purge ok wait:30s"),
        .init("C56", "verifying > verifying", "submit:set_speed ok cancel"),
        .init("C57", "verifying > verifying", "submit:set_speed ok restart"),
        .init("C58", "backoff > queued", "submit:set_gate 503 wait:2s"),
        .init("C59", "backoff > expired", "\(prepared)+brief wait:4s 503 wait:1s"),
        .init("C60", "backoff > reconciling", "submit:set_gate+brief wait:4s silence wait:1s"),
        .init("C61", "backoff > cancelled", "submit:set_gate 503 cancel"),
        .init("C62", "backoff > cancelling", "submit:set_gate silence cancel"),
        .init("C63", "backoff > superseded", "\(prepared) 503 other:set_gate"),
        .init("C64", "backoff > backoff", "submit:set_gate 503 restart"),
        .init("C65", "reconciling > succeeded", "submit:set_gate+once silence done"),
        .init("C66", "reconciling > verifying", "\(lost) done"),
        .init("C67", "reconciling > backoff", "\(lost) unknown"),
        .init("C68", "reconciling > failed", "submit:purge+once silence unknown"),
        .init("C69", "reconciling > executing", "\(lost) progress:50"),
        .init("C70", "reconciling > failed", "\(lost) fail"),
        .init("C71", "reconciling > indeterminate", "\(lost) wait:120s"),
        .init("C72", "reconciling > cancelling", "\(lost) cancel"),
        .init("C73", "cancelling > cancelled", "submit:set_gate cancel cancelled"),
        .init("C74", "cancelling > succeeded", "submit:set_gate cancel done"),
        .init("C75", "cancelling > failed", "submit:set_gate cancel fail"),
        .init("C76", "cancelling > indeterminate", "submit:set_gate cancel wait:120s"),
        .init("C77", "succeeded > compensating", "\(kept) ok compensate"),
        .init("C78", "indeterminate > compensating", "\(kept) cancel wait:120s compensate"),
        .init("C79", "failed > compensating", "\(kept) 400 compensate"),
        .init("C80", "compensating > compensated", "\(kept) ok compensate ok"),
        .init("C81", "compensating > compensating", "\(kept) ok compensate 503"),
        .init("C82", "compensating > compensationFailed", "\(kept) ok compensate 400"),
        .init("C83", "indeterminate > succeeded", "submit:set_gate cancel wait:120s done"),
        .init("C84", "indeterminate > failed", "\(kept) cancel wait:120s fail"),
        .init("C85", "queued > reconciling", "cold submit:set_gate+cool silence hot wait:2s"),
        .init(
            "C86", "queued > reconciling",
            "submit:set_gate+brief silence urgent wait:6s ok"),
        .init("C87", "queued > cancelling", "\(doubted) cancel ok"),
        .init("C88", "leased > cancelling", "\(leasedAgain) cancel"),
        .init(
            "C89", "leased > reconciling",
            "\(prepared)+brief ok operate silence wait:2s wait:3s"),
        .init("C90", "leased > reconciling", "\(leasedAgain) 400"),
        .init("C92", "blocked > blocked", "submit:set_mode restart"),
        .init("C93", "queued > queued", "other:resume submit:set_gate restart"),
        .init("C94", "reconciling > reconciling", "\(lost) restart"),
        .init("C95", "cancelling > cancelling", "submit:set_gate cancel restart"),
        .init("C96", "compensating > compensating", "\(kept) ok compensate restart"),
    ]
}
