import Foundation
import Testing
import Wire

@Suite("Twins over CoAP", .serialized)
struct TwinOverCoAPTests {
    private static let (get, post, patch): (UInt8, UInt8, UInt8) = (1, 2, 6)
    private static let model =
        "{t: {type: float, unit: Cel, range: [-50, 100]}, "
        + "set: {type: float, unit: Cel, range: [5, 30], writable: true}}"

    /// A site with one room's device under way.
    private final class Stage {
        let scratch: Scratch
        let file: String
        var daemon: Daemon
        var device: Device

        init() throws {
            scratch = try Scratch()
            file = try scratch.write(
                "site.yaml", siteText(data: scratch.path, model: TwinOverCoAPTests.model))
            daemon = try Daemon(configuration: file, data: scratch.path + "/data")
            device = Device(of: daemon)
        }

        func status(_ path: String...) throws -> Document? {
            let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
            return path.reduce(status.json) { $0?[$1] }
        }
    }

    private func format(_ number: Int) -> (number: Int, value: [UInt8]) {
        (12, number > 255 ? [UInt8(number >> 8), UInt8(number & 255)] : [UInt8(number)])
    }

    private func report(_ device: Device, _ value: String) throws {
        #expect(
            try device.ask(Self.post, "telemetry/room-1/t", payload: value).codeText == "2.04")
    }

    @Test("a twin, a property and what is desired are read in four formats, and 2.03 is enough")
    func read() throws {
        let stage = try Stage()
        let device = stage.device
        try report(device, "21.5")
        let whole = try device.ask(Self.get, "twin/room-1")
        #expect(whole.json?["reported"]?["t"]?["value"] == .number(21.5))
        let etag = try #require(whole.etag)
        #expect(etag.count == 8)
        let valid = try device.ask(Self.get, "twin/room-1", [(4, etag)])
        #expect(valid.codeText == "2.03")
        #expect(valid.payload.isEmpty)
        let one = try device.ask(Self.get, "twin/room-1/t")
        #expect(one.json?["reported"]?["value"] == .number(21.5))
        #expect(one.etag?.count == 8)
        let pack = try device.ask(Self.get, "twin/room-1", [(17, [110])])
        guard case .array(let records)? = pack.json else {
            Issue.record("no pack: \(pack.text)")
            return
        }
        #expect(records.first?["bn"] == .text("room-1/"))
        #expect(records.first?["n"] == .text("t"))
        #expect(records.first?["u"] == .text("Cel"))
        #expect(records.first?["v"] == .number(21.5))
        let cbor = try device.ask(Self.get, "twin/room-1", [(17, [112])])
        #expect(cbor.codeText == "2.05" && cbor.option(12) == [112])
        #expect(try device.ask(Self.get, "twin/room-1", [(17, [40])]).codeText == "4.06")
        #expect(try device.ask(Self.get, "twin/room-1/nope").codeText == "4.04")
        #expect(try device.ask(Self.get, "twin/room-9").codeText == "4.04")
        #expect(try device.ask(Self.get, "twin/room-1/desired?since=x").codeText == "4.00")
        #expect(stage.daemon.stop() == 0)
    }

    @Test("a wish is patched, conditionally too; what does not fit is refused")
    func wish() throws {
        let stage = try Stage()
        let device = stage.device
        let path = "twin/room-1/desired"
        let empty = try device.ask(Self.get, path)
        let before = try #require(empty.etag)
        // If-None-Match holds while nothing is desired, If-Match of anything does not.
        let json = format(50)
        #expect(
            try device.ask(Self.patch, path, [(1, []), json], payload: #"{"set": 20}"#).codeText
                == "4.12")
        let made = try device.ask(Self.patch, path, [(5, []), json], payload: #"{"set": 20}"#)
        #expect(made.codeText == "2.04")
        let first = try #require(made.etag)
        #expect(first != before)
        #expect(try device.ask(Self.get, path).etag == first)
        let stale = try device.ask(
            Self.patch, path, [(1, before), json], payload: #"{"set": 21}"#)
        #expect(stale.codeText == "4.12")
        #expect(stale.etag == first)
        #expect(stale.json?["desired"]?["set"]?["value"] == .number(20))
        #expect(
            try device.ask(Self.patch, path, [(5, []), json], payload: #"{"set": 21}"#).codeText
                == "4.12")
        let etch = #"[{"bn": "room-1/", "n": "set", "v": 294.15, "u": "K"}]"#
        #expect(
            try device.ask(7, path, [(1, first), format(320)], payload: etch).codeText == "2.04")
        let now = try device.ask(Self.get, path)
        #expect(now.json?["desired"]?["set"]?["value"] == .number(21))
        #expect(try device.ask(Self.get, path + "?since=99").json?["desired"] == .map([]))

        for (payload, code) in [
            (#"{"set": "warm"}"#, "4.22"), (#"{"set": 31}"#, "4.22"), (#"{"t": 3}"#, "4.22"),
            (#"{"sat": 20}"#, "4.04"), ("[", "4.00"),
        ] {
            let answer = try device.ask(Self.patch, path, [json], payload: payload)
            #expect(answer.codeText == code, "\(payload)")
            #expect(!answer.text.isEmpty)
        }
        let watts = #"[{"n": "set", "v": 21, "u": "W"}]"#
        #expect(
            try device.ask(Self.patch, path, [format(320)], payload: watts).codeText == "4.22")
        #expect(
            try device.ask(Self.patch, path, [format(42)], payload: "x").codeText == "4.15")
        for query in ["?slot=17", "?for=soon"] {
            let answer = try device.ask(
                Self.patch, path + query, [json], payload: #"{"set": 20}"#)
            #expect(answer.codeText == "4.00")
        }
        #expect(
            try device.ask(Self.patch, path, [format(52)], payload: #"{"set": null}"#).codeText
                == "2.04")
        #expect(try device.ask(Self.get, path).json?["desired"] == .map([]))
        #expect(try stage.status("intake", "refused", "precondition_failed") == .integer(3))
        #expect(stage.daemon.stop() == 0)
    }

    @Test("the device patches what it reports")
    func reportByPatch() throws {
        let stage = try Stage()
        let device = stage.device
        let path = "twin/room-1"
        #expect(
            try device.ask(Self.patch, path, [format(52)], payload: #"{"t": 20, "set": 19}"#)
                .codeText == "2.04")
        let twin = try device.ask(Self.get, path)
        #expect(twin.json?["reported"]?["set"]?["value"] == .number(19))
        let etag = try #require(twin.etag)
        #expect(
            try device.ask(7, path, [(1, etag), format(50)], payload: #"{"t": 22}"#).codeText
                == "2.04")
        #expect(
            try device.ask(7, path, [(1, etag), format(50)], payload: #"{"t": 23}"#).codeText
                == "4.12")
        #expect(
            try device.ask(7, path, [format(50)], payload: #"{"t": 101}"#).codeText == "4.22")
        #expect(try device.ask(3, path, [format(50)], payload: "{}").codeText == "4.05")
        #expect(stage.daemon.stop() == 0)
    }

    @Test("an observer is told of each change, until it resets or deregisters")
    func observe() throws {
        let stage = try Stage()
        let (device, observer) = (stage.device, Device(of: stage.daemon))
        try report(device, "20")
        let first = try observer.ask(Self.get, "twin/room-1/t", [(6, [])], token: 7)
        var sequence = try #require(first.sequence)
        for (value, number) in [("21", 21.0), ("22", 22), ("23", 23)] {
            try report(device, value)
            let told = try #require(observer.notification())
            #expect(told.token == [7])
            #expect(told.json?["reported"]?["value"] == .number(number))
            #expect(try #require(told.sequence) > sequence)
            sequence = told.sequence ?? 0
        }
        // The same value again is no change, and another property is another resource.
        try report(device, "23")
        #expect(
            try device.ask(
                Self.patch, "twin/room-1/desired", [format(50)],
                payload: #"{"set": 20}"#
            ).codeText == "2.04")
        try report(device, "24")
        let told = try #require(observer.notification())
        #expect(told.json?["reported"]?["value"] == .number(24))
        #expect(try stage.status("coap", "observers", "notifications") == .integer(4))
        observer.reset(told)
        // The reset makes the gateway ask with one that must be acknowledged, and its reset counts.
        observer.resets = true
        for number in 0..<200 {
            try report(device, "\(25 + number % 2)")
            _ = observer.notification(within: 0.05)
            if try stage.status("coap", "observers", "relations") == .integer(0) { break }
        }
        #expect(try stage.status("coap", "observers", "reset") == .integer(1))
        observer.resets = false
        #expect(try observer.ask(Self.get, "twin/room-2", [(6, [])], token: 8).sequence != nil)
        #expect(try observer.ask(Self.get, "twin/room-2", [(6, [1])], token: 8).sequence == nil)
        #expect(try stage.status("coap", "observers", "relations") == .integer(0))
        #expect(try stage.status("coap", "observers", "cancelled") == .integer(1))
        #expect(stage.daemon.stop() == 0)
    }

    @Test("an address that answers no ping is told nothing")
    func forged() throws {
        let stage = try Stage()
        let (device, victim) = (stage.device, Device(of: stage.daemon))
        victim.isThere = false
        _ = try victim.ask(Self.get, "twin/room-1", [(6, [])], token: 7)
        try report(device, "21")
        try report(device, "22")
        #expect(try stage.status("coap", "observers", "notifications") == .integer(0))
        #expect(try stage.status("coap", "observers", "coalesced") == .integer(1))
        #expect(stage.daemon.stop() == 0)
    }
}
