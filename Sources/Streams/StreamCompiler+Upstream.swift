import Language
import Model

/// Streams that follow others.
extension StreamCompiler {
    /// The streams so that each comes behind those it follows, otherwise in the order written. Of
    /// those that follow each other in a circle, one is reported and left out.
    mutating func inOrder(_ streams: [StreamDefinition]) -> [StreamDefinition] {
        definitions = streams
        var order: [Int] = []
        var path: [Int] = []
        for stream in streams.indices { visit(stream, &order, &path) }
        return order.map { streams[$0] }
    }

    private mutating func visit(_ stream: Int, _ order: inout [Int], _ path: inout [Int]) {
        if order.contains(stream) || path.contains(stream) { return }
        path.append(stream)
        var isSound = true
        for source in definitions[stream].sources {
            guard let upstream = source.upstream, let next = find(upstream) else { continue }
            if let start = path.firstIndex(of: next) {
                isSound = false
                let names = (path[start...] + [next]).map { definitions[$0].name.value }
                report(
                    .circularStreams,
                    "streams follow each other in a circle: \(names.joined(separator: " -> "))",
                    at: upstream.name)
            } else {
                visit(next, &order, &path)
            }
        }
        path.removeLast()
        if isSound { order.append(stream) }
    }

    /// The definition of the stream that a source follows.
    private func find(_ upstream: SourceDefinition.Upstream) -> Int? {
        switch upstream {
        case .stream(let name): definitions.firstIndex { $0.name.value == name.value }
        case .pattern(let name):
            definitions.firstIndex { $0.patterns.contains { $0.name.value == name.value } }
        }
    }

    /// Whether a stream that is to be followed has errors of its own, which are enough.
    func lacksUpstream(_ sources: [SourceDefinition]) -> Bool {
        sources.contains { source in
            guard let stream = source.upstream.flatMap({ find($0) }) else { return false }
            return !compiled.contains { $0.name == definitions[stream].name.value }
        }
    }

    /// A column of what a stream puts out.
    private struct Outlet {
        var column: Schema.Column
        var isDevice = false
        var isKey = false
        /// The measure whose partial it carries.
        var measure: Int?
    }

    mutating func compileUpstream(
        _ upstream: SourceDefinition.Upstream,
        _ mapping: [(field: Located<String>, path: Located<String>)],
        into result: inout SourceColumns
    ) {
        let name = upstream.name
        guard let definition = find(upstream),
            let stream = compiled.firstIndex(where: {
                $0.name == definitions[definition].name.value
            })
        else { return reportUnknown(upstream) }
        let plan = compiled[stream]
        var pattern: String?
        switch upstream {
        case .stream:
            if plan.windows.isEmpty {
                report(
                    .badUpstream, "`\(name.value)` has no window, so that it puts out no rows",
                    at: name,
                    help: ["follow one of its patterns, or take its own sources"])
                return
            }
        case .pattern: pattern = name.value
        }
        let outlets = outlets(of: plan, isRows: pattern == nil)
        let isAboutDevice = outlets.contains(where: \.isDevice)
        if isAboutDevice { result.devices += registry.devices }
        result.isWithDevice = result.isWithDevice || isAboutDevice
        result.isWithoutDevice = result.isWithoutDevice || !isAboutDevice
        requireUnique(mapping.map(\.field), "field")
        var fills: [(column: Int, name: String)] = []
        for (field, path) in mapping {
            guard let outlet = outlets.first(where: { $0.column.name == path.value }) else {
                report(
                    .badMapping, "`\(name.value)` has no field `\(path.value)`", at: path,
                    help: suggestion(path.value, among: outlets.map(\.column.name), "fields"))
                continue
            }
            fills.append((addOutlet(outlet, as: field, &result), path.value))
        }
        for outlet in outlets where mapping.isEmpty || outlet.isKey || outlet.isDevice {
            let field = Located(outlet.column.name, at: name.place)
            if fills.contains(where: { $0.name == field.value }) { continue }
            fills.append((addOutlet(outlet, as: field, &result), field.value))
        }
        var source = SourcePlan.Upstream(
            stream: stream, pattern: pattern, fills: fills,
            deviceColumns: fills.map(\.column).filter { result.deviceColumns.contains($0) })
        source.measures = fills.compactMap { column, name in
            outlets.first { $0.column.name == name }?.measure.map { (column, $0) }
        }
        source.rowsAtOnce = plan.windows.compactMap(\.aligned).reduce(1) { most, window in
            let lateness = plan.sources.map(\.lateness).max() ?? .zero
            let covering = WindowTable.covering(size: window.size, every: window.every)
            return max(most, Int(clamping: lateness.count / window.every.count) + 2 * covering)
        }
        result.sources.append(SourcePlan(source))
    }

    private mutating func reportUnknown(_ upstream: SourceDefinition.Upstream) {
        let (what, known): (String, [String])
        switch upstream {
        case .stream: (what, known) = ("stream", definitions.map(\.name.value))
        case .pattern:
            (what, known) = ("pattern", definitions.flatMap(\.patterns).map(\.name.value))
        }
        let name = upstream.name
        report(
            .unknownUpstream, "there is no \(what) `\(name.value)`", at: name,
            help: suggestion(name.value, among: known, "\(what)s"))
    }

    /// Of rows, not of matches, the columns of aggregates carry partials.
    private func outlets(of plan: StreamPlan, isRows: Bool) -> [Outlet] {
        var outlets: [Outlet] = []
        if plan.windows.isEmpty {
            for (index, column) in plan.columns.enumerated() where !column.name.isEmpty {
                outlets.append(
                    Outlet(column: column, isDevice: plan.deviceColumns.contains(index)))
            }
        } else {
            outlets =
                plan.measures.enumerated().map { index, measure in
                    var outlet = Outlet(
                        column: Schema.Column(
                            name: measure.name, type: measure.type, unit: measure.unit))
                    if isRows {
                        outlet.column.aggregate = measure.function
                        outlet.column.quantile = measure.quantile
                        outlet.measure = index
                    }
                    return outlet
                } + plan.derived.map { Outlet(column: $0) }
        }
        for field in plan.keyFields {
            var isDevice = false
            if case .device = field { isDevice = true }
            if let index = outlets.firstIndex(where: { $0.column.name == field.name }) {
                outlets[index].isKey = true
                continue
            }
            outlets.append(
                Outlet(
                    column: Schema.Column(name: field.name, type: .text), isDevice: isDevice,
                    isKey: true))
        }
        return outlets
    }

    private mutating func addOutlet(
        _ outlet: Outlet, as field: Located<String>, _ result: inout SourceColumns
    ) -> Int {
        var column = outlet.column
        column.name = field.value
        if let index = result.columns.firstIndex(where: { $0.name == field.value }) {
            if result.deviceColumns.contains(index) != outlet.isDevice {
                report(
                    .conflictingSources,
                    "`\(field.value)` is the device's name in one source and not in another",
                    at: field)
            }
            let known = result.columns[index]
            if known.aggregate != column.aggregate || known.quantile != column.quantile {
                result.columns[index].aggregate = nil
            }
            reconcile(index, field, column, in: &result)
            return index
        }
        result.columns.append(column)
        let index = result.columns.count - 1
        if outlet.isDevice {
            result.deviceColumns.append(index)
        } else {
            result.valueColumns.insert(index)
            if outlet.isKey { result.upstreamKeys.append(index) }
        }
        return index
    }
}
