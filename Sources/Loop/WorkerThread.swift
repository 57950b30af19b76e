import CLinux
import Glibc

/// A named POSIX thread that runs one closure and can be joined.
///
/// Signals are blocked on it, so that they reach the thread that waits for them.
@safe package final class WorkerThread: @unchecked Sendable {
    // Safe: the handle is written once, before the object is shared.
    private let thread: pthread_t

    /// Starts the thread; nil when the system has no more of them. `name` is cut to 15 bytes.
    package init?(name: String, _ body: @escaping @Sendable () -> Void) {
        // Safe: the box is consumed exactly once, by the thread, or here when there is none.
        let box = unsafe Unmanaged.passRetained(Body(name: String(name.prefix(15)), body))
        var all = sigset_t()
        var before = sigset_t()
        var thread = pthread_t()
        // Safe: three locals that outlive the calls; the mask is inherited by the new thread.
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = unsafe pthread_create(&thread, nil, runBody, box.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe box.release()
            return nil
        }
        self.thread = thread
    }

    /// Lets the thread clean up after itself: nobody will join it. Call once.
    package func detach() { pthread_detach(thread) }

    /// Waits until the closure has returned. Call once, from another thread.
    package func join() {
        pthread_join(thread, nil)
    }
}

private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, _ run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

private func runBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Safe: the one consumption of the box that `init` retained.
    let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
    // pthread_setname_np is not in Glibc's module; the kernel has a file for it.
    // Safe: the path is a literal.
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    if file >= 0 {
        // Safe: the kernel copies the string. A thread without a name does as well.
        _ = unsafe write(file, body.name, body.name.utf8.count)
        close(file)
    }
    body.run()
    return nil
}
