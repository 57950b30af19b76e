package import Model
package import Streams

extension Plan {
    /// The most memory that the state of each stream and aggregation can take.
    package func memoryBounds() -> [StreamMemory] { streams.memoryBounds(registry: registry) }

    /// An error, with the sum worked out, where all of it together is more than that.
    package func check(memoryLimit limit: Located<Int>) -> [Diagnostic] {
        let bounds = memoryBounds()
        let total = bounds.totalBytes
        guard total > limit.value else { return [] }
        let sums = bounds.flatMap { stream in
            stream.parts.map {
                "\(stream.name): \($0.what): \($0.count) x \($0.bytesEach) B = \($0.bytes) B"
            }
        }
        return [
            Diagnostic(
                code: "E0403", "the state of the streams can take more than `memory_limit`",
                at: limit.place, length: "memory_limit".utf8.count,
                help: sums + ["total: \(total) B, limit: \(limit.value) B"])
        ]
    }
}
