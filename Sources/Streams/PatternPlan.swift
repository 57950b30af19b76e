import Language
import Model

/// A pattern as it is compiled.
struct PatternPlan: Sendable {
    let name: String
    let rule: Rule
    let actions: [String]
    let isCritical: Bool
    /// Whether what runs out of its time on the way is reported, with the step it had reached.
    var reportsTimeouts = false
    /// Over raw rows: the windows at whose ends a group of devices is judged.
    var window: WindowPlan?
    /// What the devices of a group step have in common.
    var scope = PatternScope.all

    /// True where nothing but the row itself decides, so that on raw rows arrival order is
    /// irrelevant, or, being critical, is what somebody asked for.
    var isImmediate: Bool { isPlain && (isCritical || rule.cooldown == nil) }

    /// True where a single row is all that is ever looked at.
    var isPlain: Bool {
        guard rule.onlyCondition != nil, rule.steps[0].sustained == .once else { return false }
        return rule.aggregates.isEmpty && rule.calls.isEmpty && rule.captures.isEmpty
            && rule.per.isEmpty && rule.until == nil
    }
}

extension Rule {
    /// One step, which is over the devices of a group.
    var isOfGroup: Bool {
        if steps.count == 1, case .group = steps[0].what { return true }
        return false
    }
}

/// `in IDENT`: a group of the registry's, or a tag whose values divide the devices.
enum PatternScope: Hashable, Sendable {
    case all
    case tag(String)
    case group(Int, name: String)

    init(of name: String?, in registry: Registry) {
        guard let name else {
            self = .all
            return
        }
        if let index = registry.groups.firstIndex(where: { $0.name == name }) {
            self = .group(index, name: name)
        } else {
            self = .tag(name)
        }
    }
}

/// A rule's steps, laid out for the run.
struct PatternShape: Sendable {
    let kinds: [Kind]
    /// By step; what is nil in it is not looked at.
    let conditions: [Program?]
    /// The steps for which any event will do.
    let open: UInt32
    /// By step: what may not come between the step before and it.
    let aborts: [Program?]
    /// The steps that have an entry in `aborts`.
    let abortable: UInt32
    /// By step: whether it must begin with the very next event.
    let isStrict: [Bool]
    /// True where the one step is a condition, which a single row fulfils.
    let isSingle: Bool
    let isOverlapping: Bool
    let hasUntil: Bool
    let captures: Int
    /// Whether the first step is a silence, or must last.
    let firstIsAbsence: Bool
    let firstIsHold: Bool
    /// The last event comes less than this after the first.
    let span: Milliseconds?
    /// Steps that every event must be shown to.
    let watchful: UInt32
    let greedy: UInt32
    /// True where the earliest of those at a step is all that matters, if it is as far.
    let isPruned: Bool
    /// Those of `greedy` that may be ended once they have enough, but not before: one that has less
    /// can outlive the earlier.
    let fragile: UInt32
    /// How many may be kept where they are pruned.
    let mostKept: Int
    let hasTimers: Bool
    /// Whether windows are counted, or must be adjacent.
    let countsWindows: Bool
    /// 64 events each, of what a `some` step remembers.
    let words: Int
    let mostEvents: Int
    /// The steps that are groups, and the same by bit.
    let groups: [Int]
    let grouped: UInt32

    enum Kind: Sendable {
        case once
        case times(Int)
        case greedy(Int)
        case run(Int, windows: Bool)
        case some(Int, of: Int, windows: Bool)
        case hold(Milliseconds)
        case absence(Milliseconds)
        case group

        var isOnce: Bool {
            if case .once = self { return true }
            return false
        }

        var isAbsence: Bool {
            if case .absence = self { return true }
            return false
        }

        var isHold: Bool {
            if case .hold = self { return true }
            return false
        }

        var countsWindows: Bool {
            switch self {
            case .run(_, let windows), .some(_, of: _, let windows): windows
            default: false
            }
        }
    }

