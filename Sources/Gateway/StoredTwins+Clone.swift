package import Config
package import Engine
package import Model
import Store
import Wire

/// What a store holds of devices, to be thought through: nothing in it is changed.
package struct StoredClone: Sendable {
    /// What its numbers of devices and properties mean.
    package let known: KnownNames
    /// The files of the configuration in force last; nil where the store has none.
    package let sources: [(file: String, text: [UInt8])]?
    private let rows: [(key: UInt32, value: [UInt8])]

    /// Opens the store in the directory `path`, as of its last checkpoint.
    package init(at path: String) throws(StoredJournalError) {
        do throws(StoreError) {
            let reader = try Store.openReadOnly(path)
            known = KnownNames(
                devices: try reader.deviceNames(), properties: try reader.propertyNames())
            sources = try reader.configuration().flatMap {
                try? KeptConfiguration(bytes: $0).sources
            }
            rows = try reader.twins()
        } catch {
            throw StoredJournalError(description: error.description)
        }
    }

    /// Gives the engine the twins. Answers the devices whose row is damaged.
    package func fill(_ engine: inout Engine) -> [Device] {
        var damaged: [Device] = []
        for row in rows {
            let device = Device(index: row.key)
            guard engine.registry.entry(device) != nil else { continue }
            var record = ByteReader(row.value)
            do throws(RecordError) {
                try engine.decodeTwin(of: device, from: &record)
            } catch {
                damaged.append(device)
            }
        }
        return damaged
    }
}
