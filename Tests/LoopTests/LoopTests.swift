import Foundation
import Loop
import Testing

@Suite struct LoopTests {
    @Test func aDeadlineEndsTheWait() throws {
        let loop = try EventLoop()
        let start = Clock.monotonic
        #expect(try loop.wait(until: start + 20).isEmpty)
        #expect(Clock.monotonic >= start + 20)
        #expect(try loop.wait(until: 0).isEmpty)
    }

    @Test func anotherThreadWakesTheLoop() throws {
        let loop = try EventLoop()
        let waker = try Waker()
        try loop.watch(fd: waker.fd)
        Thread.detachNewThread { waker.wake() }
        #expect(try loop.wait(until: Clock.monotonic + 5_000) == [waker.fd])
        #expect(waker.clear())
        #expect(!waker.clear())
        #expect(try loop.wait(until: 0).isEmpty)
    }

    @Test func wakesThatComeTogetherAreOne() throws {
        let waker = try Waker()
        for _ in 0..<1_000 { waker.wake() }
        #expect(waker.clear())
        #expect(!waker.clear())
    }

    @Test func onlyWatchedDescriptorsAreReported() throws {
        let loop = try EventLoop()
        let (first, second) = (try Waker(), try Waker())
        try loop.watch(fd: first.fd)
        try loop.watch(fd: second.fd)
        try loop.watch(fd: second.fd)
        first.wake()
        second.wake()
        #expect(Set(try loop.wait(until: nil)) == [first.fd, second.fd])
        loop.unwatch(fd: first.fd)
        #expect(try loop.wait(until: nil) == [second.fd])
        loop.unwatch(fd: second.fd)
        #expect(try loop.wait(until: 0).isEmpty)
        #expect(throws: LoopError.self) { try loop.watch(fd: -1) }
    }

    @Test func signalsAreWaitedFor() async {
        // In a process of its own: the mask is the thread's and its children's.
        await #expect(processExitsWith: .exitCode(7)) {
            let signals = try Signals()
            let loop = try EventLoop()
            try loop.watch(fd: signals.fd)
            raise(SIGHUP)
            guard try loop.wait(until: Clock.monotonic + 5_000) == [signals.fd],
                signals.next() == .reload
            else { exit(1) }
            raise(SIGTERM)
            guard try loop.wait(until: Clock.monotonic + 5_000) == [signals.fd],
                signals.next() == .stop, signals.next() == nil
            else { exit(2) }
            exit(7)
        }
    }

    @Test func theWallClockIsTheSystems() {
        let seconds = Date().timeIntervalSince1970 * 1_000
        #expect(abs(Double(Clock.now) - seconds) < 5_000)
    }
}
