package import Model
import Store
package import Twins
import Wire

/// A property's blocks of history in a store, read beside the running gateway or without one.
package struct StoredHistory: Sendable {
    /// The blocks that may hold something of the range.
    package let blocks: [[UInt8]]

    /// Why there is no history.
    package enum Failure: Error, CustomStringConvertible, Sendable {
        case unknown(String)
        case unreadable(String)

        package var description: String {
            switch self {
            case .unknown(let text), .unreadable(let text): text
            }
        }
    }

    /// Reads the store in the directory `path`, and adds what a running gateway answered with
    /// before.
    package init(
        at path: String, device: String, property: String, kinds: [HistoryTable.Kind],
        range: Range<Instant>, answer: [UInt8]?
    ) throws(Failure) {
        let names: (devices: [String], properties: [String])
        let reader: StoreReader
        do throws(StoreError) {
            reader = try Store.openReadOnly(path)
            names = (try reader.deviceNames(), try reader.propertyNames())
        } catch {
            throw .unreadable(error.description)
        }
        guard let device = names.devices.firstIndex(of: device) else {
            throw .unknown("no device is called '\(device)'")
        }
        guard let property = names.properties.firstIndex(of: property) else {
            throw .unknown("no property is called '\(property)'")
        }
        var blocks: [[UInt8]] = []
        do throws(StoreError) {
            for kind in kinds {
                blocks += try reader.history(
                    device: UInt32(device), property: UInt16(clamping: property),
                    kind: kind.rawValue, from: range.lowerBound, to: range.upperBound,
                    span: kind.span)
            }
        } catch {
            throw .unreadable(error.description)
        }
        // What was open when the gateway answered may be stored by now, and hold more.
        let starts = Set(blocks.map { StoredHistory.start(of: $0, kinds) })
        let open = StoredHistory.blocks(answered: answer ?? []).filter {
            !starts.contains(StoredHistory.start(of: $0, kinds))
        }
        self.blocks = blocks + open
    }

    private static func start(of block: [UInt8], _ kinds: [HistoryTable.Kind]) -> Instant? {
        kinds.contains(.samples)
            ? try? HistoryBlock(block).start : try? RollupBlock(block).start
    }

    private static func blocks(answered bytes: [UInt8]) -> [[UInt8]] {
        guard case .array(let blocks)? = (try? Document(json: bytes.span))?["blocks"] else {
            return []
        }
        return blocks.compactMap { block in
            guard case .text(let text) = block else { return nil }
            return [UInt8](hexadecimal: text)
        }
    }
}
