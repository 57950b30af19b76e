import Forecast
import Glibc
import Model
import Wire

/// What the history of one property leads to.
struct ForecastReport {
    let question: ForecastQuestion
    let series: Series
    let trial: Trial
    /// Along a straight line; nil where no limit was asked for.
    private(set) var approach: Approach?
    /// Along whichever line or curve would have done better.
    private(set) var life: Approach?

    private static let mostSteps = 1024
    private static let mostAhead: Int64 = 48
    private static let origins = 128

    init(
        _ question: ForecastQuestion, _ samples: [(time: Instant, value: Double)],
        isOfChanges: Bool
    ) throws(EventError) {
        let what = "\(question.property) of \(question.device)"
        guard let finest = Series(samples, step: question.step, limit: ForecastReport.mostSteps)
        else {
            throw EventError(
                samples.isEmpty
                    ? "there are no numbers of \(what)"
                    : "all numbers of \(what) are of one time; say what a step is: --step")
        }
        let step = question.step ?? ForecastReport.step(finest.step, question)
        guard
            let series = Series(
                samples, step: step, limit: ForecastReport.mostSteps, holdsLast: isOfChanges)
        else { throw EventError("there are no numbers of \(what)") }
        let season = try ForecastReport.season(question.season, step)
        let asked = Int(clamping: (question.horizon.count - 1) / step.count + 1)
        let lead = min(asked, ForecastReport.mostSteps)
        guard
            let trial = Trial(
                series.values, season: season, lead: lead, limit: ForecastReport.origins)
        else {
            throw EventError(
                "of \(what) there are \(series.values.count) steps of \(step), and to look "
                    + "\(asked) ahead takes \(Trial.fewest(lead: lead)) or more")
        }
        self.question = question
        self.series = series
        self.trial = trial
        guard let (_, limit, isRising) = question.threshold else { return }
        approach = Approach(
            series.values, limit: limit, isRising: isRising, origins: ForecastReport.origins)
        life = Approach(
            lifeOf: series.values, limit: limit, isRising: isRising,
            origins: ForecastReport.origins)
    }

    /// Where none was asked for: not too many in the horizon, and a part of the season.
    private static func step(
        _ finest: Milliseconds, _ question: ForecastQuestion
    ) -> Milliseconds {
        let ahead = Milliseconds((question.horizon.count - 1) / mostAhead + 1)
        let step = max(finest, ahead)
        guard let season = question.season, season > step else { return step }
        let most = min(season.count / step.count, 256)
        return (1...most).last { season.count.isMultiple(of: $0) }
            .map { Milliseconds(season.count / $0) } ?? step
    }

    private static func season(
        _ season: Milliseconds?, _ step: Milliseconds
    ) throws(EventError) -> Int {
        guard let season else { return 0 }
        let count = season.count / step.count
        guard season.count.isMultiple(of: step.count), 2...mostSteps ~= Int(clamping: count) else {
            throw EventError("a season of \(season) is not some whole steps of \(step)")
        }
        return Int(count)
    }

    // MARK: For people

    var text: String {
        let gaps =
            series.filled == 0
            ? "" : ", \(series.filled) without values, at most \(series.longestGap) in a row"
        var lines = [
            "\(question.property) of \(question.device): \(series.values.count) steps of "
                + "\(series.step) to \(series.end(of: 0))\(gaps)"
        ]
        let selection = trial.selection
        let score = "MASE \(rounded(selection.score))"
        lines.append(
            selection.hasSkill
                ? "\(selection.method.name), \(score), over \(trial.origins) places in the past"
                : "no skill: the best is \(selection.method.name), \(score), which is not below 1")
        lines += trial.scores.map { "  \($0.method.name) \(rounded($0.score))" }
        var result = lines.map { $0 + "\n" }.joined()
        if selection.hasSkill { result += "\n" + table(rows) }
        if let approach, let threshold = question.threshold {
            result += "\n" + sentence(approach, "\(question.property) \(threshold.text)") + "\n"
        }
        if case .approaching(let arrival)? = life, arrival.isExponential {
            result += sentence(.approaching(arrival), "along an exponential curve") + "\n"
        }
        return result
    }

