import Loop
package import Wire

/// How long the gateway takes, as `iotflow status` tells it.
package struct Latencies: Sendable {
    /// From the start of the turn that reads a datagram to the critical command leaving.
    package var decision = Histogram()
    /// From a command leaving to its device's response.
    package var roundTrip = Histogram()

    package var document: Document {
        .map([.init("decision", decision.document), .init("round_trip", roundTrip.document)])
    }
}

extension Histogram {
    package var document: Document {
        func milliseconds(_ microseconds: UInt64?) -> Document {
            microseconds.map { .number(Double($0) / 1000) } ?? .null
        }
        return .map([
            .init("count", .integer(Int64(clamping: count))),
            .init("p50_ms", milliseconds(quantile(0.5))),
            .init("p99_ms", milliseconds(quantile(0.99))),
            .init("max_ms", milliseconds(count > 0 ? maximum : nil)),
        ])
    }
}
