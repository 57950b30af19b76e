import Language
import Model

/// A detector call, for all keys.
struct DetectorColumn<Kind: AnomalyDetector>: CallColumn {
    private let fresh: Kind
    private var detectors: [Kind] = []

    init(_ parameters: [Double]) { fresh = Kind(parameters) }

    var bytesPerKey: Int { fresh.bytes }

    mutating func grow(to count: Int) {
        detectors += Array(repeating: fresh, count: count - detectors.count)
    }

    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? {
        guard let x = value?.double, x.magnitude <= Score.inputMax else { return nil }
        return detectors[key].observe(x, at: time).map { .number($0) }
    }

    func write(into writer: inout ByteWriter) {
        for detector in detectors { detector.write(into: &writer) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        for key in detectors.indices { try detectors[key].restore(from: &reader) }
    }
}

extension Detector {
    /// Runs this detector with parameters that are all there and in range.
    func column(_ parameters: [Double]) -> any CallColumn {
        switch self {
        case .zscore: DetectorColumn<ZScore>(parameters)
        case .hysteresis: DetectorColumn<Hysteresis>(parameters)
        case .roc: DetectorColumn<RateOfChange>(parameters)
        case .flatline: DetectorColumn<Flatline>(parameters)
        case .ewmaZ: DetectorColumn<ExponentialChart>(parameters)
        case .cusum: DetectorColumn<CumulativeSum>(parameters)
        case .pageHinkley: DetectorColumn<PageHinkley>(parameters)
        case .madZ: DetectorColumn<RobustScore>(parameters)
        case .hampel: DetectorColumn<Hampel>(parameters)
        case .holtWinters: DetectorColumn<HoltWinters>(parameters)
        case .seasonalZ: DetectorColumn<SeasonalScore>(parameters)
        case .nelson: DetectorColumn<NelsonRules>(parameters)
        case .anomalyScore: DetectorColumn<HalfSpaceTrees>(parameters)
        }
    }
}
