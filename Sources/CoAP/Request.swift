/// One request as a handler sees it. The endpoint reuses its storage, so reading it allocates
/// nothing.
package struct Request: Sendable {
    package internal(set) var method: Method = .get
    /// Uri-Path segments, raw: no percent-encoding, and any byte may occur.
    package internal(set) var path = Segments()
    /// Uri-Query options, raw, usually `name=value`.
    package internal(set) var queries = Segments()
    /// Nil where the option is absent.
    package internal(set) var contentFormat: ContentFormat?
    package internal(set) var accept: ContentFormat?
    /// RFC 7641: 0 registers, 1 deregisters, nil where absent.
    package internal(set) var observe: UInt32?
    /// The ETags of If-Match; an empty one asks only that there be something.
    package internal(set) var ifMatch: [[UInt8]] = []
    package internal(set) var ifNoneMatch = false
    /// The ETags of what the client has: with a GET that would answer one of them, 2.03 will do.
    package internal(set) var etags: [[UInt8]] = []
    package internal(set) var token = RequestToken()
    package internal(set) var payload: [UInt8] = []
    /// True if the device waits for an acknowledgement.
    package internal(set) var isConfirmable = false
    /// Who sent it.
    package internal(set) var peer = SocketAddress(family: .ipv4, host: 0, port: 0)
    /// Names this exchange: the same for a repeat of the message, and after a restart.
    package internal(set) var exchangeKey = ExchangeKey(rawValue: 0)
    /// What to hand to `CoAPEndpoint.release` later if the handler answers `.deferred`.
    package internal(set) var ticket = ReplyTicket.none

    init() {}

    /// With If-Match or If-None-Match, which nobody may ignore (RFC 7252 section 5.10.8).
    package var isConditional: Bool { ifNoneMatch || !ifMatch.isEmpty }
}

/// A list of short byte strings in one buffer: path segments or queries.
package struct Segments: Sendable {
    /// All segments end to end.
    package private(set) var bytes: [UInt8] = []
    private var ends: [UInt16] = []

    init() {}

    package var count: Int { ends.count }

    /// Where segment `index` lies in `bytes`: `path.bytes.span.extracting(path.range(1))`.
    package func range(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index])
    }

    /// Compares without making a string; false past the end.
    package func matches(_ index: Int, _ text: StaticString) -> Bool {
        guard index < count else { return false }
        let range = range(index)
        guard range.count == text.utf8CodeUnitCount else { return false }
        let span = bytes.span
        // A static string's bytes live for ever, and the count is its own.
        let expected = unsafe UnsafeBufferPointer(start: text.utf8Start, count: range.count)
        for offset in 0..<range.count
        where unsafe span[range.lowerBound + offset] != expected[offset] {
            return false
        }
        return true
    }

    /// Segment `index` as text, ill-formed UTF-8 replaced.
    package func string(_ index: Int) -> String {
        String(decoding: bytes[range(index)], as: UTF8.self)
    }

    /// All segments as text. Allocates.
    package var strings: [String] { (0..<count).map(string) }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func append(_ segment: some Sequence<UInt8>) {
        bytes.append(contentsOf: segment)
        ends.append(UInt16(clamping: bytes.count))
    }
}

/// Names one exchange of one peer: the peer in the upper 48 bits, the message id below.
///
/// For IPv4 it is address, port, message id, exactly. For IPv6 the upper 48 bits are a keyed hash
/// whose top four bits are ones: no IPv4 source address looks like that (class E is never a
/// source).
package struct ExchangeKey: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `secret` must survive a restart for the keys of IPv6 peers to do so.
    init(peer: SocketAddress, messageID: UInt16, secret: UInt64) {
        let upper: UInt64
        switch peer.family {
        case .ipv4:
            upper = UInt64(truncatingIfNeeded: peer.host) << 16 | UInt64(peer.port)
        case .ipv6:
            var hash = mix(secret ^ UInt64(truncatingIfNeeded: peer.host >> 64))
            hash = mix(hash ^ UInt64(truncatingIfNeeded: peer.host) &+ secret)
            hash = mix(hash ^ UInt64(peer.port) << 32 ^ UInt64(peer.scope))
            upper = hash >> 20 | 0xf << 44
        }
        rawValue = upper << 16 | UInt64(messageID)
    }

    /// The part that is the same for all exchanges of one peer.
    var peer: UInt64 { rawValue >> 16 }
}

/// Spreads every bit of the input over the output (the finaliser of SplitMix64).
func mix(_ value: UInt64) -> UInt64 {
    var value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
}
