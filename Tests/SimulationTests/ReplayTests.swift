import Model
import Simulation
import Testing

@Suite struct CSVTableTests {
    @Test(arguments: [
        ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
        ("a,b\n,\n\n\n,x\n", [["", ""], ["", "x"]]),
        ("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n", [["1,5", "say \"hi\""]]),
        ("a,b\n\"two\nlines\",2\n", [["two\nlines", "2"]]),
        ("\u{feff}a,b\n1,2\n", [["1", "2"]]), ("a,b\n", []), ("a,b\n1,\"\"", [["1", ""]]),
    ])
    func `rows are read as they were written`(text: String, rows: [[String]]) throws {
        let table = try CSVTable(Array(text.utf8))
        #expect(table.header == ["a", "b"])
        #expect(table.rows.map(\.fields) == rows)
    }

    @Test(arguments: [
        ("", "there is no header"), ("a,b\n1\n", "line 2 has 1 fields, the header 2"),
        ("a,b\n\"x\ny\",1\n1,2,3\n", "line 4 has 3 fields, the header 2"),
        ("a,b\n\"x", "line 2: a quote is never closed"),
        ("a,b\n\"x\"y,1", "line 2: text after a closing quote"),
    ])
    func `what is wrong is told with its line`(text: String, reason: String) {
        #expect(throws: ReplayError(reason)) { try CSVTable(Array(text.utf8)) }
    }
}

@Suite struct ReplayTests {
    private let occupancy = """
        time,V1,V2,V3
        2015-02-04 17:51:00,23.18,27.272,426.0
        2015-02-04 18:07:00,23.0,,0.0
        2015-02-04 18:23:00,,NA,
        2015-02-04 18:39:00,22.5,27.5,bright
        """

    private func replay(_ maps: [String], _ registry: inout Registry) throws -> Replay {
        try Replay(
            CSVTable(Array(occupancy.utf8)),
            columns: maps.map { try #require(ReplayColumn($0)) }, timeColumn: "time",
            registry: &registry)
    }

    @Test(arguments: [
        ("V1=room-1/temperature:Cel", ["V1", "room-1", "temperature", "Cel"]),
        ("V2=room-1/humidity", ["V2", "room-1", "humidity", ""]),
        ("Water flow [l/s]=plant/flow:l/s", ["Water flow [l/s]", "plant", "flow", "l/s"]),
    ])
    func `a mapping names column, device, property and unit`(text: String, parts: [String]) throws {
        let column = try #require(ReplayColumn(text))
        #expect([column.column, column.device, column.property, column.unit] == parts)
    }

    @Test(arguments: ["", "V1", "V1=room", "V1=/x", "=room/x", "V1=room/", "V1=room/:Cel"])
    func `half a mapping is none`(text: String) {
        #expect(ReplayColumn(text) == nil)
    }

    @Test(arguments: [
        ("2015-02-04 17:51:00", "2015-02-04T17:51:00Z"), ("2010/01/01 00:00", "2010-01-01"),
        ("2022-03-20T11:00:00+01:00", "2022-03-20T10:00:00Z"),
        ("1423072260", "2015-02-04T17:51:00Z"), ("1423072260.25", "2015-02-04T17:51:00.25Z"),
    ])
    func `times are read in every usual form`(text: String, expected: String) {
        #expect(ReplayTimeFormat.auto.read(text) == Instant(expected))
    }

    @Test func `a row becomes one row for each device, gaps skipped`() throws {
        var registry = Registry()
        var replay = try replay(
            ["V1=room-1/temperature:Cel", "V2=room-1/humidity:%RH", "V3=lamp/light:lx"],
            &registry)
        var lines: [String] = []
        while let row = replay.next(through: .distantFuture) {
            let values = row.measurements.map {
                "\(registry.name(of: $0.property))=\($0.value)\($0.unit)"
            }
            lines.append(
                "\(registry.name(of: row.device)): \(values.joined(separator: " "))")
        }
        #expect(
            lines == [
                "room-1: temperature=23.18Cel humidity=27.272%RH", "lamp: light=426.0lx",
                "room-1: temperature=23.0Cel", "lamp: light=0.0lx",
                "room-1: temperature=22.5Cel humidity=27.5%RH", "lamp: light=brightlx",
            ])
        #expect(replay.span?.start == Instant("2015-02-04T17:51:00Z"))
        #expect(replay.span?.end == Instant("2015-02-04T18:39:00Z"))
    }

    @Test func `a row is due at its time`() throws {
        var registry = Registry()
        var replay = try replay(["V1=room-1/temperature"], &registry)
        let first = try #require(Instant("2015-02-04T17:51:00Z"))
        #expect(replay.next(through: first - .seconds(1)) == nil)
        #expect(replay.next(through: first)?.time == first)
        #expect(replay.next(through: first) == nil)
        #expect(replay.nextTime == first + .minute * 16)
    }

    @Test func `a time that steps back is not waited for`() throws {
        var registry = Registry()
        let text = "time,v\n2000,1\n1000,2\n3000,3"
        var replay = try Replay(
            CSVTable(Array(text.utf8)), columns: [try #require(ReplayColumn("v=d/p"))],
            timeColumn: "time", registry: &registry)
        let now = Instant(milliseconds: 2_000_000)
        #expect(replay.next(through: now)?.time == now)
        #expect(replay.next(through: now)?.time == Instant(milliseconds: 1_000_000))
        #expect(replay.next(through: now) == nil)
    }

    @Test func `a column or a time that is not there is told`() {
        var registry = Registry()
        #expect(throws: ReplayError("no column 'V9'; there is: time, V1, V2, V3")) {
            try replay(["V9=a/b"], &registry)
        }
        #expect(throws: ReplayError("line 2: no time: 'soon'")) {
            try Replay(
                CSVTable(Array("time,v\nsoon,1".utf8)),
                columns: [try #require(ReplayColumn("v=d/p"))], timeColumn: "time",
                registry: &registry)
        }
    }
}

@Suite struct FaultsTests {
    @Test func `each fault hits about as often as it should`() {
        let faults = Faults(loss: 10, duplicate: 20, reorder: 30, holdMax: Milliseconds(50))
        var random = SplitMix64(seed: 3)
        let fates = (0..<20_000).map { _ in faults.fate(&random) }
        let arrived = fates.filter { $0.copies > 0 }
        func share(_ count: Int, of whole: Int) -> Double { Double(count) / Double(whole) }
        #expect(abs(share(fates.count - arrived.count, of: fates.count) - 0.1) < 0.01)
        #expect(abs(share(arrived.count { $0.copies == 2 }, of: arrived.count) - 0.2) < 0.015)
        #expect(abs(share(arrived.count { $0.delay > .zero }, of: arrived.count) - 0.3) < 0.015)
        #expect(arrived.allSatisfy { $0.delay <= Milliseconds(50) })
    }

    @Test func `a perfect network passes everything on at once`() {
        var random = SplitMix64(seed: 3)
        #expect(Faults().areNone)
        for _ in 0..<1000 {
            let fate = Faults().fate(&random)
            #expect(fate.copies == 1)
            #expect(fate.delay == .zero)
        }
    }

    @Test func `the same seed decides the same`() {
        let faults = Faults(loss: 50, duplicate: 50, reorder: 50)
        var (first, second) = (SplitMix64(seed: 9), SplitMix64(seed: 9))
        for _ in 0..<100 { #expect(faults.fate(&first) == faults.fate(&second)) }
    }
}
