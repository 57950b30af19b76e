/// A device known to the gateway: its number in the `Registry`, stable for the life of the store.
package struct Device: Hashable, Sendable {
    package let index: UInt32
    package init(index: UInt32) { self.index = index }
}

/// A property name known to the gateway: its number in the `Registry`, stable for the life of the
/// store.
package struct Property: Hashable, Sendable {
    package let index: UInt16
    package init(index: UInt16) { self.index = index }
}
