import Model

extension StreamCompiler {
    /// The most windows of a hopping kind that one moment may be in.
    static let coveringMax = 64
    /// The most rows that a count may ask for.
    static let countMax = 1_000_000

    mutating func compileWindow(
        _ window: WindowDefinition, name: Located<String>?, _ sources: [SourceDefinition]
    ) -> WindowPlan? {
        let place = name?.place ?? window.place
        var isSound = true
        func require(_ span: Milliseconds, _ what: String, _ compiler: inout StreamCompiler) {
            if span > .zero { return }
            isSound = false
            compiler.report(
                .badDuration, "a window's \(what) must be more than nothing, not \(span)",
                at: place)
        }
        switch window.kind {
        case .tumbling(let size), .sliding(let size): require(size, "size", &self)
        case .hopping(let size, let every):
            require(size, "size", &self)
            require(every, "`every`", &self)
        case .session(let gap, let longest):
            require(gap, "gap", &self)
            if let longest { require(longest, "greatest length", &self) }
        case .count(let rows):
            if !(1...StreamCompiler.countMax).contains(rows) {
                isSound = false
                report(
                    .badCount,
                    "a window takes 1 to \(StreamCompiler.countMax) events, not \(rows)",
                    at: place)
            }
        }
        guard isSound else { return nil }
        let plan = WindowPlan(name: name?.value, kind: window.kind, offset: window.offset)
        if let (size, every) = plan.aligned, !isBounded(size, every, sources, at: place) {
            return nil
        }
        return plan
    }

    /// Makes each tumbling window of the largest other one that divides it. Of equal ones the later
    /// is made of the earlier.
    static func rolledUp(_ windows: [WindowPlan]) -> [WindowPlan] {
        var result = windows
        for (index, window) in windows.enumerated() {
            guard case .tumbling(let size) = window.kind else { continue }
            var best: Milliseconds?
            for (other, smaller) in windows.enumerated() {
                guard case .tumbling(let part) = smaller.kind, part < size || other < index,
                    size.count % part.count == 0,
                    (window.offset.count - smaller.offset.count) % part.count == 0,
                    part > best ?? .zero
                else { continue }
                (best, result[index].base) = (part, other)
            }
        }
        return result
    }

    /// Those that others are made of, each before what is made of it.
    static func bases(_ windows: [WindowPlan]) -> [Int] {
        Set(windows.compactMap(\.base)).sorted {
            (windows[$0].aligned?.size.count ?? 0, $0) < (windows[$1].aligned?.size.count ?? 0, $1)
        }
    }

    /// Whether few enough windows are open at once.
    private mutating func isBounded(
        _ size: Milliseconds, _ every: Milliseconds, _ sources: [SourceDefinition], at place: Place
    ) -> Bool {
        let covering = WindowTable.covering(size: size, every: every)
        if covering > StreamCompiler.coveringMax {
            let least = (size.count - 1) / Int64(StreamCompiler.coveringMax) + 1
            report(
                .tooManyCoveringWindows,
                "each event would be in \(covering) windows, \(size) long and one every \(every); "
                    + "at most \(StreamCompiler.coveringMax) are possible",
                at: place,
                help: [
                    "begin one every \(Milliseconds(least)) or more seldom",
                    "or use a sliding window, which has a row for every event",
                ])
            return false
        }
        let lateness = sources.map(\.lateness).max() ?? .zero
        let limit = Int64(StreamLimits().openWindows)
        // One more than lateness spans, and the one that begins.
        guard lateness.count / every.count + 2 > limit else { return true }
        report(
            .tooManyOpenWindows,
            "with a lateness of \(lateness) more than \(limit) windows of \(size) "
                + "would be open at once",
            at: place,
            help: ["use a lateness below \(every * (limit - 1)), or larger windows"])
        return false
    }

    /// The most windows of a key that are kept for revision.
    static let keptMax: Int64 = 1000

    /// How long a stream's closed windows are kept.
    mutating func compileRetention(
        _ stream: StreamDefinition, _ windows: [WindowPlan], _ steps: CompiledSteps,
        _ rowSteps: [StepPlan]
    ) -> Milliseconds? {
        guard let retention = stream.retention else { return nil }
        guard windows.first?.aligned != nil, steps.inOrder.isEmpty,
            steps.join == nil, !rowSteps.contains(where: \.isOrdered)
        else {
            if stream.window != nil, windows.isEmpty { return nil }
            report(
                .cannotRevise, "late events cannot revise what this stream puts out",
                at: retention.place,
                help: [
                    "tumbling and hopping windows can be revised, if no step before or behind "
                        + "them remembers events"
                ])
            return nil
        }
        return compileRetention(retention, windows)
    }

    /// How long closed windows are kept, all of which are aligned.
    mutating func compileRetention(
        _ retention: Located<Milliseconds>, _ windows: [WindowPlan]
    ) -> Milliseconds? {
        guard retention.value > .zero else {
            report(
                .badDuration, "`retention` must be more than nothing, not \(retention.value)",
                at: retention.place)
            return nil
        }
        guard let every = windows.compactMap({ $0.aligned?.every }).min() else { return nil }
        let kept = retention.value.count / every.count + 1
        if kept > StreamCompiler.keptMax {
            report(
                .cannotRevise,
                "\(kept) windows of each key would be kept for \(retention.value), one every "
                    + "\(every); at most \(StreamCompiler.keptMax) are possible",
                at: retention.place,
                help: ["use a retention below \(every * (StreamCompiler.keptMax - 1))"])
            return nil
        }
        return retention.value
    }
}
