import CCoAP

extension CoAPEndpoint {
    /// A request of ours that is not completed.
    struct Outstanding {
        var peer: SocketAddress
        var sentAt: UInt64
    }

    /// How things stand with a peer that owes us answers.
    struct Asked {
        var count = 0
        /// When a request to it last came to an end, so that the next one had its turn.
        var progressAt: UInt64 = 0
    }

    /// A session of ours to a peer that has none with us.
    @safe struct ClientSession {
        // Safe: holds the reference it was made with until it is trimmed.
        let pointer: OpaquePointer
        var lastUsed: UInt64
    }

    /// Sends a request; `onCompletion` tells its end under the token returned.
    ///
    /// A peer that has a session here, as a device that registered has, is asked from the very
    /// socket that it knows (LwM2M and NAT need that); another from a socket with the same port.
    /// Requests to one peer go out one after the other (NSTART = 1).
    package func send(
        _ request: ClientRequest, to peer: SocketAddress, now: UInt64
    ) throws(CoAPError) -> Token {
        self.now = now
        guard outstanding.count < configuration.clientRequestsMax else {
            throw .tooManyRequests(limit: configuration.clientRequestsMax)
        }
        guard let session = unsafe session(to: peer) else { throw .cannotReach(peer) }
        let token = freshToken()
        // The session lives: it is in one of our tables.
        let sizeMax = unsafe coap_session_max_pdu_size(session)
        let size = request.sizeAtMost
        guard size <= min(sizeMax, 1_152) else { throw .requestTooLarge(bytes: size) }
        let messageID = unsafe request.messageID ?? coap_new_message_id(session)
        guard
            let pointer = unsafe coap_pdu_init(
                request.isConfirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON,
                coap_pdu_code_t(rawValue: UInt32(request.method.rawValue)),
                coap_mid_t(messageID), sizeMax)
        else { throw .cannotReach(peer) }
        let message = unsafe PDU(pointer)
        message.addToken(token.rawValue, count: 8)
        for segment in request.path { message.add(COAP_OPTION_URI_PATH, segment) }
        if let format = request.contentFormat {
            message.add(COAP_OPTION_CONTENT_FORMAT, UInt32(format.rawValue))
        }
        for query in request.queries { message.add(COAP_OPTION_URI_QUERY, query) }
        if let accept = request.accept {
            message.add(COAP_OPTION_ACCEPT, UInt32(accept.rawValue))
        }
        message.add(payload: request.payload[...])
        outstanding[token] = Outstanding(peer: peer, sentAt: now)
        asked[peer, default: Asked()].count += 1
        tally.clientRequests += 1
        // `coap_send` takes the message over, and keeps it until it is acknowledged.
        guard unsafe coap_send(session, pointer) != COAP_INVALID_MID else {
            if end(token) { throw .cannotReach(peer) }
            return token
        }
        return token
    }

    /// A response: ours if its peer owes one under its token. False makes libcoap send a reset.
    func completed(_ message: PDU, from session: OpaquePointer) -> Bool {
        arrivals += 1
        let token = message.token
        // libcoap keeps the address as long as the session.
        guard token.count == 8, let remote = unsafe coap_session_get_addr_remote(session),
            let asked = outstanding[Token(rawValue: token.value)],
            unsafe asked.peer == SocketAddress(remote), end(Token(rawValue: token.value))
        else {
            tally.strayResponses += 1
            return false
        }
        tally.clientResponses += 1
        var format: ContentFormat?
        unsafe message.forEachOption { option, value in
            if Int32(option) == COAP_OPTION_CONTENT_FORMAT {
                format = ContentFormat(
                    rawValue: UInt16(truncatingIfNeeded: unsafe number(value)))
            }
        }
        onCompletion(
            Token(rawValue: token.value),
            .response(message.code, payload: unsafe Array(message.payload), format: format))
        return true
    }

    /// libcoap gave a confirmable message of ours up.
    func failed(_ message: PDU, _ reason: coap_nack_reason_t, of session: OpaquePointer) {
        guard Method(rawValue: message.code.rawValue) != nil else {
            return unsafe settled(
                message, message.messageID, from: session, isReset: reason == COAP_NACK_RST)
        }
        let token = Token(rawValue: message.token.value)
        let peer = outstanding[token]?.peer
        guard end(token) else { return }
        switch reason {
        case COAP_NACK_RST:
            tally.clientResets += 1
            onCompletion(token, .reset)
        case COAP_NACK_TOO_MANY_RETRIES:
            tally.clientTimeouts += 1
            onCompletion(token, .timeout)
        default:
            tally.clientTimeouts += 1
            if let peer { refusing.insert(peer) }
            onCompletion(token, .unreachable)
        }
    }

