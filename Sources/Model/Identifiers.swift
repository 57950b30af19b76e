/// A device known to the gateway: its number in the `Registry`, stable for the life of the store.
public struct Device: Hashable, Sendable {
    /// The number.
    public let index: UInt32
    /// The one of this number.
    public init(index: UInt32) { self.index = index }
}

/// A property name known to the gateway: its number in the `Registry`, stable for the life of the
/// store.
public struct Property: Hashable, Sendable {
    /// The number.
    public let index: UInt16
    /// The one of this number.
    public init(index: UInt16) { self.index = index }
}
