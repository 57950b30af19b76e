import Glibc

/// A system call that the loop cannot do without failed.
package struct LoopError: Error, Hashable, Sendable, CustomStringConvertible {
    package var call: String
    package var errno: Int32

    init(_ call: String, errno: Int32 = Glibc.errno) {
        self.call = call
        self.errno = errno
    }

    package var description: String {
        // strerror answers a static, terminated string.
        unsafe "\(call): \(String(cString: strerror(errno)))"
    }
}
