import Model
import Testing
import Uplink

/// A lane of records 1...n, read as an outbox would.
private func records(after: UInt64, through last: UInt64, max: Int) -> [Delivery.StoredRecord] {
    guard after < last else { return [] }
    return (after + 1...last).prefix(max).map { ($0, Array("\($0)".utf8)) }
}

private let start = Instant(milliseconds: 1_000_000)

private func open(_ settings: DeliverySettings, cursors: [Delivery.Advance] = []) -> Delivery {
    var delivery = Delivery(settings, cursors: cursors)
    delivery.opening()
    delivery.opened(at: start)
    return delivery
}

extension Delivery {
    /// Reads and takes until nothing is left to do; returns what was sent.
    fileprivate mutating func send(
        _ last: [OutboxRecord.Kind: UInt64], encode: ([UInt8]) -> [UInt8]? = { $0 }
    ) -> [Message] {
        var sent: [Message] = []
        while let read = nextRead(at: start) {
            let found = records(
                after: read.after, through: last[read.lane] ?? 0, max: read.maxRecords)
            sent += take(found, for: read, encode: encode).messages
        }
        return sent
    }
}

private func text(_ messages: [Message]) -> [String] {
    messages.map { message in
        "\(message.lane) "
            + message.objects.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
    }
}

@Suite struct DeliveryTests {
    @Test func nothingIsReadBeforeTheSinkIsOpen() {
        var delivery = Delivery(DeliverySettings())
        #expect(delivery.nextRead(at: start) == nil)
        #expect(delivery.shouldOpen(at: start))
        delivery.opening()
        #expect(!delivery.shouldOpen(at: start))
        #expect(delivery.nextRead(at: start) == nil)
        delivery.opened(at: start)
        #expect(delivery.nextRead(at: start)?.lane == .match)
    }

    @Test func urgentLanesGoFirst() {
        var delivery = open(DeliverySettings(window: 10))
        let sent = delivery.send([.aggregate: 2, .command: 1, .match: 1])
        #expect(text(sent) == ["match 1", "command 1", "aggregate 1", "aggregate 2"])
    }

    @Test func readingStartsBehindTheStoredCursor() {
        var delivery = open(
            DeliverySettings(), cursors: [Delivery.Advance(lane: .command, sequence: 7)])
        #expect(text(delivery.send([.command: 9])) == ["command 8", "command 9"])
    }

