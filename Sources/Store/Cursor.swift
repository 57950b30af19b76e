import CLMDB

/// A place in a table. Lives inside the closure of `Transaction.withCursor`, hence inside its
/// transaction, as lmdb.h wants.
@safe struct Cursor: ~Copyable {
    private let handle: OpaquePointer
    private var currentKey = unsafe MDB_val()
    private var currentValue = unsafe MDB_val()

    init(_ transaction: borrowing Transaction, _ database: MDB_dbi) throws(StoreError) {
        var opened: OpaquePointer?
        // Safe: the transaction is open and `opened` outlives the call.
        try check("open cursor", unsafe mdb_cursor_open(transaction.handle, database, &opened))
        guard let cursor = unsafe opened else { throw .damaged(table: "cursor") }
        unsafe handle = cursor
    }

    // Safe: closed once, before its transaction ends.
    deinit { unsafe mdb_cursor_close(handle) }

    /// The moves answer false where there is no such row.
    mutating func first() throws(StoreError) -> Bool { try move(MDB_FIRST) }
    mutating func last() throws(StoreError) -> Bool { try move(MDB_LAST) }
    mutating func next() throws(StoreError) -> Bool { try move(MDB_NEXT) }
    mutating func previous() throws(StoreError) -> Bool { try move(MDB_PREV) }

    /// To the first row whose key is `key` or greater.
    mutating func seek(_ key: [UInt8]) throws(StoreError) -> Bool {
        // Safe: LMDB reads the key during the call and then points currentKey at its own memory.
        let code = unsafe key.withUnsafeBytes { buffer in
            unsafe currentKey = MDB_val(
                mv_size: buffer.count,
                mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
            return unsafe mdb_cursor_get(handle, &currentKey, &currentValue, MDB_SET_RANGE)
        }
        return try arrived(code)
    }

    /// To the last row whose key is less than `key`.
    mutating func seek(before key: [UInt8]) throws(StoreError) -> Bool {
        try seek(key) ? try previous() : try last()
    }

    /// Deletes the row it stands on; `next` then goes to the row after.
    mutating func delete() throws(StoreError) {
        // Safe: the cursor stands on a row.
        try check("delete", unsafe mdb_cursor_del(handle, 0))
    }

    var key: [UInt8] { unsafe currentKey.copied }
    var value: [UInt8] { unsafe currentValue.copied }
    /// The value's first bytes, without touching its other pages.
    func valuePrefix(_ count: Int) -> [UInt8] {
        // Safe: LMDB's pair of pointer and size, read at once.
        unsafe [UInt8](
            UnsafeRawBufferPointer(
                start: currentValue.mv_data, count: min(count, currentValue.mv_size)))
    }
    /// The value's size, without touching its pages.
    var valueCount: Int { unsafe currentValue.mv_size }

    /// The number that a key or value of the free list starts with, in the machine's byte order.
    var nativeKey: UInt { unsafe currentKey.leadingWord }
    var nativeValue: UInt { unsafe currentValue.leadingWord }

    private mutating func move(_ operation: MDB_cursor_op) throws(StoreError) -> Bool {
        // Safe: the cursor is open; both values point into the transaction's pages.
        try arrived(unsafe mdb_cursor_get(handle, &currentKey, &currentValue, operation))
    }

    private func arrived(_ code: Int32) throws(StoreError) -> Bool {
        if code == MDB_NOTFOUND { return false }
        try check("move cursor", code)
        return true
    }
}

extension MDB_val {
    fileprivate var leadingWord: UInt {
        // Safe: LMDB's size of the bytes at mv_data.
        guard unsafe mv_size >= MemoryLayout<UInt>.size else { return 0 }
        return unsafe UnsafeRawPointer(mv_data).loadUnaligned(as: UInt.self)
    }
}
