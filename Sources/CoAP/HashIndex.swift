/// From 64-bit keys to 32-bit numbers: open addressing, linear probing, at most half full, deletion
/// without tombstones. Grows by doubling and never shrinks.
struct HashIndex {
    /// Side by side, so that a look-up touches one cache line.
    private struct Slot {
        var key: UInt64 = 0
        /// Number + 1; 0 where the slot is empty.
        var value: UInt32 = 0
    }

    private var slots = [Slot](repeating: Slot(), count: 64)
    private(set) var count = 0

    init() {}

    func find(_ key: UInt64) -> UInt32? {
        let value = slots[place(of: key)].value
        return value == 0 ? nil : value - 1
    }

    /// Sets the number of `key`, known or not. The number must be below `UInt32.max`.
    mutating func set(_ key: UInt64, to value: UInt32) {
        if (count + 1) * 2 > slots.count { grow() }
        let place = place(of: key)
        if slots[place].value == 0 { count += 1 }
        slots[place] = Slot(key: key, value: value + 1)
    }

    mutating func remove(_ key: UInt64) {
        var hole = place(of: key)
        guard slots[hole].value != 0 else { return }
        count -= 1
        let mask = slots.count - 1
        var place = (hole + 1) & mask
        // Close the gap: whoever would no longer be found past the hole moves into it.
        while slots[place].value != 0 {
            let home = home(of: slots[place].key)
            if (place - home) & mask >= (place - hole) & mask {
                slots[hole] = slots[place]
                hole = place
            }
            place = (place + 1) & mask
        }
        slots[hole].value = 0
    }

    private func home(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: mix(key)) & (slots.count - 1)
    }

    /// The slot that holds `key`, or the empty one where it belongs.
    private func place(of key: UInt64) -> Int {
        let mask = slots.count - 1
        var place = home(of: key)
        while slots[place].value != 0, slots[place].key != key { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.value != 0 { slots[place(of: slot.key)] = slot }
    }
}
