/// The databases inside the environment. Few, because each one touched costs a commit its own
/// pages. All keys are big-endian, so that byte order is numeric order.
enum Table: Int, CaseIterable {
    /// Magic, schema version, identity, checkpoint header; cursors and gaps of the outbox.
    case meta
    /// Kind (1 byte), number (4): the interned name, UTF-8.
    case name
    /// Device number (4): the twin.
    case twin
    /// Command id: the command's record.
    case command
    /// Chunk number (4): a piece of the last checkpoint, cut to the size of journal blocks so that
    /// freed runs of pages fit both.
    case checkpoint
    /// Sequence (8): time of the last turn (8), turns.
    case journal
    /// Lane (1), sequence (8): a record for upstream.
    case outbox
    /// Sequence (8): an audit entry.
    case audit
    /// Device number (4), property number (2), kind (1), start (8), sequence (8): a block of
    /// samples, or of what they come to. Behind all of them, in the order they were sealed: four
    /// bytes 0xff, part (1), sequence (8): the block's key, its end (8), its size (4).
    case history

    /// Those that a store of an earlier version does not have until a gateway has opened it.
    static let later: [Table] = [.history]

    var name: String { "\(self)" }
}
