import CCoAP
import Synchronization

/// What libcoap has to say, as counters: it writes nowhere. One for the whole process, as libcoap's
/// is.
package struct LibraryLog: Hashable, Sendable {
    /// Datagrams that are no CoAP.
    package var malformed: UInt64
    /// Writes that the kernel refused (EAGAIN, ENOBUFS, ECONNREFUSED and the like).
    package var sendFailures: UInt64
    /// Resets from peers.
    package var resets: UInt64
    /// Everything else of level warning and above.
    package var others: UInt64

    /// The counts so far.
    package static var current: LibraryLog {
        LibraryLog(
            malformed: counts.malformed.load(ordering: .relaxed),
            sendFailures: counts.sendFailures.load(ordering: .relaxed),
            resets: counts.resets.load(ordering: .relaxed),
            others: counts.others.load(ordering: .relaxed))
    }

    /// Takes the log over from standard error.
    static func attach() {
        // The handler is a plain function and lives for ever.
        unsafe coap_set_log_handler { _, message in
            if let message = unsafe message { unsafe LibraryLog.counts.note(message) }
        }
        coap_set_log_level(LOG_WARNING)
    }

    /// The Message-ID of the newest reset, once. libcoap calls nobody for the reset of a message
    /// that was not confirmable, and does not say whose it was; it only writes this.
    static func takeReset() -> UInt16? {
        UInt16(exactly: counts.lastReset.exchange(none, ordering: .relaxed))
    }

    private static let none = UInt32.max
    private static let counts = Counts()

    private final class Counts: Sendable {
        let malformed = Atomic<UInt64>(0)
        let sendFailures = Atomic<UInt64>(0)
        let resets = Atomic<UInt64>(0)
        /// The Message-ID in the newest `got RST for mid=0x1a2b`; `none` once it was taken.
        let lastReset = Atomic<UInt32>(LibraryLog.none)
        let others = Atomic<UInt64>(0)

        func note(_ message: UnsafePointer<CChar>) {
            if unsafe begins(message, "discard malformed") {
                malformed.add(1, ordering: .relaxed)
            } else if unsafe begins(message, "coap_network_send")
                || begins(message, "coap_socket_write")
            {
                sendFailures.add(1, ordering: .relaxed)
            } else if unsafe begins(message, "got RST") {
                resets.add(1, ordering: .relaxed)
                unsafe lastReset.store(number(at: message), ordering: .relaxed)
            } else if unsafe !begins(message, "coap_network_read") && !begins(message, "*  ") {
                // Those two only say that there was nothing left to read.
                others.add(1, ordering: .relaxed)
            }
        }

        /// The hexadecimal number at the end of the message; `none` where there is none.
        private func number(at message: UnsafePointer<CChar>) -> UInt32 {
            // libcoap terminates its messages.
            let digits = unsafe String(cString: message).split(separator: "x").last ?? ""
            return UInt32(digits.prefix { $0.isHexDigit }, radix: 16) ?? LibraryLog.none
        }

        private func begins(_ message: UnsafePointer<CChar>, _ text: StaticString) -> Bool {
            // libcoap terminates its messages, so the comparison ends at the first difference.
            for offset in 0..<text.utf8CodeUnitCount
            where unsafe UInt8(bitPattern: message[offset]) != text.utf8Start[offset] {
                return false
            }
            return true
        }
    }
}
