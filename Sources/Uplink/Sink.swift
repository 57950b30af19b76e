package import Model

/// Records of one lane that travel together, as JSON objects in UTF-8 without line breaks.
package struct Message: Hashable, Sendable {
    /// Names this message between `Delivery` and its sink; never used twice in a process.
    package var number: UInt64
    package var lane: OutboxRecord.Kind
    package var objects: [[UInt8]] = []

    package init(number: UInt64, lane: OutboxRecord.Kind, objects: [[UInt8]] = []) {
        self.number = number
        self.lane = lane
        self.objects = objects
    }
}

/// What a sink has to say.
enum SinkEvent: Hashable, Sendable {
    case opened
    case acknowledged(message: UInt64)
    /// The sink closed itself; it can be opened again.
    case failed(UplinkError)
}

/// Something that records are delivered to. Owned by one thread; no call waits longer than a disk
/// write or a name lookup takes. Outcomes are events, fetched with `run`.
protocol Sink: AnyObject {
    /// Starts opening; `.opened` or `.failed` follows.
    func open(at now: Instant)
    /// Sends while open; `.acknowledged` or `.failed` follows.
    func send(_ message: Message)
    /// Does what can be done at once and returns what happened since the last call, in order.
    func run(at now: Instant) -> [SinkEvent]
    /// Lets go of everything; no event follows.
    func close()
    /// What to wait for before the next `run`; nil where nothing comes by itself.
    var interest: SinkInterest? { get }
}

/// A descriptor to poll, and when to call `run` though nothing happened on it.
struct SinkInterest: Hashable, Sendable {
    var descriptor: Int32
    var wantsRead: Bool
    var wantsWrite: Bool
    var deadline: Instant

    init(descriptor: Int32, wantsRead: Bool, wantsWrite: Bool, deadline: Instant) {
        self.descriptor = descriptor
        self.wantsRead = wantsRead
        self.wantsWrite = wantsWrite
        self.deadline = deadline
    }
}
