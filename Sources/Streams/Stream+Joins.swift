import Model

/// Rows of several sources that become one.
extension Stream {
    /// Takes all rows of one time into the join; what they complete comes back.
    mutating func takeIntoJoin(_ rows: [StepRow], at time: Instant) -> [StepRow] {
        let joined = join?.take(rows, at: time) ?? []
        countJoined()
        return joined
    }

    /// Lets out what the join has held until `due`, through the steps behind it.
    mutating func fireJoin(
        due: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        let joined = join?.fire() ?? []
        countJoined()
        pass(joined, at: due, registry: registry, into: &outputs)
    }

    private mutating func countJoined() {
        guard let counts = join?.takeCounts() else { return }
        counters.droppedByLimit += counts.dropped
        counters.unmatched += counts.unmatched
    }
}