    /// A dozen steps at most, the last among them.
    private var rows: [[String]] {
        let outcomes = trial.outcomes
        let every = (outcomes.count - 1) / 12 + 1
        let coverage = Int((trial.coverage * 100).rounded(.down))
        return [["TIME", "FORECAST", "FROM", "TO (\(coverage) %)"]]
            + outcomes.filter { ($0.steps - outcomes.count).isMultiple(of: every) }.map {
                [
                    series.end(of: $0.steps).description, rounded($0.value), rounded($0.low),
                    rounded($0.high),
                ]
            }
    }

    private func sentence(_ approach: Approach, _ what: String) -> String {
        switch approach {
        case .reached: return "\(what): now"
        case .notApproaching: return "\(what): not approaching"
        case .noSkill(let score): return "\(what): no skill, the trend's MASE is \(rounded(score))"
        case .approaching(let arrival):
            let share = arrival.probability(within: stepsAhead)
            return "\(what): in \(span(arrival.steps)) (\(span(arrival.earliest)) to "
                + "\(span(arrival.latest))), within \(question.horizon) with probability "
                + "\((share * 100).rounded() / 100); MASE \(rounded(arrival.score))"
        }
    }

    private var stepsAhead: Double { Double(question.horizon.count) / Double(series.step.count) }

    private func span(_ steps: Double) -> String {
        let seconds = steps * Double(series.step.count) / 1000
        guard seconds < 1e10 else { return "centuries" }
        // Nobody wants to know the seconds of days.
        let unit = seconds > 172_800 ? 3600.0 : seconds > 7200 ? 60 : 1
        return Milliseconds.seconds(Int64((seconds / unit).rounded() * unit)).description
    }

    private func rounded(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0.0" : "infinite" }
        let digits = 5 - Int(floor(log10(value.magnitude)))
        guard abs(digits) < 300 else { return "\(value)" }
        let scale = pow(10, Double(abs(digits)))
        return digits >= 0
            ? "\((value * scale).rounded() / scale)" : "\((value / scale).rounded() * scale)"
    }

    // MARK: For programs

    var document: Document {
        let selection = trial.selection
        var entries: [Document.Entry] = [
            .init("device", .text(question.device)), .init("property", .text(question.property)),
            .init("step", .text(series.step.description)),
            .init("steps", .integer(Int64(series.values.count))),
            .init("filled", .integer(Int64(series.filled))),
            .init("longest_gap", .integer(Int64(series.longestGap))),
            .init("until", .timestamp(series.end(of: 0))),
            .init("method", .text(selection.method.name)),
            .init("mase", number(selection.score)), .init("skill", .boolean(selection.hasSkill)),
            .init("origins", .integer(Int64(trial.origins))),
            .init(
                "methods",
                .array(
                    trial.scores.map {
                        .map([
                            .init("method", .text($0.method.name)), .init("mase", number($0.score)),
                        ])
                    })),
        ]
        if selection.hasSkill {
            entries.append(.init("coverage", .number(trial.coverage)))
            entries.append(.init("forecast", .array(trial.outcomes.map(outcome))))
        }
        if let approach { entries.append(.init("threshold", arrival(approach))) }
        if let life { entries.append(.init("remaining_life", arrival(life))) }
        return .map(entries)
    }

    private func outcome(_ outcome: Trial.Outcome) -> Document {
        .map([
            .init("time", .timestamp(series.end(of: outcome.steps))),
            .init("value", number(outcome.value)), .init("low", number(outcome.low)),
            .init("high", number(outcome.high)),
        ])
    }

    private func arrival(_ approach: Approach) -> Document {
        var entries: [Document.Entry] = [
            .init("limit", number(question.threshold?.limit ?? .nan))
        ]
        switch approach {
        case .reached: entries.append(.init("state", .text("reached")))
        case .notApproaching: entries.append(.init("state", .text("not approaching")))
        case .noSkill(let score):
            entries.append(.init("state", .text("no skill")))
            entries.append(.init("mase", number(score)))
        case .approaching(let arrival):
            let seconds = Double(series.step.count) / 1000
            entries += [
                .init("state", .text("approaching")), .init("mase", number(arrival.score)),
                .init("seconds", number(arrival.steps * seconds)),
                .init("earliest", number(arrival.earliest * seconds)),
                .init("latest", number(arrival.latest * seconds)),
                .init("probability", number(arrival.probability(within: stepsAhead))),
                .init("curve", .text(arrival.isExponential ? "exponential" : "linear")),
            ]
        }
        return .map(entries)
    }

    /// JSON has no other numbers.
    private func number(_ value: Double) -> Document {
        value.isFinite ? .number(value) : .null
    }
}
