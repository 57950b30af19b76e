import CCoAP

extension CoAPEndpoint {
    /// Gives the answer that is owed under `ticket`. A ticket works once; later releases do
    /// nothing.
    package func release(_ ticket: ReplyTicket, _ response: Response) {
        guard let owed = owed.take(ticket) else { return }
        // Gives back the reference that the deferral took.
        defer { unsafe coap_session_release(owed.session) }
        tally.released += 1
        remember(response, owed.terms)
        if !send(response, owed) { tally.releaseFailures += 1 }
    }

    /// Ends the wait under `ticket` without an answer of its own: an empty acknowledgement where
    /// the request was confirmable.
    package func releaseSilently(_ ticket: ReplyTicket) {
        guard let owed = owed.take(ticket) else { return }
        // As above.
        defer { unsafe coap_session_release(owed.session) }
        tally.released += 1
        exchanges.silence(
            owed.terms.exchangeKey, isConfirmable: owed.terms.isConfirmable, at: second)
        if owed.terms.isConfirmable, !sendEmpty(owed) { tally.releaseFailures += 1 }
    }

    private func send(_ response: Response, _ owed: DeferredReplies.Owed) -> Bool {
        if owed.terms.isUnwanted(response.code) {
            return owed.terms.isConfirmable ? sendEmpty(owed) : true
        }
        let messageID =
            owed.terms.isConfirmable
            ? owed.terms.messageID : unsafe coap_new_message_id(owed.session)
        let type = owed.terms.isConfirmable ? COAP_MESSAGE_ACK : COAP_MESSAGE_NON
        // The session is referenced, and `coap_send` takes the message over whatever happens.
        guard
            let pointer = unsafe coap_pdu_init(
                type, coap_pdu_code_t(rawValue: 0), coap_mid_t(messageID),
                coap_session_max_pdu_size(owed.session))
        else { return false }
        let message = unsafe PDU(pointer)
        message.addToken(owed.token, count: owed.tokenCount)
        write(response, owed.terms, into: message)
        return unsafe coap_send(owed.session, pointer) != COAP_INVALID_MID
    }

    private func sendEmpty(_ owed: DeferredReplies.Owed) -> Bool {
        // As above.
        guard
            let pointer = unsafe coap_pdu_init(
                COAP_MESSAGE_ACK, coap_pdu_code_t(rawValue: 0),
                coap_mid_t(owed.terms.messageID), 0)
        else { return false }
        return unsafe coap_send(owed.session, pointer) != COAP_INVALID_MID
    }

    /// Writes code, options in the order of their numbers, and payload, cut to a block where it is
    /// large (RFC 7959 section 2.4).
    func write(_ response: Response, _ terms: ReplyTerms, into message: PDU) {
        let slice =
            response.code.isSuccess
            ? Block.slice(
                count: response.payload.count, asked: terms.block2, sizeMax: Self.blockSizeMax)
            : Block.Slice(range: 0..<min(response.payload.count, Self.blockSizeMax), block: nil)
        guard let range = slice.range else {
            return write(
                .error(.badRequest, "no such block"), terms, into: message)
        }
        message.set(code: response.code)
        if !response.etag.isEmpty {
            message.add(COAP_OPTION_ETAG, Array(response.etag.prefix(8)))
        } else if range.count < response.payload.count {
            message.add(COAP_OPTION_ETAG, fingerprint(response.payload))
        }
        if let observe = response.observe { message.add(COAP_OPTION_OBSERVE, observe) }
        for segment in response.locationPath {
            message.add(COAP_OPTION_LOCATION_PATH, segment)
        }
        if let format = response.contentFormat {
            message.add(COAP_OPTION_CONTENT_FORMAT, UInt32(format.rawValue))
        }
        if let maxAge = response.maxAge { message.add(COAP_OPTION_MAXAGE, maxAge) }
        if let block = slice.block { message.add(COAP_OPTION_BLOCK2, block.optionValue) }
        if let block = terms.block1 { message.add(COAP_OPTION_BLOCK1, block.optionValue) }
        if let block = slice.block, block.number == 0, block.hasMore {
            message.add(COAP_OPTION_SIZE2, UInt32(clamping: response.payload.count))
        }
        if let size1 = response.size1 { message.add(COAP_OPTION_SIZE1, size1) }
        message.add(payload: response.payload[range])
    }

    private static let blockSizeMax = 1024

    /// Four bytes that change when the payload does (FNV-1a).
    private func fingerprint(_ payload: [UInt8]) -> [UInt8] {
        var hash: UInt32 = 0x811c_9dc5
        for byte in payload { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return (0..<4).map { UInt8(truncatingIfNeeded: hash >> UInt32($0 * 8)) }
    }
}
