/// How the future is told from the past, the simplest first.
package enum Method: UInt8, CaseIterable, Sendable {
    case lastValue, trend, dampedHolt, holtWinters

    /// For people.
    package var name: String {
        switch self {
        case .lastValue: "last value"
        case .trend: "Theil-Sen trend"
        case .dampedHolt: "damped Holt"
        case .holtWinters: "Holt-Winters"
        }
    }

    /// What is smoothed, if anything is.
    package var shape: Smoothing.Shape? {
        switch self {
        case .lastValue, .trend: nil
        case .dampedHolt: .damped
        case .holtWinters: .seasonal
        }
    }
}
