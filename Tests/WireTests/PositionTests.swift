import Model
import Testing
import Wire

@Suite("Positions in payloads")
struct PositionTests {
    static let place = GeoPosition("48.13743,11.57549")
    static let high = GeoPosition("48.13743,11.57549,519.5")

    @Test(
        "maps, GeoJSON points and their coordinates",
        arguments: [
            (#"{"lat":48.13743,"lon":11.57549}"#, place),
            (#"{"longitude":11.57549,"latitude":48.13743,"altitude":519.5}"#, high),
            (#"{"lat":48.13743,"lon":11.57549,"alt":null}"#, place),
            (#"{"type":"Point","coordinates":[11.57549,48.13743]}"#, place),
            ("[11.57549,48.13743,519.5]", high), (#"{"lat":48.13743}"#, nil),
            (#"{"lat":48,"lon":11,"speed":3}"#, nil), (#"{"lat":"48","lon":11}"#, nil),
            (#"{"lat":91,"lon":11}"#, nil), ("[1]", nil), ("[1,2,3,4]", nil), ("[1,null]", nil),
            (#"{"type":"Point","coordinates":[1]}"#, nil), (#"{"type":"Line","x":1}"#, nil),
            (#"{"lat":1,"latitude":1,"lon":1}"#, nil), ("{}", nil),
        ] as [(String, GeoPosition?)])
    func values(_ text: String, _ expected: GeoPosition?) throws {
        let document = try Document(json: Array(text.utf8).span)
        #expect(Value(document) == expected.map { .position($0) })
        let object = Document.map([.init("place", document)])
        for (bytes, format) in [(object.json, ContentFormat.json), (object.cbor, .cbor)] {
            guard let expected else {
                #expect(throws: WireError.self) { try TelemetryPack(bytes, format) }
                continue
            }
            let pack = try TelemetryPack(bytes, format)
            #expect(pack.resolved == [Resolved("place", nil, .position(expected))])
        }
    }

    @Test("a position is a map of degrees and metres")
    func documents() throws {
        let place = try #require(PositionTests.place)
        let high = try #require(PositionTests.high)
        let text = String(decoding: Document(.position(high)).json, as: UTF8.self)
        #expect(text == #"{"lat":48.13743,"lon":11.57549,"alt":519.5}"#)
        for position in [place, high] {
            let document = Document(.position(position))
            #expect(Value(document) == .position(position))
            #expect(Value(try Document(json: document.json.span)) == .position(position))
            #expect(Value(try Document(cbor: document.cbor.span)) == .position(position))
        }
    }

    @Test("no depth of nesting in a value does harm")
    func deep() {
        let json = String(repeating: "[", count: 5000)
        #expect(throws: WireError.tooDeep(at: 20)) {
            try TelemetryPack(#"{"a":"# + json, .json)
        }
        let cbor = [UInt8](repeating: 0x81, count: 5000)
        #expect(throws: WireError.self) { try TelemetryPack([0xa1, 0x61, 0x61] + cbor, .cbor) }
    }

    @Test("parts are noted once each, by name or by unit")
    func parts() throws {
        var parts = PositionParts()
        #expect(parts.isEmpty)
        let latitude = try #require(PositionParts.Part(unit: Unit("lat")))
        let longitude = try #require(PositionParts.Part(name: "1"))
        #expect(PositionParts.Part(unit: Unit("Cel")) == nil)
        #expect(PositionParts.Part(name: "speed") == nil)
        #expect(PositionParts.Part(unit: Unit("lon")) == .longitude)
        #expect(PositionParts.Part(unit: Unit("m")) == .altitude)
        let first = [parts.note(48.13743, as: latitude), parts.note(1, as: latitude)]
        #expect(first == [true, false])
        #expect(parts.position == nil)
        let second = [parts.note(11.57549, as: longitude), parts.note(1, as: .longitude)]
        #expect(second == [true, false])
        #expect(parts.position == PositionTests.place)
        let third = [parts.note(519.5, as: .altitude), parts.note(1, as: .altitude)]
        #expect(third == [true, false])
        #expect(parts.position == PositionTests.high && !parts.isEmpty)
    }

    @Test("the journal keeps positions among other readings")
    func journal() throws {
        let values: [Value] = [
            .number(1.5), .position(try #require(PositionTests.place)), .number(1.5),
            .position(try #require(PositionTests.high)), .text("x"),
        ]
        let inputs = values.enumerated().map { index, value in
            Input.reading(
                Reading(
                    device: Device(index: UInt32(index % 2)), property: Property(index: 3),
                    time: Instant(milliseconds: Int64(index) * 10), value: value,
                    flags: index == 1 ? .clockSuspect : []))
        }
        var writer = ByteWriter()
        TurnCodec.append(now: Instant(milliseconds: 77), inputs: inputs, to: &writer)
        var found: [Input] = []
        try TurnCodec.decode(writer.bytes) { found += $1 }
        #expect(found == inputs)
    }
}
