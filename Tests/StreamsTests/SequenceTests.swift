import Language
import Model
import Testing

@testable import Streams

@Suite("Events with numbers")
struct SequenceTests {
    private func story(
        lateness: String = "5s", _ change: (inout StreamDefinition) -> Void = { _ in }
    ) -> Story {
        var definition = stream([("p", "t > -1000 or t < 1000")])
        definition.sources = [
            source(
                topic: "telemetry/+", mapping: [("id", "topic[1]"), ("t", "payload.t")],
                lateness: lateness)
        ]
        definition.sources[0].sequence = Located("payload.n")
        definition.processing = [
            .derive(name: Located("last"), expression: Located("previous(t)"))
        ]
        change(&definition)
        return Story([definition])
    }

    /// Plays lines of `time device value number [now]`, each a datagram and a turn; behind `|` what
    /// comes out. Once more with a restart behind each line.
    private func play(_ story: Story, _ script: String) throws -> Story {
        #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
        var end = story
        for restarts in [true, false] {
            var story = story
            for line in script.split(separator: "\n") {
                let halves = line.split(separator: "|", omittingEmptySubsequences: false)
                let words = halves[0].split(separator: " ").map(String.init)
                let now = seconds(words.count > 4 ? words[4] : words[0])
                var outputs: [StreamOutput] = []
                story.accept(story.reading(words[0], words[1], words[2]), at: now, into: &outputs)
                if words[3] != "-" {
                    story.accept(
                        story.reading(words[0], words[1], "+n=\(words[3])i"), at: now,
                        into: &outputs)
                }
                story.processor.advance(to: now, registry: story.registry, into: &outputs)
                let expected = halves[1].split(separator: ";").map {
                    String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
                }
                #expect(outputs.map { text($0) } == expected.filter { !$0.isEmpty }, "\(line)")
                if restarts { try story.restart() }
            }
            end = story
        }
        return end
    }

    @Test("an event that comes twice counts once, however late, and is not late")
    func twice() throws {
        let story = try play(
            story {
                $0.publishesLate = true
            },
            """
            1  a 5 1    |
            1  a 5 1    |
            1  b 7 1    |
            2  a 6 2    |
            1  a 5 1 2  |
            20 c 0 1    | p b 1-1 id=b t=7.0 last=?; p a 1-1 id=a t=5.0 last=?; \
            p a 2-2 id=a t=6.0 last=5.0
            2  a 6 2 20 |
            3  a 6 3 20 | late 3 id=a t=6.0 last=?
            3  a 6 3 20 |
            """)
        #expect(story.counters.duplicates == 4)
        #expect(story.counters.late == 1)
        #expect(story.counters.accepted == 4)
    }

    @Test("events of one device and time are in the order of their numbers")
    func ties() throws {
        _ = try play(
            story(),
            """
            1  a 7 3 |
            1  a 5 1 |
            1  a 6 2 |
            1  a 4 - |
            20 c 0 1 | p a 1-1 id=a t=4.0 last=?; p a 1-1 id=a t=5.0 last=4.0; \
            p a 1-1 id=a t=6.0 last=5.0; p a 1-1 id=a t=7.0 last=6.0
            """)
    }

    @Test("the first and the last of a window go by them as well")
    func firstAndLast() throws {
        _ = try play(
            story {
                $0.patterns = []
                $0.window = WindowDefinition(size: .seconds(10))
                $0.processing = [
                    .aggregate(
                        by: [Located("id")],
                        functions: ["first", "last", "count"].map {
                            AggregateDefinition(
                                name: Located($0), function: Located($0), field: Located("t"))
                        })
                ]
            },
            """
            1  a 7 3 |
            1  a 5 1 |
            1  a 6 2 |
            1  a 5 1 |
            20 c 0 1 | [0,10) a first=5.0 last=7.0 count=3
            """)
    }

    @Test("an event without a number always counts")
    func without() throws {
        let story = try play(
            story(lateness: "0s"),
            """
            1 a 5 - |
            1 a 5 - |
            2 a 5 1 | p a 1-1 id=a t=5.0 last=?; p a 1-1 id=a t=5.0 last=5.0
            """)
        #expect(story.counters.duplicates == 0)
    }

    @Test("a device that counts anew is believed, and what it sent before still known")
    func anew() throws {
        let story = try play(
            story(),
            """
            1  a 1 5000   |
            2  a 2 5001   |
            4  a 4 1 4    |
            5  a 5 2 5    |
            3  a 3 5002 5 |
            2  a 2 5001 5 |
            4  a 4 1 5    |
            20 c 0 1      | p a 1-1 id=a t=1.0 last=?; p a 2-2 id=a t=2.0 last=1.0; \
            p a 3-3 id=a t=3.0 last=2.0; p a 4-4 id=a t=4.0 last=3.0; \
            p a 5-5 id=a t=5.0 last=4.0
            """)
        #expect(story.counters.duplicates == 2)
    }

    @Test("in a stream of several sources each event counts once in each")
    func sources() throws {
        _ = try play(
            story(lateness: "0s") { $0.sources.append($0.sources[0]) },
            """
            1 a 5 1 |
            1 a 5 1 |
            2 a 6 2 | p a 1-1 id=a t=5.0 last=?; p a 1-1 id=a t=5.0 last=5.0
            """)
    }

    // MARK: The table

    private let device = Device(index: 7)

