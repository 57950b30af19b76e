import Model

/// Sessions, counts and sliding windows: rows out of the reorder buffer decide their bounds.
extension Stream {
    /// Closes the sessions that are due first, in the order of their keys.
    mutating func closeSessions(
        due: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        guard let closing = keyed?.keysClosing(), !closing.isEmpty else { return }
        keys.rank()
        for key in closing.sorted(by: { keys.rank(of: $0) < keys.rank(of: $1) }) {
            guard let closed = keyed?.close(key) else { continue }
            emit(closed, key: key, registry: registry, into: &outputs)
        }
    }

    /// Takes rows of one time into the windows of their keys.
    mutating func gather(
        _ rows: [(row: [Value?], key: Int)], at time: Instant, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        guard case .sliding? = keyed?.kind else {
            for (row, key) in rows {
                let partials = partials(of: row)
                guard let closed = keyed?.add(row, carrying: partials, key: key, at: time) else {
                    continue
                }
                emit(closed, key: key, registry: registry, into: &outputs)
            }
            return
        }
        for (row, key) in rows {
            let limit = limits.trailingEntries
            let partials = partials(of: row)
            counters.droppedByLimit += UInt64(
                keyed?.remember(
                    row, carrying: partials, key: key, at: time, limit: limit) ?? 0)
        }
        for (_, key) in rows {
            guard let closed = keyed?.trailing(key, at: time) else { continue }
            emit(closed, key: key, registry: registry, into: &outputs)
        }
    }

    private mutating func emit(
        _ closed: KeyedWindows.Closed, key: Int, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        emit(
            0, key: key, from: closed.start, to: closed.end, closed.partials, registry: registry,
            into: &outputs)
    }
}
