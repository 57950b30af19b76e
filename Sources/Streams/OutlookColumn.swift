import Forecast
import Language
import Model

/// `forecast`, `time_to` and `remaining_life`: the latest steps of each key, and what they lead to.
///
/// A value goes into the mean of its step. When the first of a later step comes, the one before is
/// closed, and only then is anything computed: a forecast by the method that was chosen, which is
/// chosen anew after `choosing` steps; a trend after `drawing`. So one value in each step, and no
/// other, takes time: at most a choice among all methods over `Outlook.samples` steps.
struct OutlookColumn: CallColumn {
    private let outlook: Outlook
    private let length: Int64
    private var states: [State] = []
    /// By key, then by step, as a ring.
    private var means: [Double] = []
    private var unskilled: UInt64 = 0

    private struct State: Sendable {
        /// Of the step that is open; steps are numbered from the epoch.
        var number = Int64.min
        var sum = 0.0
        var count = 0.0
        /// Of the times of its values, in milliseconds from its beginning.
        var times = 0.0
        /// Of the last step that was closed.
        var last = Int64.min
        /// The mean of the times of that one's values, in milliseconds.
        var moment = 0.0
        /// Steps kept, those without values among them.
        var kept = 0
        /// In the ring: the place of the next.
        var place = 0
        var selection: Selection?
        /// Steps closed since the method was chosen, or the trend drawn.
        var age = 0
        /// The forecast, or the moment of arrival in milliseconds; nil where nobody knows.
        var result: Double?
    }

    /// How many places in the past each method is tried from.
    private static let origins = 16
    private static let choosing = 16
    private static let drawing = 4
    private static let inputMax = 1e100
    /// No arrival is later, some 100,000 years from the epoch.
    private static let farthest = 3e15

    init(_ outlook: Outlook) {
        self.outlook = outlook
        length = max(1, outlook.step.count)
    }

    var bytesPerKey: Int {
        MemoryLayout<State>.stride + Outlook.samples * MemoryLayout<Double>.stride
    }

    mutating func grow(to count: Int) {
        let missing = count - states.count
        states += Array(repeating: State(), count: missing)
        means += Array(repeating: .nan, count: missing * Outlook.samples)
    }

    mutating func takeUnskilled() -> UInt64 {
        defer { unskilled = 0 }
        return unskilled
    }

    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? {
        guard let x = value?.double, x.magnitude <= OutlookColumn.inputMax else { return nil }
        let number = time.floored(to: Milliseconds(length)).milliseconds / length
        if number > states[key].number {
            if states[key].count > 0 { close(key) }
            states[key].number = number
            if states[key].kept > 0 { look(key) }
        }
        states[key].sum += x
        states[key].count += 1
        states[key].times += Double(time.milliseconds - number * length)
        switch outlook.aim {
        case .value: return states[key].result.map { .number($0) }
        case .crossing(let limit), .life(let limit):
            if limit.isReached(by: x) { return .number(0) }
            return states[key].result.map {
                .number(max(0, $0 - Double(time.milliseconds)) / 1000)
            }
        }
    }

    // MARK: Steps

    /// Keeps the mean of the step that is open.
    private mutating func close(_ key: Int) {
        let (gap, isFar) = states[key].number.subtractingReportingOverflow(states[key].last)
        if isFar || gap > Outlook.samples {
            states[key].kept = 0
        } else if gap > 1 {
            for _ in 1..<gap { keep(.nan, key) }
        }
        keep(states[key].sum / states[key].count, key)
        states[key].moment =
            Double(states[key].number) * Double(length) + states[key].times / states[key].count
        states[key].last = states[key].number
        states[key].age = min(OutlookColumn.choosing, states[key].age + 1)
        (states[key].sum, states[key].count, states[key].times) = (0, 0, 0)
    }

    private mutating func keep(_ mean: Double, _ key: Int) {
        means[key * Outlook.samples + states[key].place] = mean
        states[key].place = (states[key].place + 1) % Outlook.samples
        states[key].kept = min(Outlook.samples, states[key].kept + 1)
    }

    /// The steps kept, the oldest first.
    private func kept(_ key: Int) -> [Double] {
        let state = states[key]
        let first = state.place - state.kept + Outlook.samples
        return (0..<state.kept).map {
            means[key * Outlook.samples + (first + $0) % Outlook.samples]
        }
    }

    /// Those from the first that has values, lines drawn over the others; empty where those are
    /// more than half.
    private func history(_ key: Int) -> [Double] {
        var values = Array(kept(key).drop { $0.isNaN })
        let filled = Series.fill(&values).filled
        return 2 * filled > values.count ? [] : values
    }

