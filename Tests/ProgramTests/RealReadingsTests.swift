import Foundation
import Testing

/// The examples on readings that were really made. Limits come from what they mean (1000 ppm, six
/// deviations), not from these files; what must be found is computed from the files here, another
/// way. The rows beside the tests were looked at when the workflows were written; with
/// `IOTFLOW_DATA` the whole files follow, of which the rest was not.
@Suite("Real readings")
struct RealReadingsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    /// Directories of the files.
    static let directories =
        [root.appending(path: "Tests/replay/data").path()]
        + [ProcessInfo.processInfo.environment["IOTFLOW_DATA"]].compactMap { $0 }

    /// One row that the program wrote: its time in minutes since the epoch, kind, name.
    private struct Finding {
        var minute: Int
        var name: String
    }

    private struct Row {
        var minute: Int
        /// By column; nil for a gap.
        var values: [String: Double]
    }

    private static func minute(_ text: String) throws -> Int {
        var text = text.replacing("/", with: "-").replacing(" ", with: "T")
        if text.count == 16 { text += ":00" }
        if text.count == 19 { text += "Z" }
        if text.count == 24, text.contains(".") { text = text.prefix(19) + "Z" }
        let date = try #require(ISO8601DateFormatter().date(from: text), "\(text)")
        return Int((date.timeIntervalSince1970 / 60).rounded(.down))
    }

    private func rows(_ path: String) throws -> [Row] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let header = try #require(lines.first)
        return try lines.dropFirst().map { fields in
            var row = Row(minute: try Self.minute(fields[0]), values: [:])
            for (name, field) in zip(header, fields).dropFirst() {
                row.values[name] = Double(field)
            }
            return row
        }
    }

    /// What run-stream finds, window rows left out.
    private func findings(_ workflow: String, _ arguments: [String]) throws -> [Finding] {
        let outcome = try Program.iotflow.run(
            ["run-stream", Self.root.appending(path: workflow).path(), "--format", "csv"]
                + arguments)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        return try outcome.output.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: ",", maxSplits: 3)
            if fields[1] == "row" { return nil }
            #expect(fields[1] == "match", "nothing is late")
            return Finding(minute: try Self.minute(String(fields[0])), name: String(fields[2]))
        }
    }

    @Test(
        "stale air is told while people are there, every time, and never without",
        arguments: directories)
    func occupancy(_ directory: String) throws {
        let path = directory + "/occupancy.csv"
        let rows = try rows(path)
        let found = try findings(
            "etc/examples/environmental_monitoring.yaml",
            [
                "--input", path, "--device", "room-01", "--column", "V1=temperature", "--column",
                "V4=co2",
            ])
        let stale = found.filter { $0.name == "stale_air" }.map(\.minute)
        #expect(!stale.isEmpty)
        let air = rows.map { (minute: $0.minute, co2: $0.values["V4"] ?? 0) }
        // More than 400 lx are the room's lamps: no daylight of these days reaches that.
        let occupied = Set(rows.filter { $0.values["V3"] ?? 0 > 400 }.map(\.minute))
        for minute in stale {
            let recent = air.filter { (minute - 30..<minute).contains($0.minute) }
            #expect(!recent.isEmpty)
            #expect(recent.allSatisfy { $0.co2 > 1000 }, "\(minute): the air was good")
            // Air stays bad for some time after they have left.
            #expect(
                occupied.contains { (minute - 120..<minute).contains($0) },
                "\(minute): nobody was there")
        }
        // What lasts for an hour is told, within the hour, unless it was in the last two hours.
        for start in air.filter({ $0.co2 > 1000 }).map(\.minute) {
            let hour = air.filter { (start..<start + 60).contains($0.minute) }
            guard hour.count >= 3, hour.allSatisfy({ $0.co2 > 1000 }) else { continue }
            #expect(
                stale.contains { (start - 120...start + 60).contains($0) },
                "\(start): nothing was told")
        }
        let aired = found.filter { $0.name == "air_aired" }.map(\.minute)
        for minute in aired {
            let (before, now) = (minute - 360..<minute, minute - 15..<minute)
            #expect(air.contains { before.contains($0.minute) && $0.co2 > 1000 })
            #expect(air.contains { now.contains($0.minute) && $0.co2 < 700 })
        }
        // Each day with bad air ends with good air.
        let days = Set(stale.map { $0 / 1440 })
        #expect(Set(aired.map { $0 / 1440 }) == days)
        #expect(days.allSatisfy { ![6, 7].contains(Self.weekday($0)) }, "nobody is there then")
        // The temperature is unlike that of the day before when heating begins after a weekend, and
        // on no other day.
        let unusual = found.filter { $0.name == "unusual_temperature" }.map(\.minute)
        #expect(unusual.allSatisfy { Self.weekday($0 / 1440) == 1 })
        #expect(unusual.isEmpty == !rows.contains { Self.weekday($0.minute / 1440) == 1 })
    }

    /// 1 is Monday; the epoch was a Thursday.
    private static func weekday(_ day: Int) -> Int { (day + 3) % 7 + 1 }

    @Test(
        "a year of normal weather alarms nobody; SenML in Fahrenheit is understood",
        arguments: directories)
    func seattle(_ directory: String) throws {
        let rows = try rows(directory + "/seattle-temps.csv")
        let scratch = try Scratch()
        let records = rows.enumerated().map { index, row in
            let base = index == 0 ? "\"bn\":\"room-01/\",\"bu\":\"degF\"," : ""
            return "{\(base)\"n\":\"temperature\",\"t\":\(row.minute * 60),"
                + "\"v\":\(row.values["temp"] ?? 0)}"
        }
        let file = try scratch.write("in.senml", "[" + records.joined(separator: ",\n") + "]")
        let found = try findings(
            "etc/examples/environmental_monitoring.yaml", ["--input", file])
        // Silence is told at its hole in March, where clocks go forward, and at the end.
        let gaps = zip(rows, rows.dropFirst()).filter { $1.minute - $0.minute >= 120 }
        #expect(found.map(\.name) == Array(repeating: "sensor_silent", count: gaps.count + 1))
        let warm = try Program.iotflow.run([
            "eval", "temperature > 10 degC", "--select", "--events", file, "--format", "csv",
        ])
        let expected = rows.count { ($0.values["temp"] ?? 0) > 50 }
        #expect(warm.output.split(separator: "\n").count == expected + 1)
    }

    @Test(
        "a closed pipe is told within the hour, a silent meter too, and nothing else",
        arguments: directories)
    func waterFlow(_ directory: String) throws {
        let path = directory + "/water-flow.csv"
        let rows = try rows(path)
        let found = try findings(
            "Tests/ProgramTests/Fixtures/water_flow.yaml",
            [
                "--input", path, "--device", "branch", "--time-column", "Time",
                "--column", "Water flow [l/s]=flow",
            ])
        let flow = rows.compactMap { row in
            row.values["Water flow [l/s]"].map { (minute: row.minute, value: $0) }
        }
        // Less than 60 of the usual 100 l/s: an hour of it, and the hours around, are one closure.
        var closures: [ClosedRange<Int>] = []
        for hour in flow where hour.value < 60 {
            if let last = closures.last, hour.minute - last.upperBound <= 360 {
                closures[closures.count - 1] = last.lowerBound...hour.minute
            } else {
                closures.append(hour.minute...hour.minute)
            }
        }
        #expect(!closures.isEmpty)
        let low = found.filter { $0.name == "low_flow" }.map(\.minute)
        for closure in closures {
            // It begins some hours before, with less than usual.
            let slack = closure.lowerBound - 240...closure.lowerBound + 60
            #expect(low.contains { slack.contains($0) }, "\(closure): nothing was told")
        }
        #expect(
            low.allSatisfy { minute in
                closures.contains { $0.lowerBound - 240 <= minute && minute <= $0.upperBound }
            })
        let silent = found.filter { $0.name == "meter_silent" }.map(\.minute)
        let gaps = zip(flow, flow.dropFirst()).filter { $1.minute - $0.minute >= 120 }
        #expect(silent == gaps.map { $0.0.minute + 120 } + [try #require(flow.last).minute + 120])
        // A third more than any of the other hours of its day would be a burst; 6 l/s are told.
        for minute in found.filter({ $0.name == "high_flow" }).map(\.minute) {
            let value = try #require(flow.first { $0.minute == minute }).value
            let before = flow.filter { (minute - 2880..<minute).contains($0.minute) }.map(\.value)
            #expect(value > before.sorted()[before.count / 2] + 6)
        }
    }
}
