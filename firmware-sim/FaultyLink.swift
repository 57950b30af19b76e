import CoAP
import Glibc
import Model
import Simulation

/// A bad network between one device and the server: a UDP socket of its own that both talk to, and
/// that loses, doubles and holds back their datagrams.
final class FaultyLink {
    /// Watch this one, and call `forward` when it is readable.
    let descriptor: Int32
    /// Where the device finds its server.
    let address: SocketAddress
    private let device: RawAddress
    private let server: RawAddress
    private let faults: Faults
    private var random: SplitMix64
    private var held: [Datagram] = []
    private var buffer = [UInt8](repeating: 0, count: 2048)
    /// Lost, doubled and held so far, and come while the device slept.
    private(set) var counts = (lost: 0, doubled: 0, held: 0, asleep: 0)
    /// So long after its own last datagram the device listens; nil for always.
    private let awakeWindow: Milliseconds?
    private var awakeUntil: UInt64 = 0

    /// Datagrams held at one time; more go on at once.
    private static let heldMax = 64

    private struct Datagram {
        var due: UInt64
        var bytes: [UInt8]
        var isForDevice: Bool
    }

    /// - Parameter bind: the address to have; its port is chosen by the kernel.
    init?(
        bind: SocketAddress, device: SocketAddress, server: SocketAddress, faults: Faults,
        awakeWindow: Milliseconds?, random: SplitMix64
    ) {
        self.faults = faults
        self.awakeWindow = awakeWindow
        self.random = random
        self.device = RawAddress(device.reachable)
        self.server = RawAddress(server)
        let family = bind.family == .ipv4 ? AF_INET : AF_INET6
        let descriptor = socket(
            family, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        var own = RawAddress(bind)
        let isBound = unsafe own.withPointer { address, size in
            // The kernel reads the address and writes back what it bound.
            unsafe Glibc.bind(descriptor, address, size.pointee) == 0
                && getsockname(descriptor, address, size) == 0
        }
        var address = bind
        address.port = own.port
        self.address = address.reachable
        // From here on `deinit` closes the socket.
        guard isBound else { return nil }
    }

    deinit { close(descriptor) }

    /// When the next datagram that is held goes on.
    var due: UInt64? { held.map(\.due).min() }

    /// Takes what has arrived, and lets go what was held long enough.
    func forward(now: UInt64) {
        for _ in 0..<64 {
            var source = RawAddress()
            let count = unsafe source.withPointer { address, size in
                // The kernel writes into our own buffer and address, within their sizes.
                unsafe recvfrom(descriptor, &buffer, buffer.count, 0, address, size)
            }
            guard count >= 0 else { break }
            let isForDevice = source == server
            guard isForDevice || source.port == device.port else { continue }
            deal(Array(buffer.prefix(count)), isForDevice: isForDevice, now: now)
        }
        release(now: now)
    }

    private func deal(_ bytes: [UInt8], isForDevice: Bool, now: UInt64) {
        if let awakeWindow {
            if !isForDevice { awakeUntil = now + UInt64(max(0, awakeWindow.count)) }
            guard now <= awakeUntil else {
                counts.asleep += 1
                return
            }
        }
        let fate = faults.fate(&random)
        if fate.copies == 0 { counts.lost += 1 }
        if fate.copies > 1 { counts.doubled += 1 }
        for copy in 0..<fate.copies {
            // Only one of two copies is late, as on a network with two ways.
            guard copy == 0, fate.delay > .zero, held.count < FaultyLink.heldMax else {
                send(bytes, isForDevice: isForDevice)
                continue
            }
            counts.held += 1
            held.append(
                Datagram(
                    due: now + UInt64(fate.delay.count), bytes: bytes, isForDevice: isForDevice))
        }
    }

    private func release(now: UInt64) {
        guard held.contains(where: { $0.due <= now }) else { return }
        for datagram in held.filter({ $0.due <= now }).sorted(by: { $0.due < $1.due }) {
            send(datagram.bytes, isForDevice: datagram.isForDevice)
        }
        held.removeAll { $0.due <= now }
    }

    private func send(_ bytes: [UInt8], isForDevice: Bool) {
        var target = isForDevice ? device : server
        // The kernel copies bytes and address.
        _ = unsafe target.withPointer { address, size in
            unsafe sendto(descriptor, bytes, bytes.count, 0, address, size.pointee)
        }
    }
}

extension SocketAddress {
    /// Where something bound to this address is reached from this machine.
    var reachable: SocketAddress {
        guard host == 0 else { return self }
        return SocketAddress(
            family: family, host: family == .ipv4 ? 0x7f00_0001 : 1, port: port, scope: scope)
    }
}

/// A socket address as the kernel has it.
private struct RawAddress: Equatable {
    private var storage = sockaddr_storage()
    private var size = socklen_t(MemoryLayout<sockaddr_storage>.size)

    init() {}

    init(_ address: SocketAddress) {
        var bytes: [UInt8] = []
        let family = address.family == .ipv4 ? AF_INET : AF_INET6
        unsafe withUnsafeBytes(of: UInt16(family)) { bytes += unsafe Array($0) }
        unsafe withUnsafeBytes(of: address.port.bigEndian) { bytes += unsafe Array($0) }
        switch address.family {
        case .ipv4:
            let host = UInt32(truncatingIfNeeded: address.host).bigEndian
            unsafe withUnsafeBytes(of: host) { bytes += unsafe Array($0) }
            bytes += [UInt8](repeating: 0, count: 8)
        case .ipv6:
            // Flow label, address, interface.
            bytes += [UInt8](repeating: 0, count: 4)
            unsafe withUnsafeBytes(of: address.host.bigEndian) { bytes += unsafe Array($0) }
            unsafe withUnsafeBytes(of: address.scope) { bytes += unsafe Array($0) }
        }
        size = socklen_t(bytes.count)
        // `bytes` are 16 or 28, the storage is 128.
        unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyBytes(from: bytes) }
    }

    /// In both families the port follows the family's two bytes.
    var port: UInt16 {
        unsafe withUnsafeBytes(of: storage) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
    }

    mutating func withPointer<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        // sockaddr is the common beginning of all addresses that the storage is for.
        unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe body(address, &size)
            }
        }
    }

    static func == (left: RawAddress, right: RawAddress) -> Bool {
        guard left.size == right.size else { return false }
        // The kernel wrote `size` bytes of each; what lies between the fields is zero.
        return unsafe withUnsafeBytes(of: left.storage) { first in
            unsafe withUnsafeBytes(of: right.storage) { second in
                unsafe first.prefix(Int(left.size)).elementsEqual(second.prefix(Int(left.size)))
            }
        }
    }
}