    // MARK: Looking ahead

    private mutating func look(_ key: Int) {
        switch outlook.aim {
        case .value(let steps): forecast(key, steps)
        case .crossing(let limit), .life(let limit):
            if states[key].age >= OutlookColumn.drawing { draw(key, limit) }
        }
    }

    private mutating func forecast(_ key: Int, _ steps: Int) {
        // The steps since the last that had values; without end where bytes were damaged.
        let missing = states[key].number &- states[key].last &- 1
        states[key].result = nil
        guard missing >= 0, missing <= steps else { return }
        let values = history(key)
        if states[key].selection == nil || states[key].age >= OutlookColumn.choosing {
            states[key].age = 0
            states[key].selection = Selection(
                values, season: outlook.season, lead: steps, limit: OutlookColumn.origins)
        }
        guard let selection = states[key].selection else { return }
        guard selection.hasSkill else {
            unskilled += 1
            return
        }
        let value = selection.forecast(
            values, season: outlook.season, steps: steps + Int(missing))
        states[key].result = value.flatMap { $0.isFinite ? $0 : nil }
    }

    private mutating func draw(_ key: Int, _ limit: Outlook.Limit) {
        states[key].result = nil
        states[key].age = 0
        let (values, count) = (history(key), OutlookColumn.origins)
        let approach: Approach?
        if case .life = outlook.aim {
            approach = Approach(
                lifeOf: values, limit: limit.value, isRising: limit.isAbove, origins: count)
        } else {
            approach = Approach(
                values, limit: limit.value, isRising: limit.isAbove, origins: count)
        }
        switch approach {
        case nil:
            // It may be enough with the next step.
            states[key].age = OutlookColumn.drawing
        case .reached?: states[key].result = -.greatestFiniteMagnitude
        case .notApproaching?: break
        case .noSkill?: unskilled += 1
        case .approaching(let arrival)?:
            states[key].result = min(
                states[key].moment + arrival.steps * Double(length), OutlookColumn.farthest)
        }
    }

    // MARK: Snapshots

    func write(into writer: inout ByteWriter) {
        for key in states.indices {
            let state = states[key]
            writer.signed(state.number)
            writer.double(state.sum)
            writer.double(state.count)
            writer.double(state.times)
            writer.signed(state.last)
            writer.double(state.moment)
            writer.unsigned(state.age)
            writer.bool(state.result != nil)
            if let result = state.result { writer.double(result) }
            writer.list(kept(key)) { $0.double($1) }
            writer.bool(state.selection != nil)
            guard let selection = state.selection else { continue }
            writer.byte(selection.method.rawValue)
            writer.double(selection.score)
            guard let parameters = selection.parameters else { continue }
            for value in [parameters.alpha, parameters.beta, parameters.gamma, parameters.phi] {
                writer.double(value)
            }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        for key in states.indices {
            states[key].number = try reader.signed()
            let (sum, count) = (try reader.finite(), try reader.finite())
            guard 0...0x1p53 ~= count, sum.magnitude <= OutlookColumn.inputMax * count else {
                throw .malformed(at: reader.offset)
            }
            (states[key].sum, states[key].count) = (sum, count)
            states[key].times = try reader.finite()
            states[key].last = try reader.signed()
            states[key].moment = try reader.finite()
            states[key].age = try reader.count(upTo: OutlookColumn.choosing)
            if try reader.bool() { states[key].result = try reader.finite() }
            var mean = 0.0
            for _ in 0..<(try reader.count(upTo: Outlook.samples)) {
                mean = try reader.double()
                guard mean.isNaN || mean.magnitude <= OutlookColumn.inputMax else {
                    throw .malformed(at: reader.offset)
                }
                keep(mean, key)
            }
            // The last step that was closed had values.
            guard !mean.isNaN else { throw .malformed(at: reader.offset) }
            if try reader.bool() { states[key].selection = try selection(from: &reader) }
        }
    }

    private func selection(from reader: inout ByteReader) throws(RecordError) -> Selection {
        guard let method = Method(rawValue: try reader.byte()),
            method != .holtWinters || outlook.season > 0
        else {
            throw .malformed(at: reader.offset)
        }
        let score = try reader.double()
        var parameters: Smoothing.Parameters?
        if method.shape != nil {
            var values: [Double] = []
            for _ in 0..<4 {
                let value = try reader.finite()
                guard 0...1 ~= value else { throw .malformed(at: reader.offset) }
                values.append(value)
            }
            parameters = Smoothing.Parameters(
                alpha: values[0], beta: values[1], gamma: values[2], phi: values[3])
        }
        return Selection(method: method, score: score, parameters: parameters)
    }
}
