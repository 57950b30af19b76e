/// What became of one transmission of a command, or what the device told of it later.
package struct CommandResponse: Hashable, Sendable {
    package var command: CommandID
    package var attempt: Int
    /// What the transmission was for.
    package var purpose: Transmission.Purpose
    package var outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        /// 2.xx and the work is done: the code as class * 100 + detail (204).
        case acknowledged(code: Int)
        /// 2.xx and the device says that it has only taken the command up.
        case accepted(code: Int)
        /// 4.xx or 5.xx with its diagnostic payload.
        case refused(code: Int, diagnostic: String)
        /// Every retransmission went unanswered, or the peer reset the exchange.
        case noResponse
        /// The device has no known address.
        case unreachable
        /// The device is at it; percent where it tells.
        case progress(percent: Int?)
        /// The device has done it, with what the command puts out.
        case completed(output: [Field])
        /// The device has tried and could not.
        case unsuccessful(isTransient: Bool, reason: String)
        /// The device ended it before it was done, because it was told to.
        case cancelled
        /// The device has no such command: definite evidence that it never ran it.
        case unknown
    }

    package init(
        command: CommandID, attempt: Int, purpose: Transmission.Purpose = .execute,
        outcome: Outcome
    ) {
        self.command = command
        self.attempt = attempt
        self.purpose = purpose
        self.outcome = outcome
    }
}
