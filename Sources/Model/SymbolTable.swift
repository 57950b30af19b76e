/// Names interned to small stable numbers, looked up by raw UTF-8 without building a `String`.
///
/// Devices and properties are named millions of times a minute and stored by number. Numbers are
/// handed out in order and never reused, so they may be written to disk. Open addressing with
/// linear probing over FNV-1a (64 bit), kept at most half full.
package struct SymbolTable: Sendable {
    /// How many names the table takes; `intern` answers nil past it.
    package let limit: Int
    private var names: [String] = []
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Index + 1 of a name, 0 where the slot is empty; the count is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)

    package init(limit: Int) { self.limit = limit }

    package var count: Int { names.count }

    /// The name behind a number. The number must have come from this table.
    package func name(_ index: UInt32) -> String { names[Int(index)] }

    package func find(_ name: Span<UInt8>) -> UInt32? {
        let slot = slot(for: name)
        return slots[slot] == 0 ? nil : slots[slot] - 1
    }

    package func find(_ name: String) -> UInt32? { find(Array(name.utf8).span) }

    /// The number of `name`, new or known; nil when the table is full.
    package mutating func intern(_ name: String) -> UInt32? {
        let utf8 = Array(name.utf8)
        let slot = slot(for: utf8.span)
        if slots[slot] != 0 { return slots[slot] - 1 }
        guard names.count < limit else { return nil }
        names.append(name)
        bytes += utf8
        ends.append(bytes.count)
        slots[slot] = UInt32(names.count)
        if names.count * 2 > slots.count { grow() }
        return UInt32(names.count - 1)
    }

    /// The slot that holds `name`, or the empty one where it belongs.
    private func slot(for name: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in 0..<name.count {
            hash = (hash ^ UInt64(name[index])) &* 0x100_0000_01b3
        }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & mask
        while slots[slot] != 0, !matches(slots[slot] - 1, name) { slot = (slot + 1) & mask }
        return slot
    }

    private func matches(_ index: UInt32, _ name: Span<UInt8>) -> Bool {
        let start = index == 0 ? 0 : ends[Int(index) - 1]
        let end = ends[Int(index)]
        guard end - start == name.count else { return false }
        for offset in 0..<name.count where bytes[start + offset] != name[offset] {
            return false
        }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for index in names.indices {
            let slot = slot(for: Array(names[index].utf8).span)
            slots[slot] = UInt32(index + 1)
        }
    }
}