    @Test(
        "numbers, one after the other",
        arguments: [
            ("1 2 3", "nnn"), ("1 1 2 1 2", "nrnrr"), ("3 1 2 1 3", "nnnrr"),
            // As far back as is remembered.
            ("2000 977 977", "nnr"), ("2000 976", "nr"), ("2000 976 977", "nrn"),
            // Numbers passed over are not taken.
            ("1 1025 2 1 1025", "nnnrr"), ("1 1024 1 2", "nnrn"), ("5 99999 5 99998", "nnrn"),
            ("0 -1 -1 0", "nnrr"),
            ("9223372036854775807 -9223372036854775807 9223372036854775807", "nrr"),
            ("-9223372036854775807 9223372036854775807 -9223372036854775807", "nnr"),
        ])
    func numbers(_ numbers: String, _ verdicts: String) {
        var table = SequenceTable(limit: 1)
        let heard = numbers.split(separator: " ").map { number in
            let verdict = table.take(
                Int64(number) ?? 0, of: device, source: 0, at: Instant(milliseconds: 5))
            return verdict == .new ? "n" : "r"
        }
        #expect(heard.joined() == verdicts)
    }

    @Test(
        "a fall of 64 or more, on an event newer than all before, begins anew",
        arguments: [
            ("100@1 36@2 36@2", "nnr"), ("100@1 37@2 37@3", "nnr"), ("65@1 1@2 1@3", "nnr"),
            ("100@1 36@1", "nn"), ("2000@5 5@5", "nr"), ("2000@5 5@6", "nn"),
            // Those of before are told from those of after by their time and number.
            ("2000@5 1@6 2001@5 2000@5 1@6", "nnnrr"), ("1@6 2000@5 2@7 2000@5 1@6", "nnnrr"),
            // A second time.
            ("2000@1 1@2 900@3 2@4 900@3 1@2 3@5 2@4", "nnnnrrnr"),
        ])
    func anew(_ events: String, _ verdicts: String) {
        var table = SequenceTable(limit: 1)
        let heard = events.split(separator: " ").map { event in
            let parts = event.split(separator: "@").map { Int64($0) ?? 0 }
            let verdict = table.take(
                parts[0], of: device, source: 0, at: Instant(milliseconds: parts[1]))
            return verdict == .new ? "n" : "r"
        }
        #expect(heard.joined() == verdicts)
    }

    @Test("as a set of the last numbers would")
    func likeSet() {
        let seed = UInt64.random(in: 0 ... .max)
        print("events with numbers: seed \(seed)")
        var random = SplitMix64(state: seed)
        var table = SequenceTable(limit: 1)
        var taken: Set<Int64> = [0]
        var greatest: Int64 = 0
        _ = table.take(0, of: device, source: 0, at: Instant(milliseconds: 1))
        for _ in 0..<20_000 {
            let number = greatest + Int64.random(in: -1100...3, using: &random)
            let isNew = number > greatest - 1024 && taken.insert(number).inserted
            greatest = max(greatest, number)
            let verdict = table.take(
                number, of: device, source: 0, at: Instant(milliseconds: 1))
            #expect(verdict == (isNew ? .new : .repeated), "seed \(seed): \(number)")
        }
    }

    @Test("of more devices than there may be, nothing is taken")
    func bounded() {
        var table = SequenceTable(limit: 2)
        func take(_ device: UInt32, _ source: Int) -> SequenceTable.Verdict {
            table.take(
                1, of: Device(index: device), source: source, at: Instant(milliseconds: 1))
        }
        #expect(take(1, 0) == .new)
        #expect(take(1, 1) == .new)
        #expect(take(2, 0) == .tooManyDevices)
        #expect(take(1, 0) == .repeated)
    }

    @Test("damaged bytes are refused, and never trap")
    func damaged() {
        var table = SequenceTable(limit: 9)
        for number in [Int64](1...9) + [5000, 5001] {
            for device in 0..<3 {
                _ = table.take(
                    number * 2, of: Device(index: UInt32(device)), source: 1,
                    at: Instant(milliseconds: number))
            }
        }
        var writer = ByteWriter()
        table.write(into: &writer)
        var random = SplitMix64(state: 11)
        for _ in 0..<2000 {
            var bytes = writer.bytes
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                1 << UInt8.random(in: 0...7, using: &random)
            var reader = ByteReader(bytes)
            var copy = SequenceTable(limit: 9)
            do throws(RecordError) {
                try copy.restore(from: &reader, sources: 2)
            } catch { continue }
            _ = copy.take(7, of: Device(index: 1), source: 1, at: Instant(milliseconds: 99))
        }
    }

    // MARK: Mistakes

    @Test(
        "a number must be there",
        arguments: [
            ("telemetry/+/t", "payload.n", "E0203"), ("telemetry/+", "topic[1]", "E0203"),
            ("telemetry/+", "payload", "E0203"), ("telemetry/+", "payload.seq", "E0211"),
        ])
    func refused(topic: String, path: String, code: String) {
        var definition = stream()
        definition.sources = [source(topic: topic, mapping: [("id", "topic[1]")])]
        definition.sources[0].sequence = Located(path)
        #expect(Story([definition]).diagnostics.map(\.code) == [code])
    }

    @Test("memory counts them by device")
    func memory() {
        let with = story()
        let without = story { $0.sources[0].sequence = nil }
        let bytes = [with, without].map {
            $0.processor.memoryBounds(registry: $0.registry).totalBytes
        }
        #expect(bytes[0] > bytes[1] + 4 * 256)
    }
}
