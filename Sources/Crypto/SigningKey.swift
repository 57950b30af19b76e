import CNettle

/// An Ed25519 key pair (RFC 8032): signs, and what it signed anyone with the public half can check.
package struct SigningKey: Sendable {
    /// Bytes of the secret, of the public key, and of a signature.
    package static let secretSize = 32, publicSize = 32, signatureSize = 64

    /// To be kept where only the gateway reads it.
    package let secret: [UInt8]
    package let publicKey: [UInt8]

    /// Nil where the secret has another length than 32 bytes.
    package init?(secret: [UInt8]) {
        guard secret.count == SigningKey.secretSize else { return nil }
        self.init(whole: secret)
    }

    /// A new key from the system's random numbers, which are fit for keys.
    package init() {
        var generator = SystemRandomNumberGenerator()
        self.init(
            whole: (0..<SigningKey.secretSize).map { _ in
                UInt8.random(in: 0 ... .max, using: &generator)
            })
    }

    private init(whole secret: [UInt8]) {
        self.secret = secret
        var key = [UInt8](repeating: 0, count: SigningKey.publicSize)
        // Safe: both buffers have the sizes that Ed25519 fixes.
        unsafe secret.withUnsafeBufferPointer { secret in
            unsafe key.withUnsafeMutableBufferPointer { key in
                unsafe nettle_ed25519_sha512_public_key(key.baseAddress, secret.baseAddress)
            }
        }
        publicKey = key
    }

    /// The signature of a message: the same whenever it is signed.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: SigningKey.signatureSize)
        // Safe: the keys and the signature have the sizes that Ed25519 fixes; the message is lent.
        unsafe secret.withUnsafeBufferPointer { secret in
            unsafe publicKey.withUnsafeBufferPointer { key in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe signature.withUnsafeMutableBufferPointer { signature in
                        unsafe nettle_ed25519_sha512_sign(
                            key.baseAddress, secret.baseAddress, message.count,
                            message.baseAddress, signature.baseAddress)
                    }
                }
            }
        }
        return signature
    }

    /// Whether the holder of `publicKey` has signed the message; false for lengths that are wrong.
    package static func isValid(
        _ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]
    ) -> Bool {
        guard signature.count == signatureSize, publicKey.count == publicSize else { return false }
        // Safe: the sizes were checked above; nettle only reads.
        return unsafe publicKey.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe signature.withUnsafeBufferPointer { signature in
                    unsafe nettle_ed25519_sha512_verify(
                        key.baseAddress, message.count, message.baseAddress,
                        signature.baseAddress) == 1
                }
            }
        }
    }
}
