import Foundation
import Testing
import Wire

@Suite("Positions on their way through the gateway")
struct PositionProgramTests {
    private static let model = """
        {place: {type: position, lwm2m: /6/0}, t: {type: float, lwm2m: /3303/0/5700}}
        """

    @Test("as map, point, text, SenML in lat and lon, and the resources of LwM2M")
    func forms() throws {
        let scratch = try Scratch()
        let site = siteText(data: scratch.path, model: Self.model)
        let file = try scratch.write("site.yaml", site)
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        let named = ["telemetry", "room-1"]
        let addressed = named + ["place"]
        let forms: [([String], String, UInt8, String)] = [
            (addressed, #"{"lat":1.5,"lon":2}"#, 50, #"{"lat":1.5,"lon":2.0}"#),
            (addressed, "[3,4,5.5]", 50, #"{"lat":4.0,"lon":3.0,"alt":5.5}"#),
            (addressed, "5,6", 0, #"{"lat":5.0,"lon":6.0}"#),
            (named, #"{"place":{"lat":7,"lon":8}}"#, 50, #"{"lat":7.0,"lon":8.0}"#),
            (
                named,
                #"[{"n":"place","u":"lat","v":9},{"n":"place","u":"lon","v":10},"#
                    + #"{"n":"t","v":3}]"#, 110, #"{"lat":9.0,"lon":10.0}"#
            ),
            (
                named,
                #"[{"bn":"6/0/","n":"0","v":11},{"n":"1","v":12},{"n":"2","v":13}]"#, 110,
                #"{"lat":11.0,"lon":12.0,"alt":13.0}"#
            ),
            (
                named,
                #"[{"n":"place","u":"lat","v":1},{"n":"place","u":"lon","v":2},"#
                    + #"{"n":"place","u":"lat","v":13},{"n":"place","u":"lon","v":14}]"#, 110,
                #"{"lat":13.0,"lon":14.0}"#
            ),
        ]
        for (index, (path, payload, format, shown)) in forms.enumerated() {
            let id = UInt16(index + 1)
            #expect(try daemon.post(path, payload, id: id, format: format) == 0x44, "\(payload)")
            let twin = try Program.iotflow.run([
                "twin", "get", "room-1", "--data", daemon.data, "--json",
            ])
            let value = twin.json?["reported"]?["place"]?["value"]
            #expect(value.map { String(decoding: $0.json, as: UTF8.self) } == shown, "\(payload)")
        }
        let bound = #"[{"n":"3303/0/5700","v":21.5}]"#
        #expect(try daemon.post(named, bound, id: 50, format: 110) == 0x44)
        let twin = try Program.iotflow.run([
            "twin", "get", "room-1", "--data", daemon.data, "--json",
        ])
        #expect(twin.json?["reported"]?["t"]?["value"] == .number(21.5))
        // 4.22 for what is no place or no position, 4.04 for a path that nothing is bound to.
        let refused: [(String, UInt8, UInt8)] = [
            (#"[{"n":"place","u":"lat","v":9}]"#, 110, 0x96),
            (#"[{"n":"place","u":"lat","v":91},{"n":"place","u":"lon","v":0}]"#, 110, 0x96),
            (#"[{"n":"place","u":"Cel","v":9}]"#, 110, 0x96),
            (#"{"place":true}"#, 50, 0x96), (#"[{"n":"3304/0/5700","v":1}]"#, 110, 0x84),
        ]
        for (index, (payload, format, code)) in refused.enumerated() {
            let id = UInt16(index + 100)
            #expect(try daemon.post(named, payload, id: id, format: format) == code, "\(payload)")
        }
        #expect(daemon.stop() == 0)
    }
}
