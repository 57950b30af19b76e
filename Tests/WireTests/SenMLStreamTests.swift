import Model
import Testing
import Wire

@Suite("SenML record by record")
struct SenMLStreamTests {
    /// Every record as `name=value unit @time`, mistakes as their words; fed in pieces of `size`.
    private func read(_ input: [UInt8], isCBOR: Bool, size: Int) -> [String] {
        var stream = SenMLStream(isCBOR: isCBOR)
        var lines: [String] = []
        var held: [UInt8] = []
        var fed = 0
        while true {
            let next = min(input.count, fed + size)
            held += input[fed..<next]
            fed = next
            var offset = 0
            var isMore = true
            while isMore {
                do throws(WireError) {
                    isMore = try stream.next(
                        held.span, at: &offset, isLast: fed == input.count)
                    if isMore { lines += stream.pack.records.map { text($0, stream.pack) } }
                } catch {
                    lines.append(stream.isBroken ? "broken" : "wrong")
                    isMore = !stream.isBroken
                }
            }
            if stream.isBroken || fed == input.count { return lines }
            held.removeFirst(offset)
        }
    }

    private func text(_ record: TelemetryPack.Record, _ pack: TelemetryPack) -> String {
        let unit = pack.unit(of: record).map { " \($0.symbol)" } ?? ""
        let time =
            switch record.time {
            case .none: ""
            case .absolute(let instant): " @\(instant.milliseconds / 1000)"
            case .relative(let span): " @+\(span.count / 1000)"
            }
        return pack.name(of: record) + "=" + (record.value.map { "\($0)" } ?? "?") + unit + time
    }

    private func sizes(_ input: [UInt8]) -> [Int] { [1, 2, 3, 7, 16, input.count] }

    @Test("base fields hold within a pack, and end with it; packs follow each other")
    func packs() {
        let input = Array(
            """
            [{"bn":"room-1/","bt":1700000000,"bu":"Cel","bv":20,"n":"t","v":1.5},
             {"n":"t","t":10,"v":2}, {"bn":"room-2/"}, {"n":"h","u":"%RH","t":20,"v":30,"bv":0}]

            [{"n":"x","vs":"a } \\" [ b","t":-5},{"n":"y","vb":true,"t":1700000001}][]
            """.utf8)
        let expected = [
            "room-1/t=21.5 Cel @1700000000", "room-1/t=22 Cel @1700000010",
            "room-2/h=30 %RH @1700000020", "x=a } \" [ b @+-5", "y=true @1700000001",
        ]
        for size in sizes(input) {
            #expect(read(input, isCBOR: false, size: size) == expected, "\(size)")
        }
    }

    @Test("a record that is wrong is left out, and the next is read")
    func wrongRecord() {
        let input = Array(
            #"[{"bn":"a/","n":"t","v":1},{"n":"t","v":tru},{"n":"t"},{"n":"t","v":2}]"#.utf8)
        for size in sizes(input) {
            let lines = read(input, isCBOR: false, size: size)
            #expect(lines == ["a/t=1", "wrong", "wrong", "a/t=2"], "\(size)")
        }
    }

    @Test(
        "what cannot be told apart ends the stream",
        arguments: [
            (#"[{"n":"t","v":1}"#, ["t=1", "broken"]), (#"[{"n":"t","v":1"#, ["broken"]),
            (#"{"n":"t","v":1}"#, ["broken"]), (#"[{"n":"t","v":1}]]"#, ["t=1", "broken"]),
            ("[1]", ["broken"]), ("", []), ("[]", []), ("  ", []),
        ])
    func broken(_ text: String, _ lines: [String]) {
        let input = Array(text.utf8)
        for size in [1, 4, max(1, input.count)] {
            #expect(read(input, isCBOR: false, size: size) == lines, "\(text) \(size)")
        }
    }

    /// `[{-2: "r/", -3: 1700000000, 0: "t", 2: 1.5}, {0: "t", 6: 10, 2: 2}]` behind its head.
    private func pack(_ head: [UInt8], _ end: [UInt8] = []) -> [UInt8] {
        head + [0xa4, 0x21, 0x62, 0x72, 0x2f, 0x22, 0x1a, 0x65, 0x53, 0xf1, 0x00, 0x00, 0x61, 0x74]
            + [0x02, 0xf9, 0x3e, 0x00] + [0xa3, 0x00, 0x61, 0x74, 0x06, 0x0a, 0x02, 0x02] + end
    }

    @Test("CBOR: packs of known and of unknown length")
    func cbor() {
        let input = pack([0x82]) + pack([0x9f], [0xff]) + [0x80]
        let one = ["r/t=1.5 @1700000000", "r/t=2 @1700000010"]
        for size in sizes(input) {
            #expect(read(input, isCBOR: true, size: size) == one + one, "\(size)")
        }
        for cut in 1..<pack([0x82]).count {
            let lines = read(Array(pack([0x82]).prefix(cut)), isCBOR: true, size: 5)
            #expect(lines.last == "broken", "\(cut)")
        }
    }

    @Test("lengths that nobody could send cost nothing")
    func claims() {
        let text = [0x81, 0xa1, 0x00, 0x7b] + [UInt8](repeating: 0xff, count: 8)
        #expect(read(text, isCBOR: true, size: 3) == ["broken"])
        let array = [0x9b] + [UInt8](repeating: 0xff, count: 8) + pack([])
        #expect(read(array, isCBOR: true, size: 100).last == "broken")
        #expect(read(array, isCBOR: true, size: 100).count == 3)
    }

    @Test("any bytes end, and none traps")
    func anything() {
        var state: UInt64 = 0x5eed
        for _ in 0..<2000 {
            var input: [UInt8] = Bool.random() ? [0x9f] : Array("[{".utf8)
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                input.append(UInt8(truncatingIfNeeded: state >> 56))
            }
            _ = read(input, isCBOR: input[0] == 0x9f, size: 9)
        }
    }
}