    /// Takes back what libcoap would go on sending to peers that the network says are not there:
    /// it tells of an ICMP error and still repeats the message, which would then go out beside
    /// the next try. Not to be called while libcoap runs.
    func settleRefusing() {
        for peer in refusing where asked[peer] == nil {
            if let session = unsafe existingSession(to: peer) {
                // The session lives: it is in one of our tables.
                unsafe coap_session_disconnected(session, COAP_NACK_RST)
            }
        }
        refusing.removeAll(keepingCapacity: true)
    }

    /// Ends requests whose answer did not come in time, and unblocks what waits behind them.
    func expireOutstanding() {
        let late = outstanding.filter { _, request in
            let turn = max(request.sentAt, asked[request.peer]?.progressAt ?? 0)
            return turn + configuration.responseTimeout <= now
        }
        for (token, request) in late {
            guard end(token, isProgress: false) else { continue }
            tally.clientTimeouts += 1
            onCompletion(token, .timeout)
            if asked[request.peer] == nil, let session = unsafe existingSession(to: request.peer) {
                // Nobody waits for this peer: take back what libcoap still holds for it.
                unsafe coap_session_disconnected(session, COAP_NACK_RST)
            }
        }
    }

    /// Closes the sessions of ours that were used longest ago until `limit` are left. Those with a
    /// request under way stay.
    func trimClientSessions(to limit: Int) {
        guard !isDraining else { return }
        while clientSessions.count > max(limit, 0) {
            let idle = clientSessions.filter { asked[$0.key] == nil }
            guard let oldest = idle.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else {
                return
            }
            clientSessions[oldest.key] = nil
            // Gives back the reference that made it.
            unsafe coap_session_release(oldest.value.pointer)
        }
    }

    /// True if somebody waited under `token`; from here on nobody does.
    private func end(_ token: Token, isProgress: Bool = true) -> Bool {
        guard let ended = outstanding.removeValue(forKey: token),
            var state = asked[ended.peer]
        else { return false }
        state.count -= 1
        if isProgress { state.progressAt = now }
        asked[ended.peer] = state.count > 0 ? state : nil
        return true
    }

    private func freshToken() -> Token {
        // The system's generator asks the kernel (getrandom).
        var token = Token(rawValue: .random(in: .min ... .max))
        while outstanding[token] != nil { token.rawValue = .random(in: .min ... .max) }
        return token
    }

    private func existingSession(to peer: SocketAddress) -> OpaquePointer? {
        if let session = unsafe peerSessions[peerKey(of: peer)],
            let remote = unsafe coap_session_get_addr_remote(session),
            unsafe SocketAddress(remote) == peer
        {
            return unsafe session
        }
        return unsafe clientSessions[peer]?.pointer
    }

    func session(to peer: SocketAddress) -> OpaquePointer? {
        if let session = unsafe existingSession(to: peer) {
            clientSessions[peer]?.lastUsed = now
            unsafe configure(session)
            return unsafe session
        }
        trimClientSessions(to: configuration.clientSessionsMax - 1)
        var remote = peer.libcoap
        let listener = listeners.first { $0.family == peer.family }
        var session: OpaquePointer?
        if let listener {
            var local = listener.libcoap
            // Both addresses are ours; libcoap copies them.
            unsafe session = coap_new_client_session(context, &local, &remote, COAP_PROTO_UDP)
        }
        if unsafe session == nil {
            unsafe session = coap_new_client_session(context, nil, &remote, COAP_PROTO_UDP)
        }
        guard let session = unsafe session else { return nil }
        unsafe configure(session)
        // The peer may send requests over it too, and oversized ones must be seen as such.
        unsafe coap_session_set_mtu(session, Self.mtu)
        unsafe clientSessions[peer] = ClientSession(pointer: session, lastUsed: now)
        return unsafe session
    }

    /// The transmission parameters of RFC 7252 section 4.8.
    private func configure(_ session: OpaquePointer) {
        let timeout = max(configuration.ackTimeoutMilliseconds, 1_000)
        let factor = max(configuration.ackRandomFactorThousandths, 1_000)
        // Plain setters on a live session.
        unsafe coap_session_set_ack_timeout(session, fixedPoint(timeout))
        unsafe coap_session_set_ack_random_factor(session, fixedPoint(factor))
        unsafe coap_session_set_max_retransmit(session, max(configuration.retransmitMax, 1))
    }

    private func fixedPoint(_ thousandths: UInt32) -> coap_fixed_point_t {
        coap_fixed_point_t(
            integer_part: UInt16(clamping: thousandths / 1_000),
            fractional_part: UInt16(thousandths % 1_000))
    }
}

extension ClientRequest {
    /// Bytes the message takes at most: each option needs up to five beyond its value.
    fileprivate var sizeAtMost: Int {
        let options = (path + queries).reduce(0) { $0 + $1.utf8.count + 5 }
        return 4 + 8 + options + 14 + 1 + payload.count
    }
}
