import Model
import Testing

@Suite("Names, units and records")
struct NamesTests {
    @Test("names keep their numbers while the table grows, and past its limit there are none")
    func symbols() {
        var table = SymbolTable(limit: 1000)
        for index in 0..<1000 { #expect(table.intern("name-\(index)") == UInt32(index)) }
        #expect(table.intern("one too many") == nil)
        for index in 0..<1000 {
            #expect(table.find("name-\(index)") == UInt32(index))
            #expect(table.name(UInt32(index)) == "name-\(index)")
        }
        #expect(table.intern("name-7") == 7)
        #expect(table.find("") == nil)
    }

    @Test(
        "conversion",
        arguments: [
            ("degF", "celsius", 212.0, 100.0), ("K", "Cel", 273.15, 0), ("kW", "W", 1.5, 1500),
            ("%", "/", 50, 0.5), ("hPa", "Pa", 1013.25, 101_325), ("min", "s", 2, 120),
        ])
    func units(from: String, to: String, value: Double, expected: Double) throws {
        let (from, to) = (try #require(Unit(from)), try #require(Unit(to)))
        let converted = try #require(from.convert(value, to: to))
        #expect(abs(converted - expected) < 1e-9)
    }

    @Test("what measures different things does not convert")
    func incompatible() throws {
        let (celsius, percent) = (try #require(Unit("celsius")), try #require(Unit("percent")))
        #expect(celsius.convert(1, to: percent) == nil)
        #expect(Unit("parsec") == nil)
    }

    @Test(
        "did you mean",
        arguments: [
            ("temprature", "temperature"), ("tempetarure", "temperature"), ("humidty", "humidity"),
            ("xyz", nil), ("mode", "mode"),
        ])
    func suggestions(word: String, expected: String?) {
        #expect(didYouMean(word, among: ["temperature", "humidity", "mode"]) == expected)
    }

    @Test("nearest: itself, else by position, else by shared tags, else the first by name")
    func nearest() throws {
        var registry = Registry()
        func add(_ name: String, x: Double? = nil, tags: [String: String] = [:]) throws -> Device {
            var entry = Registry.Entry(name: name)
            entry.position = x.map { Registry.Position(x: $0, y: 0) }
            entry.tags = tags
            let device = registry.add(entry)
            return try #require(device)
        }
        let here = try add("here", x: 10, tags: ["zone": "a", "floor": "1"])
        let nowhere = try add("nowhere")
        let far = try add("b-far", x: 50, tags: ["zone": "a", "floor": "1"])
        let near = try add("c-near", x: 12)
        let unplaced = try add("a-unplaced", tags: ["zone": "a"])
        #expect(registry.nearest(to: here, among: [far, near, unplaced]) == near)
        #expect(registry.nearest(to: here, among: [unplaced, nowhere]) == unplaced)
        #expect(registry.nearest(to: nowhere, among: [far, near, unplaced]) == unplaced)
        #expect(registry.nearest(to: here, among: []) == nil)
        #expect(registry.nearest(to: unplaced, among: [far, near, unplaced]) == unplaced)
        #expect(registry.nearest(to: nowhere, among: [far, near, nowhere]) == nowhere)
    }

    private static let values: [Value?] = [
        nil, .boolean(true), .boolean(false), .integer(.min), .integer(.max), .number(-0.0),
        .number(.pi), .text(""), .text("größe"), .timestamp(Instant(milliseconds: -1)),
    ]

    @Test("stored values come back, and cut or damaged ones never trap")
    func records() throws {
        var writer = ByteWriter()
        writer.list(NamesTests.values) { $0.value($1) }
        writer.unsigned(UInt64.max)
        writer.signed(.min)
        writer.fixed(UInt128.max - 1)
        var reader = ByteReader(writer.bytes)
        let values = try reader.list { reader throws(RecordError) in try reader.value() }
        #expect(values == NamesTests.values)
        #expect(try reader.unsigned() == .max)
        #expect(try reader.signed() == .min)
        #expect(try reader.fixed128() == .max - 1)
        #expect(reader.isAtEnd)
        for length in 0..<writer.bytes.count {
            var cut = ByteReader(Array(writer.bytes.prefix(length)))
            #expect(throws: RecordError.self) {
                _ = try cut.list { reader throws(RecordError) in try reader.value() }
                _ = try cut.unsigned()
                _ = try cut.signed()
                _ = try cut.fixed128()
            }
        }
        for index in writer.bytes.indices {
            var bytes = writer.bytes
            bytes[index] ^= 0xff
            var damaged = ByteReader(bytes)
            _ = try? damaged.list { reader throws(RecordError) in try reader.value() }
        }
    }

    @Test("a command's id depends on each part and on where the parts divide")
    func commandIDs() {
        #expect(CommandID("a", "bc") != CommandID("ab", "c"))
        #expect(CommandID("a", "b") == CommandID("a", "b"))
        #expect(CommandID("").description.count == 32)
    }
}
