/// Something in the audit that is not as it was written.
package enum AuditFinding: Hashable, Sendable {
    /// The entry, or its hash, was changed.
    case altered(UInt64)
    /// What stands there is another entry, or says so.
    case moved(at: UInt64, entry: UInt64)
    /// Entries are gone from inside.
    case missing(ClosedRange<UInt64>)
    /// Entries are gone from the end.
    case truncated(ClosedRange<UInt64>)
    /// Entries fit together, but are not those that were signed.
    case replaced(ClosedRange<UInt64>)
    /// A row does not come after the one before it.
    case disordered(UInt64)
    /// The beginning is gone, and no checkpoint vouches for what is left.
    case unanchored(UInt64)
    case checkpointAltered(UInt64)
    /// A checkpoint before this one is gone.
    case checkpointMissing(before: UInt64)
    /// The checkpoint is signed with a key that is not among those that are trusted.
    case foreignKey(UInt64)
    /// The entry's hash is not that of the head that was given, or noted.
    case headDiffers(UInt64)
    /// The entry of the given head is no longer kept.
    case headTrimmed(UInt64)
    /// There are checkpoints, but nothing says where the chain begins and ends.
    case headerMissing
}

extension AuditFinding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .altered(let entry): "entry \(entry) was changed"
        case .moved(let place, let entry):
            "entry \(place) was changed, or moved: it calls itself entry \(entry)"
        case .missing(let range): "\(AuditFinding.entries(range)) missing"
        case .truncated(let range): "\(AuditFinding.entries(range)) missing at the end"
        case .replaced(let range):
            "\(AuditFinding.entries(range)) not what was signed: written anew"
        case .disordered(let entry): "entry \(entry) stands in the wrong place"
        case .unanchored(let entry):
            "the beginning is missing: no checkpoint vouches for entry \(entry) and those behind"
        case .checkpointAltered(let entry): "the checkpoint behind entry \(entry) was changed"
        case .checkpointMissing(let entry):
            "a checkpoint is missing before the one behind entry \(entry)"
        case .foreignKey(let entry):
            "the checkpoint behind entry \(entry) is signed with another key"
        case .headDiffers(let entry): "entry \(entry) has not the hash that was noted for it"
        case .headTrimmed(let entry):
            "entry \(entry) is no longer kept, so the head given cannot be compared"
        case .headerMissing: "nothing says any more where the chain begins and ends"
        }
    }

    private static func entries(_ range: ClosedRange<UInt64>) -> String {
        range.count == 1
            ? "entry \(range.lowerBound) is"
            : "entries \(range.lowerBound) to \(range.upperBound) are"
    }
}
