import CCoAP

/// Where libcoap calls us: plain functions that find the endpoint and hand over.
enum Callbacks {
    static func register(in context: OpaquePointer) {
        // The context owns both resources from here on; libcoap copies the path.
        unsafe add(coap_resource_unknown_init(onRequest), to: context)
        // libcoap answers this path by itself unless a resource of ours has it.
        let discovery: StaticString = ".well-known/core"
        var path = unsafe coap_str_const_t(
            length: discovery.utf8CodeUnitCount, s: discovery.utf8Start)
        unsafe add(coap_resource_init(&path, 0), to: context)
        unsafe coap_register_response_handler(context, onResponse)
        unsafe coap_register_nack_handler(context, onNack)
        unsafe coap_register_ping_handler(context, onPing)
        unsafe coap_register_event_handler(context, onEvent)
    }

    private static func add(_ resource: OpaquePointer?, to context: OpaquePointer) {
        let methods = [
            COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT, COAP_REQUEST_DELETE,
            COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH,
        ]
        for method in methods {
            unsafe coap_register_request_handler(resource, method, onRequest)
        }
        unsafe coap_add_resource(context, resource)
    }

    /// After this libcoap no longer knows of the endpoint.
    static func withdraw(from context: OpaquePointer) {
        unsafe coap_register_response_handler(context, nil)
        unsafe coap_register_nack_handler(context, nil)
        unsafe coap_register_ping_handler(context, nil)
        unsafe coap_register_event_handler(context, nil)
        unsafe coap_set_app_data(context, nil)
    }
}

/// The endpoint that the session's context belongs to.
private func endpoint(of session: OpaquePointer?) -> CoAPEndpoint? {
    guard let session = unsafe session,
        let context = unsafe coap_session_get_context(session),
        let data = unsafe coap_get_app_data(context)
    else { return nil }
    // Set by the endpoint's `init`, withdrawn in its `deinit`.
    return unsafe Unmanaged<CoAPEndpoint>.fromOpaque(data).takeUnretainedValue()
}

private func onRequest(
    _: OpaquePointer?, session: OpaquePointer?, request: OpaquePointer?,
    _: UnsafePointer<coap_string_t>?, response: OpaquePointer?
) {
    guard let session = unsafe session, let request = unsafe request,
        let response = unsafe response
    else { return }
    unsafe endpoint(of: session)?.received(PDU(request), from: session, into: PDU(response))
}

private func onResponse(
    session: OpaquePointer?, sent: OpaquePointer?, received: OpaquePointer?, _: coap_mid_t
) -> coap_response_t {
    guard let session = unsafe session, let received = unsafe received,
        let endpoint = unsafe endpoint(of: session)
    else { return COAP_RESPONSE_FAIL }
    let isOurs = unsafe endpoint.completed(PDU(received), from: session)
    return isOurs ? COAP_RESPONSE_OK : COAP_RESPONSE_FAIL
}

private func onNack(
    session: OpaquePointer?, sent: OpaquePointer?, reason: coap_nack_reason_t, id: coap_mid_t
) {
    guard let session = unsafe session, let endpoint = unsafe endpoint(of: session) else { return }
    if let sent = unsafe sent { return unsafe endpoint.failed(PDU(sent), reason, of: session) }
    // A message that was not confirmable is no longer known, only its number.
    let messageID = UInt16(truncatingIfNeeded: id)
    unsafe endpoint.settled(nil, messageID, from: session, isReset: reason == COAP_NACK_RST)
}

private func onPing(session: OpaquePointer?, _: OpaquePointer?, _: coap_mid_t) {
    unsafe endpoint(of: session)?.pinged()
}

private func onEvent(session: OpaquePointer?, event: coap_event_t) -> Int32 {
    guard let session = unsafe session else { return 0 }
    switch event {
    case COAP_EVENT_SERVER_SESSION_NEW: unsafe endpoint(of: session)?.opened(session)
    case COAP_EVENT_SERVER_SESSION_DEL: unsafe endpoint(of: session)?.closed(session)
    default: break
    }
    return 0
}
