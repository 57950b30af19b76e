/// A topic as a source writes it, understood: which devices and which properties it names.
///
/// Every reading has the topic `telemetry/{device}/{property}`. `telemetry/{device}` stands for the
/// whole datagram, whose row has a field for each property.
struct TopicFilter: Hashable, Sendable {
    /// Nil for any.
    var device: String?
    /// Nil for any; without meaning where `isWholeDatagram`.
    var property: String?
    var isWholeDatagram: Bool

    enum Problem: Error {
        case empty, emptySegment(Int), wildcardInsideSegment(String), hashNotLast
        case notTelemetry(String)
        case tooDeep
    }

    /// Every property of every device.
    init() { isWholeDatagram = false }

    /// Reads `telemetry/+/temperature`, `telemetry/+`, `telemetry/#`.
    init(_ text: String) throws(Problem) {
        guard !text.isEmpty else { throw .empty }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        for (place, segment) in segments.enumerated() {
            if segment.isEmpty { throw .emptySegment(place) }
            if segment.count > 1, segment.contains("+") || segment.contains("#") {
                throw .wildcardInsideSegment(segment)
            }
            if segment == "#", place != segments.count - 1 { throw .hashNotLast }
        }
        guard ["telemetry", "+", "#"].contains(segments[0]) else {
            throw .notTelemetry(segments[0])
        }
        // A final # also stands for no segment at all, as in MQTT.
        let isOpen = segments[segments.count - 1] == "#"
        guard segments.count <= 3 || segments.count == 4 && isOpen else { throw .tooDeep }
        guard segments.count > 1 || isOpen else { throw .tooDeep }
        func name(_ place: Int) -> String? {
            guard place < segments.count, segments[place] != "+", segments[place] != "#" else {
                return nil
            }
            return segments[place]
        }
        device = name(1)
        property = name(2)
        isWholeDatagram = segments.count == 2 && !isOpen
    }
}
