import CCoAP

/// Notifications (RFC 7641), and the question whether a peer is there at all.
extension CoAPEndpoint {
    /// What became of a message that nobody answers with a response.
    package enum Sign: Hashable, Sendable {
        /// The peer answered a ping.
        case alive
        /// The peer does not want this message, or does not know what it is about.
        case reset(messageID: UInt16)
        /// Nobody acknowledged it.
        case silent
    }

    /// Sends a notification and answers its Message-ID; nil where it cannot be sent. A confirmable
    /// one that is not acknowledged is told of by `onSign`.
    package func notify(
        _ peer: SocketAddress, _ token: RequestToken, _ response: Response,
        isConfirmable: Bool, now: UInt64
    ) -> UInt16? {
        self.now = now
        guard let session = unsafe session(to: peer) else { return nil }
        let messageID = unsafe coap_new_message_id(session)
        // The session lives: it is in one of our tables.
        guard
            let pointer = unsafe coap_pdu_init(
                isConfirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON,
                coap_pdu_code_t(rawValue: 0), coap_mid_t(messageID),
                coap_session_max_pdu_size(session))
        else { return nil }
        let message = unsafe PDU(pointer)
        message.addToken(token.value, count: token.count)
        write(response, ReplyTerms(), into: message)
        // `coap_send` takes the message over whatever happens.
        guard unsafe coap_send(session, pointer) != COAP_INVALID_MID else { return nil }
        return messageID
    }

    /// Asks a peer whether it is there, with a CoAP ping (RFC 7252 section 4.3): four bytes, so
    /// that a forged source address wins nothing. `onSign` tells the answer. Once at a time.
    package func ping(_ peer: SocketAddress, now: UInt64) {
        self.now = now
        guard questioned.count < configuration.clientRequestsMax, !questioned.contains(peer),
            let session = unsafe session(to: peer)
        else { return }
        // The session lives: it is in one of our tables.
        guard unsafe coap_session_send_ping(session) != COAP_INVALID_MID else { return }
        questioned.insert(peer)
    }

    /// A message of ours came back as a reset, or was given up; `message` is nil for one that was
    /// not confirmable.
    func settled(
        _ message: PDU?, _ messageID: UInt16, from session: OpaquePointer, isReset: Bool
    ) {
        // libcoap keeps the address as long as the session.
        guard let remote = unsafe coap_session_get_addr_remote(session) else { return }
        let peer = unsafe SocketAddress(remote)
        if let message, message.code == .empty {
            guard questioned.remove(peer) != nil else { return }
            return onSign(peer, isReset ? .alive : .silent)
        }
        onSign(peer, isReset ? .reset(messageID: messageID) : .silent)
    }
}
