import CNettle

/// SHA-256 (FIPS 180-4) over bytes given piece by piece.
package struct SHA256: Sendable {
    /// Bytes of a digest.
    package static let size = 32

    private var context = sha256_ctx()

    package init() {
        // Safe: the context is this value's own, and outlives the call.
        unsafe nettle_sha256_init(&context)
    }

    /// Takes one byte, such as what tells one use of the hash from another.
    package mutating func update(_ byte: UInt8) {
        var byte = byte
        // Safe: nettle reads one byte during the call.
        unsafe nettle_sha256_update(&context, 1, &byte)
    }

    package mutating func update(_ bytes: [UInt8]) {
        // Safe: nettle reads the buffer during the call.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe nettle_sha256_update(&context, buffer.count, buffer.baseAddress)
        }
    }

    /// The digest of all that was given; afterwards everything begins anew.
    package mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: SHA256.size)
        // Safe: the buffer holds as many bytes as are asked for.
        unsafe digest.withUnsafeMutableBufferPointer { buffer in
            unsafe nettle_sha256_digest(&context, buffer.count, buffer.baseAddress)
        }
        return digest
    }

    /// The digest of a byte and pieces of bytes, one after the other.
    package static func digest(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA256()
        hash.update(tag)
        for part in parts { hash.update(part) }
        return hash.finish()
    }
}
