import Engine
import Model
import Store
import Wire

/// The twins as the store has them while no gateway runs: as of its last checkpoint.
package struct StoredTwins: Sendable {
    private let engine: Engine

    /// Nil where there is no store of ours at `path`, or it cannot be read.
    package init?(at path: String) {
        do throws(StoreError) {
            let reader = try Store.openReadOnly(path)
            var registry = Registry()
            registry.restoreNames(
                devices: try reader.deviceNames(), properties: try reader.propertyNames())
            let rows = try reader.twins()
            for row in rows where Int(row.key) < registry.deviceNames.count {
                registry.add(Registry.Entry(name: registry.deviceNames.name(row.key)))
            }
            var diagnostics: [Diagnostic] = []
            let definition = Definition(registry: registry)
            guard let plan = Plan(compiling: definition, diagnostics: &diagnostics) else {
                return nil
            }
            var engine = Engine(plan)
            for row in rows {
                var record = ByteReader(row.value)
                // A damaged row shows an empty twin; the gateway tells of it when it starts.
                try? engine.decodeTwin(of: Device(index: row.key), from: &record)
            }
            self.engine = engine
        } catch {
            return nil
        }
    }

    /// The answer to the words of `iotflow twin`, as the running gateway would give it.
    package func reply(to words: [String]) -> [UInt8] { engine.twinReply(to: words) }
}

extension Engine {
    /// `twin get DEVICE` or `twin list`, answered in JSON.
    func twinReply(to words: [String]) -> [UInt8] {
        if words.count == 3, words[1] == "get" {
            if let device = registry.device(named: words[2]),
                let document = twinDocument(of: device)
            {
                return document.json
            }
            return Document.failure("no device is called '\(words[2])'").json
        }
        if words.count == 2, words[1] == "list" {
            return Document.array(registry.devices.compactMap { twinDocument(of: $0) }).json
        }
        return Document.failure("not a question: \(words.joined(separator: " "))").json
    }
}

extension Document {
    static func failure(_ text: String) -> Document { .map([.init("error", .text(text))]) }
}
