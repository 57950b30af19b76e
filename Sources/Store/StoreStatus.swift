import CLMDB

/// Whether the store makes progress. Anything but `ready` is reported, retried and survived.
package struct StoreStatus: Hashable, Sendable {
    package var state: State
    /// Since when, in monotonic nanoseconds.
    package var since: UInt64

    package enum State: Hashable, Sendable {
        case ready
        /// The file has reached its limit; what the policy allows is being freed.
        case mapFull
        case diskFull
        /// Commits fail with this errno (positive) or LMDB code (negative).
        case failed(Int32)
    }

    /// Writing a meta page failed, so LMDB refuses all further writing: only opening the store anew
    /// helps, that is a restart. Everything reported as committed is safe.
    package var needsRestart: Bool { state == .failed(MDB_PANIC) }
}

extension StoreStatus.State: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ready: "ready"
        case .mapFull: "\(StoreError.mapFull)"
        case .diskFull: "\(StoreError.diskFull)"
        case .failed(let code): "\(StoreError("commit", code))"
        }
    }
}
