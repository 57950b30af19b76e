/// What enters the core. Everything that may change a decision is one of these, so that the journal
/// of inputs, with each turn's time, is the whole truth.
package enum Input: Hashable, Sendable {
    case reading(Reading)
    /// The exchange (peer and Message-ID) that carried the inputs after it. The core ignores it;
    /// after a restart the gateway refills its de-duplication window from it (RFC 7252 section
    /// 4.5).
    case exchange(UInt64)
    /// The device was seen for the first time and was not in the configuration.
    case deviceAccepted(Device)
    /// The device told where it listens (RFC 9176), for this long; nil lifetime removes it.
    case registered(Device, address: String, lifetime: Milliseconds?)
    /// The device, or the network, answered a transmission.
    case response(CommandResponse)
    /// Somebody wants a property to have a value; nil takes the wish back.
    case desired(Device, Property, Value?, source: TwinSource)
}

/// Who wrote a value of a twin.
package enum TwinSource: UInt8, Hashable, Sendable {
    case device, command, pattern, operatorRequest
}

/// What became of one transmission of a command.
package struct CommandResponse: Hashable, Sendable {
    package var command: CommandID
    package var attempt: Int
    package var outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        /// 2.xx: the code as class * 100 + detail (204).
        case acknowledged(code: Int)
        /// 4.xx or 5.xx with its diagnostic payload.
        case refused(code: Int, diagnostic: String)
        /// Every retransmission went unanswered, or the peer reset the exchange.
        case noResponse
        /// The device has no known address.
        case unreachable
    }

    package init(command: CommandID, attempt: Int, outcome: Outcome) {
        self.command = command
        self.attempt = attempt
        self.outcome = outcome
    }
}

/// Names one command for ever: derived from what triggered it, so the same trigger after a crash is
/// the same command and a device that has run it drops the repeat.
package struct CommandID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt128
    package init(value: UInt128) { self.value = value }

    /// FNV-1a (128 bit) over the parts, each ended by a byte that UTF-8 never holds.
    package init(_ parts: String...) {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for part in parts {
            for byte in part.utf8 {
                hash = (hash ^ UInt128(byte)) &* 0x100_0000_0000_0000_0000_013b
            }
            hash = (hash ^ 0xff) &* 0x100_0000_0000_0000_0000_013b
        }
        value = hash
    }

    /// 32 hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    package static func < (left: CommandID, right: CommandID) -> Bool { left.value < right.value }
}
