package import Model

/// What a bad network does to datagrams, by chance but the same for the same seed.
package struct Faults: Sendable {
    /// Percentages, 0 to 100.
    package var loss: Double
    package var duplicate: Double
    package var reorder: Double
    /// The longest that a datagram is held so that others overtake it.
    package var holdMax: Milliseconds

    package init(
        loss: Double = 0, duplicate: Double = 0, reorder: Double = 0,
        holdMax: Milliseconds = Milliseconds(200)
    ) {
        self.loss = loss
        self.duplicate = duplicate
        self.reorder = reorder
        self.holdMax = holdMax
    }

    package var areNone: Bool { loss <= 0 && duplicate <= 0 && reorder <= 0 }

    /// What becomes of one datagram.
    package struct Fate: Hashable, Sendable {
        /// 0 for a lost one, 2 for one that is doubled.
        package var copies: Int
        /// How long it is held; zero sends it on at once.
        package var delay: Milliseconds
    }

    /// Draws the same number of times whatever comes out, so that one percentage does not change
    /// what another hits.
    package func fate(_ random: inout SplitMix64) -> Fate {
        let draws = (random.percent(), random.percent(), random.percent(), random.percent())
        if draws.0 < loss { return Fate(copies: 0, delay: .zero) }
        let hold = Double(max(1, holdMax.count)) * draws.3 / 100
        return Fate(
            copies: draws.1 < duplicate ? 2 : 1,
            delay: draws.2 < reorder ? Milliseconds(Int64(hold) + 1) : .zero)
    }
}

extension SplitMix64 {
    /// Uniform in [0, 100).
    fileprivate mutating func percent() -> Double { Double(next() >> 11) * 0x1p-53 * 100 }
}
