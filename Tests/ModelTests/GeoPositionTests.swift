import Model
import Testing

@Suite("Positions on the Earth")
struct GeoPositionTests {
    static let marienplatz = GeoPosition(latitude: 481_374_300, longitude: 115_754_900)

    @Test("a position makes no value larger")
    func size() {
        #expect(MemoryLayout<GeoPosition>.size == 12)
        #expect(MemoryLayout<Value>.size == MemoryLayout<String>.size + 1)
        #expect(MemoryLayout<Value?>.size == MemoryLayout<Value>.size)
        #expect(MemoryLayout<Reading>.stride == 40)
    }

    @Test(
        "text comes back",
        arguments: [
            (48.13743, 11.57549, nil, "48.13743,11.57549"), (0, 0, nil, "0,0"),
            (-0.0000001, 180, -11.5, "-0.0000001,180,-11.5"), (90, -180, 0, "90,-180,0"),
            (-89.5, 0.5, 8848.86, "-89.5,0.5,8848.86"),
        ] as [(Double, Double, Double?, String)])
    func text(north: Double, east: Double, metres: Double?, text: String) throws {
        let position = try #require(
            GeoPosition(degreesNorth: north, degreesEast: east, metres: metres))
        #expect(position.description == text)
        #expect(GeoPosition(text) == position)
        #expect(GeoPosition("geo:" + text) == position)
        #expect(Value.position(position).description == text)
        #expect(position.degreesNorth == north && position.degreesEast == east)
        #expect(position.metres == metres)
    }

    @Test(
        "what is no place is none",
        arguments: [
            "90.1,0", "0,180.1", "-91,0", "1", "1,2,3,4", "a,b", "1,", "", "1,2,x", "nan,0",
            "1,2,1e300", "inf,1", "1;2", String(repeating: "1", count: 200) + ",1",
        ])
    func noPlace(_ text: String) {
        #expect(GeoPosition(text) == nil)
    }

    @Test("numbers beyond what is kept are no place")
    func beyond() {
        #expect(GeoPosition(latitude: 900_000_001, longitude: 0) == nil)
        #expect(GeoPosition(latitude: .min, longitude: .max) == nil)
        #expect(GeoPosition(latitude: 0, longitude: 0, altitude: .min) == nil)
        #expect(GeoPosition(degreesNorth: .infinity, degreesEast: 0) == nil)
        #expect(GeoPosition(degreesNorth: 0, degreesEast: 0, metres: .nan) == nil)
    }

    @Test(
        "distances near by",
        arguments: [
            ("0,0", "0,0.001", 111.195), ("60,0", "60,0.001", 55.597),
            ("48,11", "48.001,11", 111.195), ("0,179.9995", "0,-179.9995", 111.195),
            ("0,0,10", "0,0,13", 3), ("0,0,10", "0,0", 0), ("90,5", "90,6", 0),
        ])
    func distance(one: String, other: String, metres: Double) throws {
        let (one, other) = (try #require(GeoPosition(one)), try #require(GeoPosition(other)))
        #expect(abs(one.squaredDistance(to: other).squareRoot() - metres) < 0.02)
        #expect(one.squaredDistance(to: other) == other.squaredDistance(to: one))
    }

    @Test("a property of type position takes positions, also as text, and nothing else")
    func accept() throws {
        let property = PropertyModel(name: "place", type: .position)
        let position = try #require(GeoPositionTests.marienplatz)
        #expect(try property.accept(.position(position)) == .position(position))
        #expect(try property.accept(.text("48.13743,11.57549")) == .position(position))
        for value in [Value.number(1), .text("Munich"), .boolean(true)] {
            #expect(throws: PropertyModel.Misfit.self) { try property.accept(value) }
        }
        #expect(Value.position(position).converted(to: .position) == .position(position))
        #expect(Value.position(position).converted(to: .text) == nil)
        #expect(Value.position(position).double == nil)
    }

    @Test("stored bytes come back, and damaged ones are refused")
    func bytes() throws {
        for text in ["48.13743,11.57549", "-90,180,-430.5", "0,0,0"] {
            let value = GeoPosition(text).map { Value.position($0) }
            var writer = ByteWriter()
            writer.value(value)
            var reader = ByteReader(writer.bytes)
            let read = try reader.value()
            #expect(read == value)
            #expect(reader.isAtEnd)
            for length in writer.bytes.indices {
                var reader = ByteReader(Array(writer.bytes[..<length]))
                #expect(throws: RecordError.self) { try reader.value() }
            }
        }
        var writer = ByteWriter()
        writer.byte(7)
        writer.signed(900_000_001)
        writer.signed(0)
        writer.bool(false)
        var reader = ByteReader(writer.bytes)
        #expect(throws: RecordError.self) { try reader.value() }
    }
}
