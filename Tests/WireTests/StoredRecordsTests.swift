import Model
import Testing
import Wire

@Suite("Stored records and what leaves the gateway")
struct StoredRecordsTests {
    private let window = OutboxRecord(
        sequence: 42, kind: .aggregate, workflow: "hvac", name: "energy_by_building",
        time: Instant(milliseconds: 1_783_944_300_000),
        start: Instant(milliseconds: 1_783_944_000_000), key: [Field("building", .text("A"))],
        fields: [
            Field("total", .number(1.5)), Field("count", .integer(3)), Field("peak", nil),
            Field("at", .timestamp(Instant(milliseconds: 1_783_944_000_500))),
            Field("on", .boolean(true)),
        ])

    private let rough = OutboxRecord(
        sequence: 7, kind: .aggregate, workflow: "", name: "w", time: .distantPast, key: [],
        fields: [Field("p95", .number(20))], quality: [Field("p95", .number(0.25))])

    private let match = OutboxRecord(
        sequence: .max, kind: .match, workflow: "", name: "\"hot\"", time: .distantPast, key: [],
        fields: [])

    private let entry = AuditEntry(
        time: Instant(milliseconds: -1), command: CommandID(value: .max),
        device: Device(index: .max), name: "set_mode", from: "queued", to: "sent", reason: "")

    @Test("outbox records come back, and every cut of one is noticed")
    func outbox() throws {
        for record in [window, match] {
            var writer = ByteWriter()
            record.encode(to: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try OutboxRecord(from: &reader) == record)
            #expect(reader.isAtEnd)
            for length in writer.bytes.indices {
                var reader = ByteReader(Array(writer.bytes[..<length]))
                #expect(throws: RecordError.self) { try OutboxRecord(from: &reader) }
            }
            for variant in damaged(writer.bytes) {
                var reader = ByteReader(variant)
                _ = try? OutboxRecord(from: &reader)
            }
        }
    }

    @Test("what is not exact says so, stored and sent")
    func quality() throws {
        var writer = ByteWriter()
        rough.encode(to: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try OutboxRecord(from: &reader) == rough)
        #expect(reader.isAtEnd)
        let text = String(decoding: rough.json(gateway: "g", epoch: 1), as: UTF8.self)
        #expect(text.hasSuffix(#""fields":{"p95":20.0},"quality":{"p95":{"error":0.25}}}"#))
        #expect(window.document(gateway: "g", epoch: 1)["quality"] == nil)
    }

    @Test("audit entries come back, and every cut of one is noticed")
    func audit() throws {
        var writer = ByteWriter()
        entry.encode(to: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try AuditEntry(from: &reader) == entry)
        #expect(reader.isAtEnd)
        for length in writer.bytes.indices {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: RecordError.self) { try AuditEntry(from: &reader) }
        }
        for variant in damaged(writer.bytes) {
            var reader = ByteReader(variant)
            _ = try? AuditEntry(from: &reader)
        }
    }

    @Test("a record is one JSON object upstream, its members in a fixed order")
    func upstream() throws {
        #expect(
            String(decoding: window.json(gateway: "gw-1", epoch: 7), as: UTF8.self)
                == #"{"id":"gw-1/7/42","kind":"aggregate","workflow":"hvac","#
                + #""name":"energy_by_building","start":"2026-07-13T12:00:00.000Z","#
                + #""time":"2026-07-13T12:05:00.000Z","key":{"building":"A"},"#
                + #""fields":{"total":1.5,"count":3,"peak":null,"#
                + #""at":"2026-07-13T12:00:00.500Z","on":true}}"#)
        #expect(
            String(decoding: match.json(gateway: "g", epoch: 1), as: UTF8.self)
                == #"{"id":"g/1/18446744073709551615","kind":"match","workflow":"","#
                + #""name":"\"hot\"","time":"-infinity","key":{},"fields":{}}"#)
    }

    @Test("a command's payload is its id and its parameters, in CBOR and in JSON")
    func command() throws {
        let id = CommandID(value: 0xabc)
        let transmission = Transmission(
            command: id, attempt: 1, device: Device(index: 1), name: "set_mode", method: .post,
            path: ["command", "set_mode"], query: [],
            parameters: [
                Field("mode", .text("cool")), Field("id", .integer(1)),
                Field("target", .number(22.5)),
            ], isCritical: false)
        let digits = "00000000000000000000000000000abc"
        let json = try #require(transmission.payload(.json))
        #expect(
            String(decoding: json, as: UTF8.self)
                == "{\"id\":\"\(digits)\",\"mode\":\"cool\",\"target\":22.5}")
        let cbor = try #require(transmission.payload(.cbor))
        #expect(
            hexadecimal(cbor)
                == "a3" + "626964" + "7820" + hexadecimal(Array(digits.utf8))
                + "646d6f6465" + "64636f6f6c" + "66746172676574" + "f94da0")
        #expect(try Document(cbor: cbor.span) == Document(json: json.span))
        #expect(transmission.payload(.text) == nil)
    }

    @Test("a command id is read from its own digits and nothing else")
    func commandID() {
        let id = CommandID("a", "b")
        #expect(CommandID(digits: id.description) == id)
        for bad in [
            "", "abc", String(repeating: "g", count: 32), "+" + String(repeating: "0", count: 31),
        ] {
            #expect(CommandID(digits: bad) == nil)
        }
    }

    @Test("values become documents and come back, but for what no value can be")
    func values() {
        let values: [Value] = [
            .boolean(true), .integer(-1), .number(0.5), .text("x"),
            .timestamp(Instant(milliseconds: 5)),
        ]
        for value in values { #expect(Value(Document(value)) == value) }
        for document: Document in [.null, .number(.nan), .bytes([]), .array([]), .map([])] {
            #expect(Value(document) == nil)
        }
        let map = Document([Field("a", .integer(1)), Field("b", nil)])
        #expect(map["a"] == .integer(1))
        #expect(map["b"] == .null)
        #expect(map["c"] == nil)
        #expect(Document.null["a"] == nil)
    }

    @Test("every error says where it is, shortly enough for a diagnostic payload")
    func descriptions() {
        let errors: [WireError] = [
            .truncated(at: 7), .unexpected(at: 7), .trailing(at: 7), .invalidText(at: 7),
            .tooDeep(at: 7), .tooLong(at: 7), .numberOutOfRange(at: 7), .duplicateKey(at: 7),
            .wrongType(at: 7), .invalidName(at: 7), .mustUnderstand(at: 7),
            .unsupportedVersion(at: 7), .timeOutOfRange(at: 7), .missingValue(at: 7),
            .damaged(at: 7),
        ]
        for error in errors {
            #expect(error.description.hasSuffix("7"))
            #expect(error.description.utf8.count <= 64)
        }
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