    init(_ plan: PatternPlan) {
        let rule = plan.rule
        let kinds = rule.steps.map { PatternShape.kind($0) }
        self.kinds = kinds
        conditions = rule.steps.map { step in
            switch step.what {
            case .condition(let program), .absence(let program, _): program
            case .group(_, _, let program): program
            case .noData: nil
            }
        }
        isSingle =
            kinds.count == 1 && kinds[0].isOnce && rule.captures.isEmpty && rule.until == nil
        (isOverlapping, hasUntil) = (rule.isOverlapping, rule.until != nil)
        captures = rule.captures.count
        (firstIsAbsence, firstIsHold) = (kinds[0].isAbsence, kinds[0].isHold)
        aborts =
            [nil]
            + rule.links.map { link in
                if case .without(let program) = link { return program }
                return nil
            }
        isStrict =
            [false]
            + rule.links.map { link in
                if case .strict = link { return true }
                return false
            }
        open = PatternShape.bits(conditions.map { $0 == nil })
        abortable = PatternShape.bits(aborts.map { $0 != nil })
        groups = kinds.indices.filter { if case .group = kinds[$0] { true } else { false } }
        grouped = groups.reduce(0) { $0 | 1 << UInt32($1) }
        var counts = kinds.count > 1
        var watchful: UInt32 = 0
        var greedy: UInt32 = 0
        var hasTimers = false
        var (words, most) = (0, 1)
        var slides = false
        for (index, kind) in kinds.enumerated() {
            let bit = UInt32(1) << UInt32(index)
            if isStrict[index] { watchful |= bit }
            switch kind {
            case .once, .group: continue
            case .times(let count): most = max(most, count)
            case .greedy(let count):
                most = max(most, count)
                if index < kinds.count - 1 { greedy |= bit }
            case .run: watchful |= bit
            case .some(let count, let of, _):
                watchful |= bit
                if index == 0 {
                    most = max(most, count)
                    slides = true
                } else {
                    words = max(words, (of + 63) / 64)
                }
            case .hold, .absence:
                hasTimers = true
                watchful |= bit
                continue
            }
            counts = counts || rule.aggregates.isEmpty
        }
        (fragile, mostKept) = PatternShape.fragile(kinds, aborts)
        countsWindows = kinds.contains(where: \.countsWindows)
        (self.watchful, self.greedy, self.words, mostEvents) = (watchful, greedy, words, most)
        span = counts ? rule.within : nil
        isPruned = span == nil && rule.captures.isEmpty && !rule.isOverlapping && !slides
        self.hasTimers = hasTimers || span != nil && plan.reportsTimeouts
    }

    private static func fragile(_ kinds: [Kind], _ aborts: [Program?]) -> (UInt32, Int) {
        var (steps, kept) = (UInt32(0), kinds.count + 1)
        for index in kinds.indices.dropLast() {
            guard case .greedy(let count) = kinds[index],
                kinds[index + 1].isAbsence || aborts[index + 1] != nil
            else { continue }
            steps |= 1 << UInt32(index)
            kept += count
        }
        return (steps, kept)
    }

    private static func bits(_ flags: [Bool]) -> UInt32 {
        flags.indices.reduce(0) { flags[$1] ? $0 | 1 << UInt32($1) : $0 }
    }

    private static func kind(_ step: Rule.Step) -> Kind {
        switch step.what {
        case .noData(let span), .absence(_, let span): return .absence(span)
        case .group: return .group
        case .condition: break
        }
        switch step.sustained {
        case .once: return .once
        case .duration(let span): return .hold(span)
        case .consecutiveWindows(let count): return .run(count, windows: true)
        case .consecutiveEvents(let count): return .run(count, windows: false)
        case .someWindows(let count, let of): return .some(count, of: of, windows: true)
        case .someEvents(let count, let of): return .some(count, of: of, windows: false)
        case .atLeastTimes(let count): return .greedy(count)
        case .exactlyTimes(let count): return .times(count)
        }
    }

    var last: Int { kinds.count - 1 }
}
