import CLMDB
import Glibc

/// Why a store could not be opened, read or written.
package enum StoreError: Error, Hashable, Sendable {
    case notADirectory(path: String)
    /// The directory holds `file`, and no store of ours.
    case foreignFile(path: String, file: String)
    /// The database in the directory is not one of ours.
    case foreignDatabase(path: String)
    case newerSchema(path: String, found: UInt64, known: UInt64)
    /// Another process (0 where unknown) has the store open.
    case inUse(path: String, process: Int32)
    /// There is no store to read.
    case absent(path: String)
    /// Stored rows contradict each other.
    case damaged(table: String)
    case mapFull
    case diskFull
    /// A system call failed with `errno`.
    case system(operation: String, code: Int32)
    /// LMDB answered with a code of its own.
    case database(operation: String, code: Int32)

    /// The error behind a result of LMDB, which is 0, an errno or one of its negative codes.
    init(_ operation: String, _ code: Int32) {
        switch code {
        case MDB_MAP_FULL: self = .mapFull
        case ENOSPC, EDQUOT: self = .diskFull
        case ..<0: self = .database(operation: operation, code: code)
        default: self = .system(operation: operation, code: code)
        }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notADirectory(let path): "\(path) is not a directory"
        case .foreignFile(let path, let file):
            "\(path) holds other files (\(file)) and no iotflow store; give an empty directory"
        case .foreignDatabase(let path):
            "the database in \(path) belongs to another program; give an empty directory"
        case .newerSchema(let path, let found, let known):
            "the store in \(path) has schema version \(found); this program knows versions up to"
                + " \(known): install a newer iotflow"
        case .inUse(let path, 0): "another process has the store in \(path) open"
        case .inUse(let path, let process): "process \(process) has the store in \(path) open"
        case .absent(let path): "there is no store in \(path)"
        case .damaged(let table): "the table '\(table)' of the store is damaged"
        case .mapFull: "the store has reached its size limit"
        case .diskFull: "the disk is full"
        case .system(let operation, let code), .database(let operation, let code):
            // Safe: LMDB answers every code with a static string.
            "\(operation): \(unsafe String(cString: mdb_strerror(code)))"
        }
    }
}
