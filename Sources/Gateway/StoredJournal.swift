package import Config
package import Model
import Store
import Wire

/// Why a journal cannot be read.
package struct StoredJournalError: Error, CustomStringConvertible, Sendable {
    package var description: String
}

/// A store's journal and what it takes to understand it, read beside the running gateway or without
/// one. What is added after it was opened is not seen.
package struct StoredJournal: Sendable {
    /// What its numbers of devices and properties mean.
    package let known: KnownNames
    /// The files of the configuration in force last; nil where the store has none.
    package let sources: [(file: String, text: [UInt8])]?
    private let path: String
    private let reader: StoreReader
    private let range: ClosedRange<UInt64>?

    /// Bytes read at a time.
    private static let stride = 4 << 20

    /// Opens the store in the directory `path`; nothing in it is changed.
    package init(at path: String) throws(StoredJournalError) {
        self.path = path
        do throws(StoreError) {
            reader = try Store.openReadOnly(path)
            // First the end, then the names: those that it uses are there.
            range = try reader.journalRange()
            known = KnownNames(
                devices: try reader.deviceNames(), properties: try reader.propertyNames())
            let kept = try reader.configuration()
            sources = kept.flatMap { try? KeptConfiguration(bytes: $0).sources }
        } catch {
            throw StoredJournalError(description: error.description)
        }
    }

    package var isEmpty: Bool { range == nil }

    /// Whether it begins where the gateway began, so that nothing came before.
    package var isWhole: Bool { range?.lowerBound == 1 }

    /// Lends every turn, in order, until `body` answers false.
    package func read(
        _ body: (_ now: Instant, _ inputs: [Input]) -> Bool
    ) throws(StoredJournalError) {
        guard let range else { return }
        var last = range.lowerBound - 1
        var isWanted = true
        while last < range.upperBound, isWanted {
            let blocks: [JournalBlock]
            do throws(StoreError) {
                blocks = try reader.journal(after: last, bytesMax: StoredJournal.stride)
            } catch {
                throw StoredJournalError(description: error.description)
            }
            guard !blocks.isEmpty else { return }
            for block in blocks where block.sequence <= range.upperBound && isWanted {
                do throws(WireError) {
                    try TurnCodec.decode(block.turns) { now, inputs in
                        if isWanted { isWanted = body(now, inputs) }
                    }
                } catch {
                    throw StoredJournalError(
                        description: "\(path): block \(block.sequence) is damaged: \(error)")
                }
            }
            last = blocks.last?.sequence ?? last
        }
    }
}
