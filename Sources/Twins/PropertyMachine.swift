/// Where one property of a twin stands between what is desired and what is reported.
package enum PropertyState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case unknown, observed, pending, inFlight, applying, synced, contested, refused, tombstoned

    package var description: String {
        switch self {
        case .unknown: "unknown"
        case .observed: "observed"
        case .pending: "pending"
        case .inFlight: "inFlight"
        case .applying: "applying"
        case .synced: "synced"
        case .contested: "contested"
        case .refused: "refused"
        case .tombstoned: "tombstoned"
        }
    }
}

/// What can happen to a property.
package enum PropertyEvent: String, Hashable, Sendable, CaseIterable {
    case report, desire, relinquish, send, ack, accept202, refuse4xx, txErr, applyTimeout
    case operatorReassert, operatorAcceptReported, delete, gc
}

/// Under which circumstance it happens; the raw values are the specification's words.
package enum PropertyGuard: String, Hashable, Sendable, CaseIterable {
    case always = "-"
    case any
    case equal = "eq"
    case different = "ne"
    case hasReported, noReported
    case sendable = "linkUp&slot&notBackoff"
    case echoed = "echoEq"
    case notEchoed = "noEcho"
    case retryLeft, retryExhausted
    case reportedWins = "ne&reportedWins"
    case desiredWins = "ne&desiredWins&budgetLeft"
    case budgetSpent = "ne&desiredWins&budgetSpent"
    case manual = "ne&manual"
    case newer = "stampGtTomb"
    case older = "stampLeTomb"
    case aged = "ageGtRetention"
}

/// The nine states and 67 transitions by which desired and reported are brought together. What is
/// not in the table changes nothing.
package enum PropertyMachine {
    /// One row of the table.
    package struct Transition: Hashable, Sendable {
        package let number: Int
        package let from: PropertyState
        package let event: PropertyEvent
        package let condition: PropertyGuard
        package let to: PropertyState

        /// `P01` to `P67`.
        package var id: String { number < 10 ? "P0\(number)" : "P\(number)" }
    }

    /// The transition, if there is one.
    package static func transition(
        from state: PropertyState, _ event: PropertyEvent, _ condition: PropertyGuard
    ) -> Transition? {
        table.first {
            $0.from == state && $0.event == event
                && ($0.condition == condition || $0.condition == .always || $0.condition == .any)
        }
    }

    package static let table: [Transition] = [
        row(1, .unknown, .report, .always, .observed),
        row(2, .unknown, .desire, .always, .pending),
        row(3, .unknown, .delete, .always, .tombstoned),
        row(4, .observed, .report, .always, .observed),
        row(5, .observed, .desire, .different, .pending),
        row(6, .observed, .desire, .equal, .synced),
        row(7, .observed, .delete, .always, .tombstoned),
        row(8, .pending, .report, .equal, .synced),
        row(9, .pending, .report, .different, .pending),
        row(10, .pending, .desire, .different, .pending),
        row(11, .pending, .desire, .equal, .synced),
        row(12, .pending, .relinquish, .hasReported, .observed),
        row(13, .pending, .relinquish, .noReported, .unknown),
        row(14, .pending, .send, .sendable, .inFlight),
        row(15, .pending, .delete, .always, .tombstoned),
        row(16, .inFlight, .ack, .echoed, .synced),
        row(17, .inFlight, .ack, .notEchoed, .applying),
        row(18, .inFlight, .accept202, .always, .applying),
        row(19, .inFlight, .refuse4xx, .always, .refused),
        row(20, .inFlight, .txErr, .retryLeft, .pending),
        row(21, .inFlight, .txErr, .retryExhausted, .contested),
        row(22, .inFlight, .report, .equal, .synced),
        row(23, .inFlight, .report, .different, .inFlight),
        row(24, .inFlight, .desire, .any, .pending),
        row(25, .inFlight, .relinquish, .hasReported, .observed),
        row(26, .inFlight, .relinquish, .noReported, .unknown),
        row(27, .inFlight, .delete, .always, .tombstoned),
        row(28, .applying, .report, .equal, .synced),
        row(29, .applying, .report, .different, .applying),
        row(30, .applying, .applyTimeout, .retryLeft, .pending),
        row(31, .applying, .applyTimeout, .retryExhausted, .contested),
        row(32, .applying, .refuse4xx, .always, .refused),
        row(33, .applying, .desire, .any, .pending),
        row(34, .applying, .relinquish, .hasReported, .observed),
        row(35, .applying, .relinquish, .noReported, .unknown),
        row(36, .applying, .delete, .always, .tombstoned),
        row(37, .synced, .report, .equal, .synced),
        row(38, .synced, .report, .reportedWins, .observed),
        row(39, .synced, .report, .desiredWins, .pending),
        row(40, .synced, .report, .budgetSpent, .contested),
        row(41, .synced, .report, .manual, .contested),
        row(42, .synced, .desire, .different, .pending),
        row(43, .synced, .desire, .equal, .synced),
        row(44, .synced, .relinquish, .always, .observed),
        row(45, .synced, .delete, .always, .tombstoned),
        row(46, .contested, .report, .equal, .synced),
        row(47, .contested, .report, .different, .contested),
        row(48, .contested, .desire, .different, .pending),
        row(49, .contested, .desire, .equal, .synced),
        row(50, .contested, .relinquish, .hasReported, .observed),
        row(51, .contested, .relinquish, .noReported, .unknown),
        row(52, .contested, .operatorReassert, .always, .pending),
        row(53, .contested, .operatorAcceptReported, .hasReported, .observed),
        row(54, .contested, .delete, .always, .tombstoned),
        row(55, .refused, .report, .equal, .synced),
        row(56, .refused, .report, .different, .refused),
        row(57, .refused, .desire, .different, .pending),
        row(58, .refused, .desire, .equal, .synced),
        row(59, .refused, .relinquish, .hasReported, .observed),
        row(60, .refused, .relinquish, .noReported, .unknown),
        row(61, .refused, .operatorReassert, .always, .pending),
        row(62, .refused, .delete, .always, .tombstoned),
        row(63, .tombstoned, .report, .newer, .observed),
        row(64, .tombstoned, .report, .older, .tombstoned),
        row(65, .tombstoned, .desire, .newer, .pending),
        row(66, .tombstoned, .desire, .older, .tombstoned),
        row(67, .tombstoned, .gc, .aged, .unknown),
    ]

    private static func row(
        _ number: Int, _ from: PropertyState, _ event: PropertyEvent, _ condition: PropertyGuard,
        _ to: PropertyState
    ) -> Transition {
        Transition(number: number, from: from, event: event, condition: condition, to: to)
    }
}
