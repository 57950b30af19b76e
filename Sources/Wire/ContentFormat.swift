/// A CoAP Content-Format number (RFC 7252 section 12.3 and IANA's registry).
package struct ContentFormat: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// text/plain;charset=utf-8
    package static let text = ContentFormat(rawValue: 0)
    /// application/link-format
    package static let link = ContentFormat(rawValue: 40)
    /// application/octet-stream
    package static let octets = ContentFormat(rawValue: 42)
    /// application/json
    package static let json = ContentFormat(rawValue: 50)
    /// application/json-patch+json
    package static let jsonPatch = ContentFormat(rawValue: 51)
    /// application/merge-patch+json
    package static let mergePatch = ContentFormat(rawValue: 52)
    /// application/cbor
    package static let cbor = ContentFormat(rawValue: 60)
    /// application/senml+json
    package static let senmlJSON = ContentFormat(rawValue: 110)
    /// application/senml+cbor
    package static let senmlCBOR = ContentFormat(rawValue: 112)
    /// application/senml-etch+json
    package static let senmlEtchJSON = ContentFormat(rawValue: 320)
    /// application/senml-etch+cbor
    package static let senmlEtchCBOR = ContentFormat(rawValue: 322)
    /// application/vnd.oma.lwm2m+tlv
    package static let lwm2mTLV = ContentFormat(rawValue: 11542)
}