    @Test func theWindowIsNeverExceededAndReopensByAcknowledgements() {
        var delivery = open(DeliverySettings(window: 3))
        let first = delivery.send([.match: 5])
        #expect(text(first) == ["match 1", "match 2", "match 3"])
        #expect(delivery.inFlight == 3)
        #expect(
            delivery.acknowledged(first[0].number) == Delivery.Advance(lane: .match, sequence: 1))
        #expect(text(delivery.send([.match: 5])) == ["match 4"])
    }

    @Test func theCursorMovesOverTheUnbrokenRunOnly() {
        var delivery = open(DeliverySettings(window: 3))
        let sent = delivery.send([.match: 3])
        #expect(delivery.acknowledged(sent[2].number) == nil)
        #expect(delivery.acknowledged(sent[1].number) == nil)
        #expect(delivery.cursor(.match) == 0)
        #expect(
            delivery.acknowledged(sent[0].number) == Delivery.Advance(lane: .match, sequence: 3))
        #expect(delivery.acknowledgedRecords == 3)
    }

    @Test func aSecondAcknowledgementOfAMessageChangesNothing() {
        var delivery = open(DeliverySettings(window: 2))
        let sent = delivery.send([.match: 2])
        #expect(delivery.acknowledged(sent[0].number)?.sequence == 1)
        #expect(delivery.acknowledged(sent[0].number) == nil)
        #expect(delivery.cursor(.match) == 1)
        #expect(delivery.acknowledgedRecords == 1)
    }

    @Test func afterAFailureTheLaneResumesBehindTheCursor() {
        var delivery = open(DeliverySettings(window: 4))
        let sent = delivery.send([.match: 4])
        _ = delivery.acknowledged(sent[0].number)
        _ = delivery.acknowledged(sent[2].number)
        delivery.failed(.connectionLost(reason: "gone"), at: start, random: 0)
        #expect(delivery.nextRead(at: start) == nil)
        #expect(delivery.lastError == .connectionLost(reason: "gone"))
        #expect(delivery.acknowledged(sent[1].number) == nil, "an answer from before the failure")
        delivery.opening()
        delivery.opened(at: start)
        #expect(text(delivery.send([.match: 4])) == ["match 2", "match 3", "match 4"])
    }

    @Test func anEmptyLaneIsReadAgainOnlyWhenRecordsWereAdded() {
        var delivery = open(DeliverySettings())
        #expect(delivery.send([:]).isEmpty)
        #expect(delivery.nextRead(at: start) == nil)
        delivery.recordsAdded(at: start)
        #expect(text(delivery.send([.aggregate: 1])) == ["aggregate 1"])
    }

    @Test func recordsWaitForCompanyButMatchesDoNot() {
        var delivery = open(DeliverySettings(batchRecords: 9, linger: .second))
        #expect(delivery.send([:]).isEmpty)
        delivery.recordsAdded(at: start)
        let later = start + Milliseconds(400)
        delivery.recordsAdded(at: later)
        #expect(text(delivery.send([.match: 1, .aggregate: 2])) == ["match 1"])
        #expect(delivery.nextRead(at: later) == nil)
        #expect(delivery.deadline(after: later) == start + .second)
        let read = delivery.nextRead(at: start + .second)
        #expect(read?.lane == .command)
    }

    @Test func batchesAreFilledInOrderAndBoundedByCountAndBytes() {
        var byCount = open(DeliverySettings(window: 9, batchRecords: 2))
        #expect(text(byCount.send([.match: 5])) == ["match 1,2", "match 3,4", "match 5"])
        var byBytes = open(DeliverySettings(window: 9, batchRecords: 9, batchBytes: 4))
        #expect(text(byBytes.send([.match: 5])) == ["match 1,2", "match 3,4", "match 5"])
        var small = open(DeliverySettings(window: 2, batchRecords: 9, batchBytes: 4))
        #expect(text(small.send([.match: 50])) == ["match 1,2", "match 3,4"])
        #expect(small.inFlight == 2)
    }

    @Test(arguments: [1, 2, 3])
    func unreadableRecordsAreSkippedAndCounted(batch: Int) {
        var delivery = open(DeliverySettings(window: 9, batchRecords: batch))
        let sent = delivery.send([.match: 4]) {
            $0 == Array("1".utf8) || $0 == Array("4".utf8) ? nil : $0
        }
        #expect(sent.flatMap(\.objects) == [Array("2".utf8), Array("3".utf8)])
        for message in sent { _ = delivery.acknowledged(message.number) }
        #expect(delivery.cursor(.match) == 4)
        #expect(delivery.unreadableRecords == 2)
        #expect(delivery.acknowledgedRecords == 2)
    }

    @Test func aLaneOfUnreadableRecordsAloneIsPassed() {
        var delivery = open(DeliverySettings())
        let read = Delivery.Read(lane: .match, after: 0, maxRecords: 9, maxBytes: 9)
        let taken = delivery.take(
            records(after: 0, through: 3, max: 9), for: read, encode: { _ in nil })
        #expect(taken.messages.isEmpty)
        #expect(taken.advance == Delivery.Advance(lane: .match, sequence: 3))
    }

    /// Random sends, acknowledgements and failures, against the rule that matters: the cursor never
    /// passes a record that was not acknowledged, and in the end everything is.
    @Test(arguments: 1...20)
    func nothingIsLostWhateverHappens(seed: Int) {
        var random = SplitMix64(state: UInt64(seed))
        var delivery = open(DeliverySettings(window: 1 + seed % 7, batchRecords: 1 + seed % 3))
        var under: [Message] = []
        var safe: [OutboxRecord.Kind: Set<String>] = [:]
        let last: [OutboxRecord.Kind: UInt64] = [.match: 30, .command: 50, .aggregate: 70]
        var now = start
        for _ in 0..<5000 {
            now = now + Milliseconds(10)
            switch random.next() % 8 {
            case 0...3: under += delivery.send(last)
            case 4...6:
                guard !under.isEmpty else { continue }
                let message = under.remove(at: Int(random.next() % UInt64(under.count)))
                safe[message.lane, default: []].formUnion(
                    message.objects.map { String(decoding: $0, as: UTF8.self) })
                if let advance = delivery.acknowledged(message.number) {
                    let expected = Set((1...advance.sequence).map(String.init))
                    #expect(safe[advance.lane]?.isSuperset(of: expected) == true, "seed \(seed)")
                }
            default:
                delivery.failed(.timedOut(waitingFor: "test"), at: now, random: random.next())
                under = []
                delivery.opening()
                delivery.opened(at: now)
            }
        }
        for (lane, sequence) in last { #expect(delivery.cursor(lane) == sequence, "seed \(seed)") }
    }
}

@Suite struct BackOffTests {
    @Test(arguments: [
        (1, 1000...2000), (2, 2000...4000), (3, 4000...8000), (6, 30_000...60_000),
        (1000, 30_000...60_000),
    ])
    func waitsDoubleUpToTheLimit(failures: Int, range: ClosedRange<Int64>) {
        var random = SplitMix64(state: 7)
        var waits: Set<Int64> = []
        for _ in 0..<1000 {
            waits.insert(BackOff().delay(failures: failures, random: random.next()).count)
        }
        #expect(waits.allSatisfy(range.contains))
        #expect(waits.count > 100, "jitter spreads")
    }

    @Test func theWaitEndsOnTime() {
        var delivery = open(DeliverySettings())
        delivery.failed(.timedOut(waitingFor: "CONNACK"), at: start, random: 0)
        #expect(delivery.deadline(after: start) == start + .second)
        #expect(!delivery.shouldOpen(at: start + Milliseconds(999)))
        #expect(delivery.shouldOpen(at: start + .second))
    }

    @Test func aSinkThatOpensAndDropsAtOnceIsNotHammered() {
        var delivery = open(DeliverySettings())
        for _ in 1...3 {
            delivery.failed(.connectionLost(reason: ""), at: start, random: 0)
            delivery.opening()
            delivery.opened(at: start)
        }
        delivery.failed(.connectionLost(reason: ""), at: start, random: 0)
        #expect(delivery.deadline(after: start) == start + .seconds(8))
    }

    @Test func anAcknowledgementOrALongConnectionForgetsOldFailures() {
        var delivery = open(DeliverySettings())
        for _ in 1...3 { delivery.failed(.connectionLost(reason: ""), at: start, random: 0) }
        delivery.opening()
        delivery.opened(at: start)
        let sent = delivery.send([.match: 1])
        _ = delivery.acknowledged(sent[0].number)
        delivery.failed(.connectionLost(reason: ""), at: start, random: 0)
        #expect(delivery.deadline(after: start) == start + .second)
        delivery.opening()
        delivery.opened(at: start)
        let later = start + .minute
        delivery.failed(.connectionLost(reason: ""), at: later, random: 0)
        #expect(delivery.deadline(after: start) == later + .second)
    }
}

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
