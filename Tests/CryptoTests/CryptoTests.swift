import Crypto
import Testing

@Suite("digests and signatures are those of the standards")
struct CryptoTests {
    private func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    @Test("SHA-256 of abc (FIPS 180-4), whole and in pieces")
    func digest() {
        let expected = bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var hash = SHA256()
        hash.update(Array("abc".utf8))
        #expect(hash.finish() == expected)
        #expect(SHA256.digest(UInt8(ascii: "a"), Array("b".utf8), Array("c".utf8)) == expected)
        // What was finished begins anew.
        hash.update(Array("abc".utf8))
        #expect(hash.finish() == expected)
    }

    @Test("SHA-256 of nothing")
    func empty() {
        var hash = SHA256()
        hash.update([])
        let expected = bytes("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hash.finish() == expected)
    }

    struct Vector: Sendable { var secret: String, key: String, message: String, signature: String }

    /// RFC 8032 section 7.1, tests 1 and 2.
    static let vectors = [
        Vector(
            secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        Vector(
            secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            key: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ]

    @Test("Ed25519 signs as RFC 8032 says", arguments: vectors)
    func signature(_ vector: Vector) throws {
        let key = try #require(SigningKey(secret: bytes(vector.secret)))
        let message = bytes(vector.message)
        #expect(key.publicKey == bytes(vector.key))
        #expect(key.sign(message) == bytes(vector.signature))
        #expect(SigningKey.isValid(bytes(vector.signature), of: message, by: key.publicKey))
    }

    @Test("a signature is good for its message, its key and its own bytes alone")
    func forgery() {
        let key = SigningKey()
        let other = SigningKey()
        #expect(key.secret != other.secret)
        let signature = key.sign([1, 2, 3])
        #expect(SigningKey.isValid(signature, of: [1, 2, 3], by: key.publicKey))
        #expect(!SigningKey.isValid(signature, of: [1, 2, 4], by: key.publicKey))
        #expect(!SigningKey.isValid(signature, of: [1, 2, 3], by: other.publicKey))
        for index in signature.indices {
            var forged = signature
            forged[index] ^= 1
            #expect(!SigningKey.isValid(forged, of: [1, 2, 3], by: key.publicKey))
        }
    }

    @Test("keys and signatures of another length are none")
    func lengths() {
        #expect(SigningKey(secret: [1, 2, 3]) == nil)
        #expect(!SigningKey.isValid([], of: [], by: Array(repeating: 0, count: 32)))
        #expect(!SigningKey.isValid(Array(repeating: 0, count: 64), of: [], by: []))
    }
}
