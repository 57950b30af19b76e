import Arguments
import Glibc
import Model

/// How a run goes, in one line on standard error: rewritten in place on a terminal, else a line now
/// and then.
struct Progress {
    private let isTerminal = isatty(2) == 1
    private var nextAt: UInt64 = 0

    /// Milliseconds between two lines.
    private var interval: UInt64 { isTerminal ? 200 : 5000 }

    mutating func show(_ report: RunReport, at eventTime: Instant, now: UInt64) {
        guard now >= nextAt else { return }
        nextAt = now + interval
        let line =
            "\(eventTime)  \(report.readingsSent) sent  \(report.readingsAcknowledged) acknowledged"
            + "  \(report.retransmitted) again  \(report.commandsReceived) commands"
        if isTerminal {
            printText(line, to: 2, terminator: "\u{1b}[K\r")
        } else {
            printError(line)
        }
    }

    /// Leaves the last line standing.
    func finish() {
        if isTerminal, nextAt > 0 { printError("") }
    }

    private func printText(_ line: String, to descriptor: Int32, terminator: String) {
        let bytes = Array((line + terminator).utf8)
        // The array lives for the call; a terminal that is gone needs no line.
        _ = unsafe write(descriptor, bytes, bytes.count)
    }
}
