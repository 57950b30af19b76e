import Model
import Testing
import Wire

@Suite("audit entries as they are kept")
struct AuditStepTests {
    private func step(_ reason: String, _ details: [Field]) -> AuditStep {
        AuditStep(
            AuditEntry(
                time: Instant(milliseconds: 1_780_000_000_123), command: CommandID("a", "b"),
                device: Device(index: 7), name: "set_fan", from: "queued", to: "sent",
                reason: reason, details: details),
            device: "fan-7")
    }

    @Test("what is written is read again", arguments: ["", "no answer"])
    func codec(_ reason: String) {
        for details in [
            [], [Field("by", .text("joe")), Field("by", .integer(3)), Field("fence", nil)],
        ] {
            let step = step(reason, details)
            #expect(AuditStep(cbor: step.cbor) == step)
            #expect(step.document["device"] == .text("fan-7"))
        }
    }

    @Test("the bytes are deterministic: shortest heads, keys in order")
    func deterministic() throws {
        let bytes = step("", []).cbor
        #expect(try Document(cbor: bytes.span).deterministicCBOR == bytes)
        // Keys by length, then by bytes: to, from, name, time, device, command.
        #expect(bytes.starts(with: [0xa6, 0x62] + Array("to".utf8)))
    }

    @Test("anything else is nothing, and nothing traps")
    func damaged() {
        let bytes = step("why", [Field("by", .text("joe"))]).cbor
        for count in 0..<bytes.count { #expect(AuditStep(cbor: Array(bytes.prefix(count))) == nil) }
        for index in bytes.indices {
            for mask: UInt8 in [1, 0x20, 0x80, 0xff] {
                var other = bytes
                other[index] ^= mask
                _ = AuditStep(cbor: other)
            }
        }
        let bad = Document.map([.init("details", .array([.text("x")]))])
        #expect(AuditStep(cbor: bad.cbor) == nil)
    }

    @Test("hexadecimal digits are read in pairs")
    func hexadecimal() {
        let bytes: [UInt8] = [0, 9, 0x0a, 0x7f, 0xff]
        #expect(bytes.hexadecimal == "00090a7fff")
        #expect([UInt8](hexadecimal: "00090A7Fff") == bytes)
        #expect([UInt8](hexadecimal: "") == [])
        for text in ["0", "0g", "é", "00 0"] { #expect([UInt8](hexadecimal: text) == nil) }
    }
}
