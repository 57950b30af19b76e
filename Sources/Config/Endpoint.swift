/// Where to listen or connect: `coap://[::]:5683`, `127.0.0.1:9464`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// Empty for a plain `host:port`.
    package var scheme: String
    /// A name or an address, without the brackets of an IPv6 one.
    package var host: String
    package var port: Int

    package init(scheme: String, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Reads `scheme://host[:port]`, or `host:port` where `schemes` is empty.
    package init?(_ text: String, schemes: [String]) {
        var rest = Substring(text)
        scheme = ""
        if !schemes.isEmpty {
            guard let found = schemes.first(where: { text.hasPrefix($0 + "://") }) else {
                return nil
            }
            scheme = found
            rest = rest.dropFirst(found.count + 3)
        }
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            guard host.contains(":") else { return nil }
        } else {
            let name = rest.prefix { $0 != ":" }
            host = String(name)
            rest = rest.dropFirst(name.count)
        }
        let allowed = host.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2F }
        guard !host.isEmpty, allowed else { return nil }
        if rest.isEmpty {
            guard let standard = Endpoint.standardPorts[scheme] else { return nil }
            port = standard
        } else {
            let digits = rest.dropFirst()
            guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(digits),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        }
    }

    /// RFC 7252 section 6.
    private static let standardPorts = ["coap": 5683, "coaps": 5684]

    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return (scheme.isEmpty ? "" : "\(scheme)://") + "\(name):\(port)"
    }
}
