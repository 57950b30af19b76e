extension CoAPEndpoint {
    /// Every bound and interval of an endpoint. The defaults suit a small gateway.
    package struct Configuration: Sendable {
        /// Larger request payloads are refused with 4.13; at most 1024.
        package var payloadMax = 1024
        /// Answers owed at one time; past it confirmable requests get 5.03.
        package var deferredMax = 32_768
        /// Max-Age of that 5.03, seconds.
        package var busyMaxAge: UInt32 = 5
        /// Exchanges remembered against repeats, together and for one peer.
        package var exchangesMax = 65_536
        package var exchangesPerPeerMax = 256
        /// Keys the exchange names of IPv6 peers. Keep it in the data directory: names must survive
        /// a restart, and nobody outside may predict them.
        package var exchangeSecret: UInt64 = 0

        /// Seconds after which an unused peer session is closed, and how many may be idle.
        package var sessionTimeoutSeconds: UInt32 = 300
        package var idleSessionsMax: UInt32 = 16_384
        package var handshakesMax: UInt32 = 4_096

        /// Our own requests in flight or waiting for their turn, and sessions kept open for them.
        package var clientRequestsMax = 4_096
        package var clientSessionsMax = 64
        /// RFC 7252 section 4.8. libcoap takes no timeout below one second, no factor below one
        /// and no fewer than one retransmission.
        package var ackTimeoutMilliseconds: UInt32 = 2_000
        package var ackRandomFactorThousandths: UInt32 = 1_500
        package var retransmitMax: UInt16 = 4
        /// How long an answer may take from the moment a request has its turn; nil is
        /// MAX_TRANSMIT_WAIT.
        package var responseTimeoutMilliseconds: UInt64?

        /// Room for datagrams that arrive while a turn is under way. The kernel's `rmem_max` caps
        /// it.
        package var receiveBufferBytes: Int32 = 4 << 20

        /// Datagrams that libcoap is asked for between two looks at its timers.
        package var batchMax = 128

        package init() {}

        /// MAX_TRANSMIT_WAIT: `ACK_TIMEOUT * (2^(MAX_RETRANSMIT + 1) - 1) * ACK_RANDOM_FACTOR`.
        var responseTimeout: UInt64 {
            if let responseTimeoutMilliseconds { return responseTimeoutMilliseconds }
            let attempts = (UInt64(2) << UInt64(min(max(retransmitMax, 1), 20))) - 1
            return UInt64(max(ackTimeoutMilliseconds, 1_000)) * attempts
                * UInt64(max(ackRandomFactorThousandths, 1_000))
                / 1_000
        }
    }

    /// What happened at an endpoint since it was made. They only grow.
    package struct Counters: Hashable, Sendable {
        /// Requests that reached the handler.
        package var requests: UInt64 = 0
        /// Repeats that were answered again or swallowed.
        package var repeatsAnswered: UInt64 = 0
        package var repeatsSwallowed: UInt64 = 0
        /// Confirmable requests refused because too many answers were owed.
        package var busy: UInt64 = 0
        /// Requests refused for their size or their Block1.
        package var tooLarge: UInt64 = 0
        /// Answers that came after their request: all, and those that could not be sent.
        package var released: UInt64 = 0
        package var releaseFailures: UInt64 = 0
        /// Answers owed now; not a sum.
        package var deferred: UInt64 = 0
        /// Peer sessions that were opened and closed.
        package var sessionsOpened: UInt64 = 0
        package var sessionsClosed: UInt64 = 0
        /// Our own requests and how they ended.
        package var clientRequests: UInt64 = 0
        package var clientResponses: UInt64 = 0
        package var clientTimeouts: UInt64 = 0
        package var clientResets: UInt64 = 0
        /// Responses to nothing that we asked; each gets a reset.
        package var strayResponses: UInt64 = 0
        /// CoAP pings (empty confirmable messages).
        package var pings: UInt64 = 0
        /// Datagrams that the kernel dropped because a turn took too long.
        package var receiveDrops: UInt64 = 0
        /// Exchanges forgotten early, for the table's bound and for their peer's.
        package var exchangeEvictions: UInt64 = 0
        package var exchangePeerEvictions: UInt64 = 0

        package init() {}
    }
}
