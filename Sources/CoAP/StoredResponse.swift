/// How an answer is kept for repeats of its request: everything beyond the code, in a few bytes.
extension Response {
    /// Empty where the code says it all, or where it is too much to keep.
    var stored: [UInt8] {
        let isBare =
            contentFormat == nil && payload.isEmpty && maxAge == nil && etag.isEmpty
            && locationPath.isEmpty && size1 == nil
        if isBare || payload.count > 1_024 || locationPath.count > 16 { return [] }
        var bytes: [UInt8] = []
        put(contentFormat.map { UInt32($0.rawValue) }, into: &bytes)
        put(maxAge, into: &bytes)
        put(size1, into: &bytes)
        put(Array(etag.prefix(8)), into: &bytes)
        bytes.append(UInt8(locationPath.count))
        for segment in locationPath { put(Array(segment.utf8.prefix(255)), into: &bytes) }
        return bytes + payload
    }

    /// The answer that `stored` was made from.
    init(_ code: Code, stored bytes: [UInt8]) {
        self.init(code)
        guard !bytes.isEmpty else { return }
        var rest = bytes[...]
        contentFormat = Self.number(from: &rest).map {
            ContentFormat(rawValue: UInt16(truncatingIfNeeded: $0))
        }
        maxAge = Self.number(from: &rest)
        size1 = Self.number(from: &rest)
        etag = Self.string(from: &rest)
        for _ in 0..<(rest.popFirst() ?? 0) {
            locationPath.append(String(decoding: Self.string(from: &rest), as: UTF8.self))
        }
        payload = Array(rest)
    }

    private func put(_ number: UInt32?, into bytes: inout [UInt8]) {
        bytes.append(number == nil ? 0 : 1)
        guard let number else { return }
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private func put(_ string: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(UInt8(string.count))
        bytes += string
    }

    private static func number(from rest: inout ArraySlice<UInt8>) -> UInt32? {
        guard rest.popFirst() == 1 else { return nil }
        var number: UInt32 = 0
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            number |= UInt32(rest.popFirst() ?? 0) << shift
        }
        return number
    }

    private static func string(from rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let count = Int(rest.popFirst() ?? 0)
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
