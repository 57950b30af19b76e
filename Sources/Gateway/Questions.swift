import CoAP
import Commands
import Config
import Engine
import Model
import Store
import Streams
import Twins
import Uplink
import Wire

/// What the CLI may ask: the words of its command line, answered in JSON.
extension Gateway {
    func reply(to words: [String]) -> [UInt8]? {
        switch words.first {
        case "twin" where words.count > 1 && words[1] != "get" && words[1] != "list",
            "command", "sequence":
            return request(words)
        case "status": return status.json
        case "twin": return engine.twinReply(to: words)
        case "history": return historyReply(to: words)
        default:
            return Document.failure("not a question: \(words.joined(separator: " "))").json
        }
    }

    private var status: Document {
        let now = turn.now
        return .map([
            .init("gateway", .text(name)),
            .init("epoch", .integer(Int64(clamping: store.epoch))),
            .init("time", .timestamp(now)),
            .init("clock_lag_ms", .integer(timeline.lag.count)),
            .init("listen", .array(endpoint.listeners.map { .text("coap://\($0)") })),
            .init("devices", .integer(Int64(engine.registry.devices.count))),
            .init("report", engine.report.document),
            .init("intake", intakeDocument),
            .init("streams", streamDocument),
            .init("commands", commandDocument),
            .init("twins", twinDocument),
            .init("coap", coapDocument),
            .init("store", storeDocument),
            .init("audit", store.auditDocument),
            .init("history", historyDocument),
            .init("uplinks", .array((uplink?.statuses ?? []).map(\.document))),
            .init("latency", latencies.document),
        ])
    }

    private var intakeDocument: Document {
        .counts([
            ("messages", counters.messages), ("readings", counters.readings),
            ("non_finite_values", counters.nonFiniteValues),
            ("suspect_clocks", counters.suspectClocks),
            ("turns_not_stored", counters.turnsNotStored),
            ("checkpoints_dropped", counters.checkpointsDropped),
            ("transmissions", counters.transmissions),
            ("replies_held", UInt64(held.count)),
        ]).adding(
            "refused",
            .counts(
                counters.refusals.sorted { $0.key.rawValue < $1.key.rawValue }
                    .map { ($0.key.rawValue, $0.value) }))
    }

    private var streamDocument: Document {
        .map(
            engine.streamCounters.streams.map { stream in
                .init(stream.name, .counts(stream.counts))
            })
    }

    private var commandDocument: Document {
        let counters = engine.commands.counters
        return .counts([
            ("started", counters.started), ("duplicates", counters.duplicates),
            ("coalesced", counters.coalesced), ("without_target", counters.targetless),
            ("refused", counters.refused), ("transmitted", counters.transmitted),
            ("succeeded", counters.succeeded), ("failed", counters.failed),
            ("indeterminate", counters.indeterminate), ("superseded", counters.superseded),
            ("requested", counters.requested), ("conflicts", counters.conflicts),
            ("probes", counters.probes), ("preempted", counters.preempted),
            ("cancelled", counters.cancelled), ("rejected", counters.rejected),
            ("expired", counters.expired), ("skipped", counters.skipped),
            ("compensated", counters.compensated),
            ("compensation_failed", counters.compensationFailed),
            ("late_results", counters.lateResults),
            ("unknown_responses", counters.unknownResponses),
            ("ignored_events", counters.ignoredEvents),
            ("keys_forgotten", counters.keysForgotten),
        ])
    }

    private var twinDocument: Document {
        let counters = engine.twins.counters
        return .counts([
            ("first", counters.first), ("changed", counters.changed),
            ("unchanged", counters.unchanged), ("duplicate", counters.duplicate),
            ("late", counters.late), ("refused", counters.refused),
            ("desired", counters.desired), ("outdated", counters.outdated),
            ("misfits", counters.misfits), ("stamps_too_new", counters.stampsTooNew),
            ("contested", counters.contested), ("refused_wishes", counters.refusedWishes),
            ("yielded", counters.yielded), ("reasserted", counters.reasserted),
            ("unknown_versions", counters.unknownVersions),
            ("ignored_events", counters.ignoredEvents),
            ("dropped_tombstones", counters.droppedTombstones),
            ("dropped_conflicts", counters.droppedConflicts),
            ("removed_by_model", counters.removedByModel), ("migrated", counters.migrated),
        ])
    }

