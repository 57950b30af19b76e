import CLMDB

/// A transaction of LMDB. Ends with `commit`; when it goes out of scope otherwise, it is aborted.
///
/// Values are copied out: LMDB's own memory is valid only until the transaction writes or ends.
@safe struct Transaction: ~Copyable {
    let handle: OpaquePointer
    /// Kept so that the environment outlives its transactions.
    private let environment: Environment
    private var isOpen = true

    enum Kind { case read, write }

    init(_ environment: Environment, _ kind: Kind) throws(StoreError) {
        self.environment = environment
        let flags = kind == .read ? UInt32(MDB_RDONLY) : 0
        var begun: OpaquePointer?
        // Safe: the environment is open and `begun` outlives the call.
        var code = unsafe mdb_txn_begin(environment.handle, nil, flags, &begun)
        if code == MDB_MAP_RESIZED {
            // Another process made the file larger: size 0 takes its size over.
            // Safe: as above.
            unsafe mdb_env_set_mapsize(environment.handle, 0)
            unsafe code = mdb_txn_begin(environment.handle, nil, flags, &begun)
        }
        try check("begin transaction", code)
        guard let transaction = unsafe begun else { throw .damaged(table: "environment") }
        unsafe handle = transaction
    }

    // Safe: the handle is valid until one of commit and abort has been called.
    deinit { if isOpen { unsafe mdb_txn_abort(handle) } }

    /// Makes everything durable, or nothing. The transaction is over in either case.
    consuming func commit() throws(StoreError) {
        isOpen = false
        // Safe: the handle is freed by this call, whatever it answers, and never used again.
        try check("commit", unsafe mdb_txn_commit(handle))
    }

    func has(_ table: Table) -> Bool { environment.has(table) }

    func get(_ table: Table, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        var found: [UInt8]?
        let code = unsafe withValue(key) { key in
            // Safe: the key lives in the closure, and the value until the transaction writes.
            var value = unsafe MDB_val()
            let code = unsafe mdb_get(handle, environment.database(table), &key, &value)
            if code == 0 { unsafe found = value.copied }
            return code
        }
        if code == MDB_NOTFOUND { return nil }
        try check("get from \(table.name)", code)
        return found
    }

    enum PutMode {
        case replace
        /// Leaves a row that is there as it is.
        case keep
        /// The key is greater than all others: pages are filled to the brim.
        case append
    }

    /// False when the row was there and is kept.
    @discardableResult
    func put(
        _ table: Table, _ key: [UInt8], _ value: [UInt8], _ mode: PutMode = .replace
    ) throws(StoreError) -> Bool {
        let flags =
            switch mode {
            case .replace: UInt32(0)
            case .keep: UInt32(MDB_NOOVERWRITE)
            case .append: UInt32(MDB_APPEND)
            }
        let code = unsafe withValue(key) { key in
            unsafe withValue(value) { value in
                // Safe: both live in the closures, and LMDB copies them.
                unsafe mdb_put(handle, environment.database(table), &key, &value, flags)
            }
        }
        if code == MDB_KEYEXIST, mode == .keep { return false }
        try check("put into \(table.name)", code)
        return true
    }

    /// False when there was no such row.
    @discardableResult
    func delete(_ table: Table, _ key: [UInt8]) throws(StoreError) -> Bool {
        let code = unsafe withValue(key) { key in
            // Safe: the key lives in the closure.
            unsafe mdb_del(handle, environment.database(table), &key, nil)
        }
        if code == MDB_NOTFOUND { return false }
        try check("delete from \(table.name)", code)
        return true
    }

    func withCursor<Result>(
        _ table: Table, _ body: (inout Cursor) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try withCursor(database: environment.database(table), body)
    }

    /// The free list is database 0.
    func withCursor<Result>(
        database: MDB_dbi, _ body: (inout Cursor) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        var cursor = try Cursor(self, database)
        return try body(&cursor)
    }

    /// How many rows a database has; the directory of the tables is database 1.
    func entryCount(of database: MDB_dbi) throws(StoreError) -> Int {
        var statistics = MDB_stat()
        // Safe: the transaction is open and `statistics` outlives the call.
        try check("stat", unsafe mdb_stat(handle, database, &statistics))
        return statistics.ms_entries
    }
}

/// Lends bytes to LMDB for one call. LMDB never writes through the pointer of a key or of a value
/// put.
private func withValue(_ bytes: [UInt8], _ body: (inout MDB_val) -> Int32) -> Int32 {
    // Safe: the buffer is valid for as long as `body` runs.
    unsafe bytes.withUnsafeBytes { buffer in
        var value = unsafe MDB_val(
            mv_size: buffer.count, mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
        return unsafe body(&value)
    }
}

extension MDB_val {
    /// The bytes, copied.
    var copied: [UInt8] {
        // Safe: LMDB's pair of pointer and size, read at once.
        unsafe [UInt8](UnsafeRawBufferPointer(start: mv_data, count: mv_size))
    }
}
