import CCoAP

/// Reading and writing libcoap's messages. Every pointer here is valid for the length of a
/// callback.
@safe struct PDU {
    // Safe: made from a pointer that libcoap guarantees for the current callback or call.
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    var code: Code {
        unsafe Code(rawValue: UInt8(truncatingIfNeeded: coap_pdu_get_code(pointer).rawValue))
    }

    var messageID: UInt16 {
        unsafe UInt16(truncatingIfNeeded: coap_pdu_get_mid(pointer))
    }

    var isConfirmable: Bool { unsafe coap_pdu_get_type(pointer) == COAP_MESSAGE_CON }

    /// The token as a number, first byte lowest, and its length in bytes.
    var token: (value: UInt64, count: Int) {
        let token = unsafe coap_pdu_get_token(pointer)
        var value: UInt64 = 0
        // The token's bytes lie in the message; RFC 7252 allows eight.
        let bytes = unsafe UnsafeBufferPointer(start: token.s, count: min(token.length, 8))
        for offset in bytes.indices {
            unsafe value |= UInt64(bytes[offset]) << UInt64(offset * 8)
        }
        return (value, bytes.count)
    }

    /// The payload, empty where there is none.
    var payload: UnsafeBufferPointer<UInt8> {
        var count = 0
        var start: UnsafePointer<UInt8>?
        // Both describe bytes inside the message.
        guard unsafe coap_get_data(pointer, &count, &start) == 1 else {
            return unsafe UnsafeBufferPointer(start: nil, count: 0)
        }
        return unsafe UnsafeBufferPointer(start: start, count: count)
    }

    /// Bytes from the header to the end of the payload; only meaningful where there is a payload.
    var sizeWithPayload: Int {
        let payload = unsafe self.payload
        // Both point into the one buffer of the message, after its four header bytes.
        guard let end = payload.baseAddress, let start = unsafe coap_pdu_get_token(pointer).s
        else { return 0 }
        return unsafe 4 + (end - start) + payload.count
    }

    /// Calls `body` with each option's number and value, in order.
    func forEachOption(_ body: (UInt16, UnsafeBufferPointer<UInt8>) -> Void) {
        var iterator = unsafe coap_opt_iterator_t()
        // The iterator is ours and outlives the loop; values lie in the message.
        unsafe coap_option_iterator_init(pointer, &iterator, nil)
        while let option = unsafe coap_option_next(&iterator) {
            unsafe body(
                iterator.number,
                UnsafeBufferPointer(
                    start: coap_opt_value(option), count: Int(coap_opt_length(option))))
        }
    }

    /// Options must be added in ascending order of their numbers.
    func add(_ option: Int32, _ value: [UInt8]) {
        // libcoap copies the value.
        _ = unsafe coap_add_option(pointer, UInt16(option), value.count, value)
    }

    func add(_ option: Int32, _ text: String) {
        add(option, Array(text.utf8))
    }

    /// The shortest form (RFC 7252 section 3.2).
    func add(_ option: Int32, _ number: UInt32) {
        var bigEndian = number.bigEndian
        let count = (39 - number.leadingZeroBitCount) / 8
        // Four bytes of our own, of which the last `count` are the value.
        unsafe withUnsafeBytes(of: &bigEndian) { bytes in
            let start = unsafe bytes.baseAddress.map { unsafe $0 + (4 - count) }
            _ = unsafe coap_add_option(
                pointer, UInt16(option), count, start?.assumingMemoryBound(to: UInt8.self))
        }
    }

    func addToken(_ value: UInt64, count: Int) {
        var littleEndian = value.littleEndian
        // Eight bytes of our own; `count` is at most that.
        unsafe withUnsafeBytes(of: &littleEndian) { bytes in
            _ = unsafe coap_add_token(
                pointer, count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
    }

    func add(payload: ArraySlice<UInt8>) {
        guard !payload.isEmpty else { return }
        unsafe payload.withUnsafeBufferPointer { bytes in
            // libcoap copies the bytes.
            _ = unsafe coap_add_data(pointer, bytes.count, bytes.baseAddress)
        }
    }

    func set(code: Code) {
        unsafe coap_pdu_set_code(pointer, coap_pdu_code_t(rawValue: UInt32(code.rawValue)))
    }
}

/// An unsigned option value; longer ones than four bytes lose their upper part.
func number(_ value: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var number: UInt32 = 0
    // Within the value's own bounds.
    for offset in value.indices { unsafe number = number << 8 | UInt32(value[offset]) }
    return number
}
