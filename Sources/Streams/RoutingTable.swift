import Model

/// Which sources want a reading, found by the numbers of its property and its device.
///
/// Names are compared once, when a property or a device is first seen; after that a reading costs
/// two array look-ups, and no more if nobody wants its property.
struct RoutingTable: Sendable {
    private let sources: [Source]
    private(set) var routes: [Route] = []
    private(set) var columns: [Int32] = []
    /// By property number: where its routes are; nil where not asked yet.
    private var spans: [Span?] = []
    /// By device number, then by source: whether the source takes the device.
    private var admissions: [Admission] = []

    /// One source that takes one property.
    struct Route: Sendable {
        let stream: Int32
        /// Within the stream.
        let source: Int32
        /// Among all sources.
        let number: Int32
        let isWholeDatagram: Bool
        /// The row's columns that the value goes to, as a part of `columns`.
        let firstColumn: Int32
        let endColumn: Int32
    }

    private struct Span: Sendable {
        var start: Int32
        var end: Int32
    }

    private struct Source: Sendable {
        var stream: Int
        var source: Int
        var plan: SourcePlan
    }

    private enum Admission: UInt8, Sendable { case unknown, no, yes }

    init(_ plans: [StreamPlan]) {
        sources = plans.enumerated().flatMap { stream, plan in
            plan.sources.enumerated().map { Source(stream: stream, source: $0, plan: $1) }
        }
    }

    /// The places in `routes` of the sources that take a property.
    mutating func routes(of property: Property, in registry: Registry) -> Range<Int> {
        let index = Int(property.index)
        if index < spans.count, let span = spans[index] { return Int(span.start)..<Int(span.end) }
        return addRoutes(of: property, in: registry)
    }

    private mutating func addRoutes(of property: Property, in registry: Registry) -> Range<Int> {
        let name = registry.name(of: property)
        let start = routes.count
        for (number, source) in sources.enumerated() {
            if source.plan.upstream != nil { continue }
            let topic = source.plan.topic
            let fills = source.plan.columns(of: name)
            if topic.isWholeDatagram {
                if fills.isEmpty, !source.plan.hasNoPayload { continue }
            } else if let wanted = topic.property, wanted != name {
                continue
            }
            let firstColumn = columns.count
            columns += fills.map { Int32($0) }
            routes.append(
                Route(
                    stream: Int32(source.stream), source: Int32(source.source),
                    number: Int32(number), isWholeDatagram: topic.isWholeDatagram,
                    firstColumn: Int32(firstColumn), endColumn: Int32(columns.count)))
        }
        let index = Int(property.index)
        if spans.count <= index {
            spans += Array(repeating: nil, count: index + 1 - spans.count)
        }
        spans[index] = Span(start: Int32(start), end: Int32(routes.count))
        return start..<routes.count
    }

    /// Whether a route's source takes a device.
    mutating func admits(_ device: Device, to route: Route, in registry: Registry) -> Bool {
        let index = Int(device.index) * sources.count + Int(route.number)
        if index < admissions.count {
            switch admissions[index] {
            case .yes: return true
            case .no: return false
            case .unknown: break
            }
        }
        return admit(device, Int(route.number), in: registry)
    }

    private mutating func admit(_ device: Device, _ number: Int, in registry: Registry) -> Bool {
        let needed = (Int(device.index) + 1) * sources.count
        if admissions.count < needed {
            admissions += Array(repeating: .unknown, count: needed - admissions.count)
        }
        let plan = sources[number].plan
        var isWanted = true
        if let group = plan.group {
            isWanted = registry.entry(device)?.groups.contains(group) ?? false
        }
        if let name = plan.topic.device, name != registry.name(of: device) { isWanted = false }
        admissions[Int(device.index) * sources.count + number] = isWanted ? .yes : .no
        return isWanted
    }
}
