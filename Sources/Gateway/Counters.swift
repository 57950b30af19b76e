/// What the gateway has seen of the world and could not use, or had to let go. They only grow.
package struct GatewayCounters: Sendable {
    /// Datagrams with telemetry that were taken, and the readings in them.
    package var messages: UInt64 = 0
    package var readings: UInt64 = 0
    /// Values that were NaN or infinite and count as missing.
    package var nonFiniteValues: UInt64 = 0
    /// Readings whose device time was not believed.
    package var suspectClocks: UInt64 = 0
    /// Turns whose durable part was lost because the store had no room for it.
    package var turnsNotStored: UInt64 = 0
    /// Checkpoints that could not be read, so that windows and patterns began anew.
    package var checkpointsDropped: UInt64 = 0
    package var transmissions: UInt64 = 0
    /// By `Refusal.Reason`.
    var refusals: [Refusal.Reason: UInt64] = [:]

    mutating func count(_ refusal: Refusal) { refusals[refusal.reason, default: 0] += 1 }
}