    private var coapDocument: Document {
        let counters = endpoint.counters
        let library = LibraryLog.current
        return .counts([
            ("malformed", library.malformed), ("send_failures", library.sendFailures),
            ("resets", library.resets), ("pings", counters.pings),
            ("stray_responses", counters.strayResponses),
            ("requests", counters.requests), ("repeats_answered", counters.repeatsAnswered),
            ("repeats_swallowed", counters.repeatsSwallowed), ("busy", counters.busy),
            ("too_large", counters.tooLarge), ("deferred", counters.deferred),
            ("released", counters.released), ("release_failures", counters.releaseFailures),
            ("receive_drops", counters.receiveDrops),
            ("sessions_opened", counters.sessionsOpened),
            ("sessions_closed", counters.sessionsClosed),
            ("client_requests", counters.clientRequests),
            ("client_responses", counters.clientResponses),
            ("client_timeouts", counters.clientTimeouts),
            ("exchange_evictions", counters.exchangeEvictions),
            ("exchange_peer_evictions", counters.exchangePeerEvictions),
        ])
        .adding("observers", observerDocument)
        .adding("watchers", .integer(Int64(inquiry.watchers.count)))
        .adding("watchers_dropped", .integer(Int64(clamping: inquiry.watchers.dropped)))
    }

    private var observerDocument: Document {
        let counters = relations.counters
        return .counts([
            ("relations", UInt64(relations.count)), ("registered", counters.registered),
            ("cancelled", counters.cancelled), ("refused", counters.refused),
            ("reset", counters.reset), ("lost", counters.lost),
            ("notifications", counters.notifications), ("confirmable", counters.confirmable),
            ("coalesced", counters.coalesced),
        ])
    }

    private var storeDocument: Document {
        let statistics = store.statistics
        return Document.counts([
            ("commits", statistics.commits), ("failed_commits", statistics.failedCommits),
            ("bytes_put", statistics.bytesPut), ("bytes_written", statistics.bytesWritten),
            ("queued_bytes", UInt64(statistics.queuedBytes)),
            ("journal_bytes", UInt64(statistics.journalBytes)),
            ("journal_limit", UInt64(settings.limits.journalBytes)),
            ("journal_blocks", UInt64(statistics.journalBlocks)),
            ("uncovered_journal_bytes", UInt64(statistics.uncoveredJournalBytes)),
            ("file_bytes", UInt64(statistics.fileBytes)),
            ("last_commit_us", statistics.lastCommitMicroseconds),
            ("max_commit_us", statistics.commitDurations.maxMicroseconds),
        ])
        .adding("journal_since", statistics.journalSince.map { .timestamp($0) } ?? .null)
        .adding("state", .text(storeState))
        .adding(
            "outbox",
            .map(
                zip(OutboxRecord.Kind.allCases, statistics.lanes).map { kind, lane in
                    .init(
                        kind.name,
                        .counts([
                            ("records", UInt64(lane.records)), ("bytes", UInt64(lane.bytes)),
                            ("dropped", lane.dropped),
                        ]))
                }))
    }
}

extension StreamCounters.Stream {
    fileprivate var counts: [(String, UInt64)] {
        [
            ("accepted", accepted), ("filtered", filtered), ("duplicates", duplicates),
            ("late", late), ("revisions", revisions), ("windows_closed", windowsClosed),
            ("matches", matches), ("timed_out", timedOut), ("partials_dropped", partialsDropped),
            ("dropped_by_limit", droppedByLimit), ("type_mismatches", typeMismatches),
            ("unmatched", unmatched), ("no_skill", unskilled),
        ]
    }
}

extension Document {
    static func counts(_ counts: [(String, UInt64)]) -> Document {
        .map(counts.map { .init($0.0, .integer(Int64(clamping: $0.1))) })
    }

    fileprivate func adding(_ key: String, _ value: Document) -> Document {
        guard case .map(let entries) = self else { return self }
        return .map(entries + [.init(key, value)])
    }
}

extension SinkStatus {
    /// The state in words, with the reason where it is not connected.
    var text: String {
        let words =
            switch state {
            case .connecting: "connecting"
            case .connected: "connected"
            case .backingOff(let span): "backing off for \(span)"
            case .stopped: "stopped"
            }
        return lastError.map { "\(words): \($0)" } ?? words
    }

    fileprivate var document: Document {
        .map([
            .init("name", .text(name)), .init("state", .text(text)),
            .init("last_error", lastError.map { .text($0) } ?? .null),
            .init("acknowledged", .integer(Int64(clamping: acknowledged))),
            .init("in_flight", .integer(Int64(inFlight))),
            .init("failures", .integer(Int64(clamping: failures))),
        ])
    }
}
