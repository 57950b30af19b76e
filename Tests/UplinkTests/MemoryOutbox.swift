import Foundation
import Model
import Synchronization
import Testing
import Uplink

/// An outbox in memory whose stored bytes are the JSON themselves.
final class MemoryOutbox: Sendable {
    private struct State {
        var records: [OutboxRecord.Kind: [Delivery.StoredRecord]] = [:]
        var cursors: [String: [OutboxRecord.Kind: UInt64]] = [:]
        var next: UInt64 = 1
    }

    private let state = Mutex(State())

    /// Adds `count` records to a lane; their ids are their sequences.
    func add(_ count: Int, to lane: OutboxRecord.Kind) {
        state.withLock { state in
            for _ in 0..<count {
                let json = #"{"id":\#(state.next),"lane":"\#(lane)"}"#
                state.records[lane, default: []].append((state.next, Array(json.utf8)))
                state.next += 1
            }
        }
    }

    /// The sequences of a lane in order.
    func sequences(_ lane: OutboxRecord.Kind) -> [UInt64] {
        state.withLock { $0.records[lane]?.map(\.sequence) ?? [] }
    }

    func cursor(_ sink: String, _ lane: OutboxRecord.Kind) -> UInt64 {
        state.withLock { $0.cursors[sink]?[lane] ?? 0 }
    }

    func cursors(_ sink: String) -> [Delivery.Advance] {
        state.withLock { state in
            state.cursors[sink]?.map { Delivery.Advance(lane: $0.key, sequence: $0.value) } ?? []
        }
    }

    /// True when `sink` has everything.
    func isDelivered(to sink: String) -> Bool {
        state.withLock { state in
            state.records.allSatisfy { lane, records in
                state.cursors[sink]?[lane] == records.last?.sequence
            }
        }
    }

    var closures: Outbox {
        Outbox(
            read: { lane, after, maxRecords, maxBytes in
                self.state.withLock { state in
                    let all = state.records[lane] ?? []
                    let first = all.firstIndex { $0.sequence > after } ?? all.endIndex
                    var bytes = 0
                    var found: [Delivery.StoredRecord] = []
                    for record in all[first...].prefix(maxRecords) {
                        bytes += record.bytes.count
                        if bytes > maxBytes, !found.isEmpty { break }
                        found.append(record)
                    }
                    return found
                }
            },
            acknowledge: { sink, lane, sequence in
                self.state.withLock { state in
                    let before = state.cursors[sink]?[lane] ?? 0
                    #expect(sequence > before, "cursors only grow")
                    state.cursors[sink, default: [:]][lane] = sequence
                }
            },
            encode: { $0 })
    }
}

/// Runs an uplink on the test's thread with the real clock, until something holds.
struct Pump {
    let uplink: Uplink

    var now: Instant {
        Instant(milliseconds: Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000))
    }

    /// True as soon as `condition` holds, false after `seconds`.
    func run(seconds: Int64 = 20, until condition: () -> Bool) -> Bool {
        let end = now + .seconds(seconds)
        while now < end {
            uplink.recordsAdded(at: now)
            let hasMore = uplink.pass(at: now)
            if condition() { return true }
            if !hasMore { uplink.wait(from: now, limit: now + Milliseconds(20)) }
        }
        return false
    }

    var status: SinkStatus? { uplink.status(at: now).first }
}

/// A directory that is gone after the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "uplink-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}
