import CCoAP

extension CoAPEndpoint {
    /// A request, repeated or not. What is written into `response` goes out when this returns.
    func received(_ message: PDU, from session: OpaquePointer, into response: PDU) {
        arrivals += 1
        // libcoap keeps the address as long as the session.
        guard let remote = unsafe coap_session_get_addr_remote(session) else { return }
        var terms = ReplyTerms()
        terms.isConfirmable = message.isConfirmable
        terms.messageID = message.messageID
        let peer = unsafe SocketAddress(remote)
        terms.exchangeKey = ExchangeKey(
            peer: peer, messageID: terms.messageID, secret: configuration.exchangeSecret)
        switch exchanges.find(terms.exchangeKey, at: second) {
        case .new: break
        case .pending, .silenced: return swallow(response)
        case .answered(let stored): return repeatAnswer(stored, terms, response)
        }
        guard let method = Method(rawValue: message.code.rawValue) else {
            return write(.error(.methodNotAllowed, "no such method"), terms, into: response)
        }
        terms.isSafe = method.isSafe
        request.method = method
        request.peer = peer
        request.isConfirmable = terms.isConfirmable
        request.exchangeKey = terms.exchangeKey
        if let refusal = read(message, &terms) {
            return write(refusal, terms, into: response)
        }
        guard let ticket = owed.next() else {
            tally.busy += 1
            let refusal = Response.error(
                .serviceUnavailable, "too many requests wait", maxAge: configuration.busyMaxAge)
            return write(refusal, terms, into: response)
        }
        request.ticket = ticket
        tally.requests += 1
        switch onRequest(request) {
        case .reply(let reply):
            write(reply, terms, into: response)
            remember(reply, terms)
        case .deferred:
            let token = message.token
            // The reference keeps the session until the answer is released.
            guard let kept = unsafe coap_session_reference(session) else { return }
            unsafe owed.add(
                DeferredReplies.Owed(
                    session: kept, token: token.value, tokenCount: token.count, terms: terms))
            exchanges.begin(
                terms.exchangeKey, isConfirmable: terms.isConfirmable, at: second)
            drop(response)
        case .silent:
            exchanges.silence(
                terms.exchangeKey, isConfirmable: terms.isConfirmable, at: second)
        }
    }

    /// Keeps what a repeat must be answered with. Safe methods are simply run again.
    func remember(_ reply: Response, _ terms: ReplyTerms) {
        if terms.isSafe {
            exchanges.forget(terms.exchangeKey)
        } else if terms.isConfirmable {
            exchanges.answer(
                terms.exchangeKey, code: reply.code, bytes: reply.stored, isConfirmable: true,
                at: second)
        } else {
            exchanges.silence(terms.exchangeKey, isConfirmable: false, at: second)
        }
    }

    /// Makes repeats of a request that was taken before a restart get `code` and nothing else.
    package func restoreExchange(_ key: ExchangeKey, code: Code, now: UInt64) {
        exchanges.answer(
            key, code: code, isConfirmable: true, at: UInt32(truncatingIfNeeded: now / 1_000))
    }

    func pinged() {
        arrivals += 1
        tally.pings += 1
    }

    /// libcoap opened a session for a new peer.
    func opened(_ session: OpaquePointer) {
        tally.sessionsOpened += 1
        unsafe peerSessions[peerKey(of: session)] = session
    }

    /// libcoap is about to free the session.
    func closed(_ session: OpaquePointer) {
        tally.sessionsClosed += 1
        let key = unsafe peerKey(of: session)
        if unsafe peerSessions[key] == session { unsafe peerSessions[key] = nil }
    }

    private func peerKey(of session: OpaquePointer) -> UInt64 {
        // libcoap keeps the address as long as the session.
        guard let remote = unsafe coap_session_get_addr_remote(session) else { return .max }
        return unsafe peerKey(of: SocketAddress(remote))
    }

