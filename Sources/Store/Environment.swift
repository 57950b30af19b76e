import CLMDB
import Glibc

/// One open LMDB file.
///
/// The caveats of lmdb.h that the rest of this room relies on:
/// - A process may have a file open once only: closing a second handle drops the locks of the
///   first. `DirectoryLock` sees to it.
/// - A write transaction belongs to the thread that began it, and there is one at a time. After
///   opening, that is the writer thread.
/// - Readers never block the writer, but pages freed after the oldest reader began cannot be used
///   again while it lives: read transactions are short, and none waits for anything.
/// - With MDB_NOTLS a read transaction belongs to its object, not to its thread.
/// - The environment does not survive `fork`.
/// - MDB_MAP_FULL and ENOSPC may appear at any put and at the commit. The transaction is then
///   aborted as a whole, which leaves the file as it was.
@safe final class Environment: @unchecked Sendable {
    // Safe: LMDB allows an environment and its table handles to be used from all threads; both are
    // set before the object is shared.
    let handle: OpaquePointer
    private var tables: [MDB_dbi] = []

    /// False for a table that the version which made the store did not know.
    func has(_ table: Table) -> Bool { table.rawValue < tables.count }

    enum Mode {
        case readWrite(mapSize: Int)
        case readOnly
        /// Without a lock file: for looking at a file that nobody can be writing.
        case inspect
    }

    static let pageSize = 4096

    /// Opens `data.mdb` in the directory. Creates it in the mode `readWrite` only.
    init(directory: String, mode: Mode) throws(StoreError) {
        var created: OpaquePointer?
        // Safe: `created` outlives the call.
        try check("create environment", unsafe mdb_env_create(&created))
        guard let environment = unsafe created else {
            throw .system(operation: "create environment", code: ENOMEM)
        }
        // Safe: a handle fresh from mdb_env_create, closed here on failure and in deinit otherwise.
        unsafe handle = environment
        unsafe mdb_env_set_maxdbs(environment, MDB_dbi(Table.allCases.count))
        unsafe mdb_env_set_maxreaders(environment, 64)
        var flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD)
        switch mode {
        case .readWrite(let mapSize): unsafe mdb_env_set_mapsize(environment, mapSize)
        case .readOnly: flags |= UInt32(MDB_RDONLY)
        case .inspect: flags |= UInt32(MDB_RDONLY) | UInt32(MDB_NOLOCK)
        }
        try check("open \(directory)", unsafe mdb_env_open(environment, directory, flags, 0o640))
    }

    // Safe: whoever has a transaction refers to the environment, so there is none any more.
    deinit { unsafe mdb_env_close(handle) }

    /// Opens tables, from the first of them on, before anything else is done. False where one is
    /// missing.
    func openTables(_ wanted: [Table] = Table.allCases) throws(StoreError) -> Bool {
        let transaction = try Transaction(self, .read)
        guard let opened = try Environment.open(wanted, transaction, flags: 0) else { return false }
        // LMDB keeps the handles only if the transaction is committed, a reading one too.
        try transaction.commit()
        tables = opened
        return true
    }

    /// Creates all tables and lets `body` fill them, in one transaction.
    func createTables<Result>(
        _ body: (borrowing Transaction) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let transaction = try Transaction(self, .write)
        tables = try Environment.open(Table.allCases, transaction, flags: UInt32(MDB_CREATE)) ?? []
        let result = try body(transaction)
        try transaction.commit()
        return result
    }

    private static func open(
        _ wanted: [Table], _ transaction: borrowing Transaction, flags: UInt32
    ) throws(StoreError) -> [MDB_dbi]? {
        var opened: [MDB_dbi] = []
        for table in wanted {
            var database: MDB_dbi = 0
            // Safe: the transaction is open and `database` outlives the call.
            let code = unsafe mdb_dbi_open(transaction.handle, table.name, flags, &database)
            if code == MDB_NOTFOUND, Table.later.contains(table) { break }
            if code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE { return nil }
            try check("open table \(table.name)", code)
            opened.append(database)
        }
        return opened
    }

    /// True for a file that nobody has put anything into.
    func isEmpty() throws(StoreError) -> Bool {
        let transaction = try Transaction(self, .read)
        return try transaction.entryCount(of: 1) == 0
    }

    func database(_ table: Table) -> MDB_dbi { tables[table.rawValue] }

    func read<Result>(
        _ body: (borrowing Transaction) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let transaction = try Transaction(self, .read)
        return try body(transaction)
    }

    /// The last page ever used, the last transaction, and the map's size in bytes.
    var usage: (lastPage: Int, lastTransaction: UInt, mapSize: Int) {
        var info = unsafe MDB_envinfo()
        // Safe: the environment is open and `info` outlives the call.
        unsafe mdb_env_info(handle, &info)
        return unsafe (info.me_last_pgno, UInt(info.me_last_txnid), info.me_mapsize)
    }

    /// Pages that the next write transaction may use again, when there are no readers.
    func freePages() throws(StoreError) -> Int {
        let usable = usage.lastTransaction
        let transaction = try Transaction(self, .read)
        return try transaction.withCursor(database: 0) { cursor throws(StoreError) in
            var pages = 0
            var found = try cursor.first()
            // A record of the free list: transaction number -> count, then that many page numbers.
            while found, cursor.nativeKey < usable {
                pages += Int(cursor.nativeValue)
                found = try cursor.next()
            }
            return pages
        }
    }

    /// Forgets readers of processes that died, which would otherwise pin old pages.
    func clearDeadReaders() {
        var dead: Int32 = 0
        // Safe: the environment is open and `dead` outlives the call.
        unsafe mdb_reader_check(handle, &dead)
    }
}

/// Throws what LMDB's `code` means.
func check(_ operation: @autoclosure () -> String, _ code: Int32) throws(StoreError) {
    if code != 0 { throw StoreError(operation(), code) }
}
