package import Model
import Store
import Twins
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

    /// Reads the store in the directory `path`.
    package init(
        at path: String, device: String, property: String, range: Range<Instant>
    ) throws(Failure) {
        do throws(StoreError) {
            let reader = try Store.openReadOnly(path)
            guard let index = try reader.deviceNames().firstIndex(of: device) else {
                throw StoreError.absent(path: "device")
            }
            guard let name = try reader.propertyNames().firstIndex(of: property) else {
                throw StoreError.absent(path: "property")
            }
            var blocks: [[UInt8]] = []
            for kind in [HistoryRow.regular, HistoryRow.late] {
                blocks += try reader.history(
                    device: UInt32(index), property: UInt16(clamping: name), kind: kind,
                    from: range.lowerBound, to: range.upperBound,
                    span: HistoryTable.Limits().span)
            }
            self.blocks = blocks
        } catch .absent("device") {
            throw .unknown("no device is called '\(device)'")
        } catch .absent("property") {
            throw .unknown("no property is called '\(property)'")
        } catch {
            throw .unreadable(error.description)
        }
    }

    /// The blocks that a running gateway answered with.
    package static func blocks(answered bytes: [UInt8]) -> [[UInt8]] {
        guard case .array(let blocks)? = (try? Document(json: bytes.span))?["blocks"] else {
            return []
        }
        return blocks.compactMap { block in
            guard case .text(let text) = block else { return nil }
            return [UInt8](hexadecimal: text)
        }
    }
}