    func peerKey(of address: SocketAddress) -> UInt64 {
        ExchangeKey(peer: address, messageID: 0, secret: configuration.exchangeSecret).peer
    }

    /// More entity tags than these in one request are not looked at.
    private static let etagsMax = 8

    /// Fills `request` and the terms; answers the refusal where the message cannot be taken.
    private func read(_ message: PDU, _ terms: inout ReplyTerms) -> Response? {
        request.path.removeAll()
        request.queries.removeAll()
        request.contentFormat = nil
        request.accept = nil
        request.observe = nil
        request.token = RequestToken()
        if request.isConditional {
            request.ifMatch.removeAll()
            request.ifNoneMatch = false
        }
        if !request.etags.isEmpty { request.etags.removeAll() }
        request.payload.removeAll(keepingCapacity: true)
        var isMalformed = false
        var found = terms
        unsafe message.forEachOption { option, value in
            switch Int32(option) {
            case COAP_OPTION_URI_PATH: unsafe request.path.append(value)
            case COAP_OPTION_URI_QUERY: unsafe request.queries.append(value)
            case COAP_OPTION_CONTENT_FORMAT:
                request.contentFormat = ContentFormat(
                    rawValue: UInt16(truncatingIfNeeded: unsafe number(value)))
            case COAP_OPTION_ACCEPT:
                request.accept = ContentFormat(
                    rawValue: UInt16(truncatingIfNeeded: unsafe number(value)))
            case COAP_OPTION_IF_MATCH where request.ifMatch.count < Self.etagsMax:
                unsafe request.ifMatch.append(Array(value))
            case COAP_OPTION_IF_NONE_MATCH: request.ifNoneMatch = true
            case COAP_OPTION_ETAG where request.etags.count < Self.etagsMax:
                unsafe request.etags.append(Array(value))
            case COAP_OPTION_OBSERVE: request.observe = unsafe number(value)
            case COAP_OPTION_NORESPONSE:
                found.noResponse = UInt8(truncatingIfNeeded: unsafe number(value))
            case COAP_OPTION_BLOCK1:
                found.block1 = Block(optionValue: unsafe number(value))
                if found.block1 == nil { isMalformed = true }
            case COAP_OPTION_BLOCK2:
                found.block2 = Block(optionValue: unsafe number(value))
                if found.block2 == nil { isMalformed = true }
            default: break
            }
        }
        terms = found
        if request.observe != nil {
            let token = message.token
            request.token = RequestToken(value: token.value, count: token.count)
        }
        if isMalformed { return .error(.badRequest, "malformed Block option") }
        let payload = unsafe message.payload
        let isCut = message.sizeWithPayload >= Int(COAP_RXBUFFER_SIZE)
        let isLong = payload.count > configuration.payloadMax
        let isPart = found.block1.map { $0.number > 0 || $0.hasMore } ?? false
        if isPart || isCut || isLong {
            tally.tooLarge += 1
            terms.block1 = nil
            var refusal = Response.error(
                .requestEntityTooLarge, "payload over \(configuration.payloadMax) bytes")
            refusal.size1 = UInt32(clamping: configuration.payloadMax)
            return refusal
        }
        unsafe request.payload.append(contentsOf: payload)
        return nil
    }

    private func swallow(_ response: PDU) {
        tally.repeatsSwallowed += 1
        drop(response)
    }

    private func repeatAnswer(
        _ stored: ExchangeTable.StoredReply, _ terms: ReplyTerms, _ response: PDU
    ) {
        guard terms.isConfirmable else { return swallow(response) }
        tally.repeatsAnswered += 1
        let bytes = exchanges.bytes(of: stored) ?? []
        write(Response(stored.code, stored: bytes), terms, into: response)
    }

    /// libcoap discards an empty non-confirmable message of its own instead of sending it.
    private func drop(_ response: PDU) {
        unsafe coap_pdu_set_type(response.pointer, COAP_MESSAGE_NON)
    }
}
