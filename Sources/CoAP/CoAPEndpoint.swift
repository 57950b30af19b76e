import CCoAP
import Glibc

/// All of libcoap behind one type: listeners, sessions, requests in and out. One thread owns it.
///
/// The owner waits for `fd` in its loop, calls `drain` when it is readable and `tick` when
/// `nextTick` is due. Handlers run inside those calls. Block-wise transfer, repeats and owed
/// answers are kept here and not in libcoap, whose block mode stays off.
@safe package final class CoAPEndpoint {
    /// Called for each request that is no repeat.
    package var onRequest: (Request) -> Disposition = { _ in
        .reply(.error(.notFound, "nothing here"))
    }
    /// Called once for each request of ours that `send` accepted.
    package var onCompletion: (Token, Completion) -> Void = { _, _ in }
    /// Called when something is heard of a peer that got a notification or a ping.
    package var onSign: (SocketAddress, Sign) -> Void = { _, _ in }

    /// Called when somebody, nobody knows who, has reset a message with this Message-ID.
    package var onDoubt: (UInt16) -> Void = { _ in }

    package let configuration: Configuration
    /// The addresses listened on, with the ports that were bound.
    package private(set) var listeners: [SocketAddress] = []

    // Safe: all of libcoap's pointers below are used by the one thread that owns the endpoint;
    // sessions are referenced, or removed from the tables when libcoap says that they end.
    let context: OpaquePointer
    var peerSessions: [UInt64: OpaquePointer] = unsafe [:]
    var clientSessions: [SocketAddress: ClientSession] = [:]
    private let events: UnsafeMutablePointer<epoll_event>
    private let copies: UnsafeMutablePointer<epoll_event>

    var request = Request()
    var tally = Counters()
    var exchanges: ExchangeTable
    var owed: DeferredReplies
    var outstanding: [Token: Outstanding] = [:]
    var asked: [SocketAddress: Asked] = [:]
    /// Peers that the network refused since the last look.
    var refusing: Set<SocketAddress> = []
    /// Peers that were asked whether they are there, and have not answered.
    var questioned: Set<SocketAddress> = []
    /// Datagrams that reached a callback; what a batch is measured by.
    var arrivals = 0
    /// Monotonic milliseconds, as the owner said last.
    var now: UInt64 = 0
    var isDraining = false
    private var sockets: [ListeningSocket] = []
    private var batch = 8
    private var nextDeadlineCheck: UInt64 = 0

    /// Large enough that an oversized request is seen, and refused, rather than taken for rubbish.
    static let mtu = UInt32(COAP_RXBUFFER_SIZE) + 64

    private static let eventsMax = 16
    /// Milliseconds between two looks at what has timed out.
    private static let tickInterval: UInt64 = 250

    package init(_ configuration: Configuration = Configuration()) throws(CoAPError) {
        LibraryLog.attach()
        guard let context = unsafe coap_new_context(nil) else { throw .unavailable }
        unsafe self.context = context
        self.configuration = configuration
        exchanges = ExchangeTable(
            capacity: configuration.exchangesMax,
            capacityPerPeer: configuration.exchangesPerPeerMax)
        owed = DeferredReplies(capacity: configuration.deferredMax)
        unsafe events = .allocate(capacity: Self.eventsMax)
        unsafe copies = .allocate(capacity: Self.eventsMax * max(configuration.batchMax, 1))
        // libcoap hands this pointer back in its callbacks; `deinit` withdraws them first.
        unsafe coap_set_app_data(context, Unmanaged.passUnretained(self).toOpaque())
        unsafe coap_context_set_block_mode(context, 0)
        unsafe coap_context_set_session_timeout(context, configuration.sessionTimeoutSeconds)
        unsafe coap_context_set_max_idle_sessions(context, configuration.idleSessionsMax)
        unsafe coap_context_set_max_handshake_sessions(context, configuration.handshakesMax)
        unsafe Callbacks.register(in: context)
    }

    deinit {
        unsafe Callbacks.withdraw(from: context)
        for reply in owed.takeAll() { unsafe coap_session_release(reply.session) }
        for session in clientSessions.values { unsafe coap_session_release(session.pointer) }
        // Frees listeners, peer sessions and queues; nothing of ours points there any more.
        unsafe coap_free_context(context)
        unsafe events.deallocate()
        unsafe copies.deallocate()
    }

    /// Readable when there are datagrams or libcoap's timers are due.
    package var fd: Int32 { unsafe coap_context_get_coap_fd(context) }

    package var counters: Counters {
        var counters = tally
        counters.deferred = UInt64(owed.count)
        counters.receiveDrops = sockets.reduce(0) { $0 + $1.drops }
        counters.exchangeEvictions = exchanges.evictions
        counters.exchangePeerEvictions = exchanges.peerEvictions
        return counters
    }

    /// Opens a UDP listener without security and returns its address with the port bound; port 0
    /// takes a free one. `0.0.0.0` and `[::]` may have the same port.
    @discardableResult
    package func listen(on address: SocketAddress) throws(CoAPError) -> SocketAddress {
        guard let bound = address.claimed else { throw .addressInUse(address) }
        var native = bound.libcoap
        guard let endpoint = unsafe coap_new_endpoint(context, &native, COAP_PROTO_UDP) else {
            throw .cannotListen(address)
        }
        unsafe coap_endpoint_set_default_mtu(endpoint, Self.mtu)
        if let socket = ListeningSocket(boundTo: bound) {
            socket.setReceiveBuffer(configuration.receiveBufferBytes)
            sockets.append(socket)
        }
        listeners.append(bound)
        return bound
    }

    /// Takes the datagrams that wait, about `budget` of them at most, and answers how many.
    ///
    /// libcoap reads one datagram for each event it is shown and looks through all sessions
    /// afterwards. So it is shown the same event many times; what is too much reads nothing.
    @discardableResult
    package func drain(budget: Int, now: UInt64) -> Int {
        self.now = now
        isDraining = true
        defer { isDraining = false }
        var taken = 0
        while taken < budget {
            // The kernel writes at most `eventsMax` events.
            let ready = unsafe Int(epoll_wait(fd, events, Int32(Self.eventsMax), 0))
            guard ready > 0 else { break }
            let repeats = max(1, min(batch, configuration.batchMax, budget - taken))
            var count = 0
            for index in 0..<ready {
                // An event without a pointer is the timer, which wants to be seen once.
                let times = unsafe events[index].data.ptr == nil ? 1 : repeats
                for _ in 0..<times {
                    unsafe copies[count] = events[index]
                    count += 1
                }
            }
            let before = arrivals
            // libcoap reads the `count` events, whose pointers are its own sockets.
            unsafe coap_io_do_epoll(context, copies, count)
            if !refusing.isEmpty { settleRefusing() }
            if let messageID = LibraryLog.takeReset() { onDoubt(messageID) }
            let got = arrivals - before
            taken += got
            // Nothing is left, or only what reaches no callback. Stragglers wait for the next turn:
            // looking for them now would go through all sessions again.
            if got < repeats {
                batch = max(8, got + got / 4)
                break
            }
            batch = min(repeats * 2, configuration.batchMax)
        }
        return taken
    }

    /// When `tick` wants to be called next, monotonic milliseconds.
    package var nextTick: UInt64 { nextDeadlineCheck }

    /// Ends what has timed out. Cheap when called early.
    package func tick(now: UInt64) {
        self.now = now
        guard now >= nextDeadlineCheck else { return }
        nextDeadlineCheck = now + Self.tickInterval
        var ticks: coap_tick_t = 0
        unsafe coap_ticks(&ticks)
        // Retransmits what is due and closes idle sessions.
        _ = unsafe coap_io_prepare_epoll(context, ticks)
        if !refusing.isEmpty { settleRefusing() }
        expireOutstanding()
        trimClientSessions(to: configuration.clientSessionsMax)
    }

    /// Seconds for the exchange table.
    var second: UInt32 { UInt32(truncatingIfNeeded: now / 1_000) }
}
