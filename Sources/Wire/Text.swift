/// Whether the bytes are well-formed UTF-8.
func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    (try? UTF8Span(validating: bytes)) != nil
}

/// A string of checked UTF-8.
func checkedString(_ bytes: Span<UInt8>, at offset: Int) throws(WireError) -> String {
    guard let utf8 = try? UTF8Span(validating: bytes) else { throw .invalidText(at: offset) }
    return String(copying: utf8)
}

private let base64URLDigits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

/// Base64 with the URL-safe alphabet and without padding (RFC 4648 section 5), as SenML wants it.
func appendBase64URL(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
    var pending: UInt32 = 0
    var bits = 0
    for index in bytes.indices {
        pending = pending << 8 | UInt32(bytes[index])
        bits += 8
        while bits >= 6 {
            bits -= 6
            output.append(base64URLDigits[Int(pending >> UInt32(bits) & 63)])
        }
    }
    if bits > 0 { output.append(base64URLDigits[Int(pending << UInt32(6 - bits) & 63)]) }
}
