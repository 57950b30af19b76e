import Model

/// Which values there were: their hashes while there are no more than 512, then HyperLogLog with
/// 4096 registers (standard error 1.6 %). Depends on nothing but the set of values.
struct DistinctSketch: PartContent {
    /// Ascending; empty once there are registers.
    private(set) var hashes: [UInt64] = []
    /// By the hash's top 12 bits: the longest run of zeros after them, plus one.
    private(set) var registers: [UInt8] = []

    static let limit = 512
    /// Of the hashes, or of the registers, which are fewer.
    static let bytes = (limit + 1) * MemoryLayout<UInt64>.stride + 32
    private static let indexBits = 12

    var isExact: Bool { registers.isEmpty }
    var isEmpty: Bool { hashes.isEmpty && registers.isEmpty }

    /// Numbers never share a hash, texts hardly ever. An integer is the same as an equal number.
    static func hash(_ value: Value) -> UInt64 {
        if let number = value.double {
            if case .integer(let integer) = value, Int64(exactly: number) != integer {
                return mixed(UInt64(bitPattern: integer) &+ 0x51_7cc1_b727_220a)
            }
            return mixed((number + 0).bitPattern)
        }
        switch value {
        case .text(let text):
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return mixed(hash)
        case .timestamp(let instant):
            return mixed(UInt64(bitPattern: instant.milliseconds) &+ 0x2545_f491_4f6c_dd1d)
        case .position(let position):
            let ground =
                UInt64(UInt32(bitPattern: position.latitude)) << 32
                | UInt64(UInt32(bitPattern: position.longitude))
            return mixed(ground &+ UInt64(UInt32(bitPattern: position.altitude ?? .min)))
        case .boolean, .integer, .number: return 0
        }
    }

    /// A permutation of the 64-bit numbers that spreads neighbours (the finalizer of SplitMix64).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func add(_ hash: UInt64) {
        guard registers.isEmpty else { return note(hash) }
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        if low < hashes.count, hashes[low] == hash { return }
        // Doubling would go far beyond the limit.
        if hashes.count == DistinctSketch.limit {
            hashes.reserveCapacity(DistinctSketch.limit + 1)
        }
        hashes.insert(hash, at: low)
        if hashes.count > DistinctSketch.limit { spill() }
    }

    mutating func merge(_ other: DistinctSketch) {
        if other.isExact {
            for hash in other.hashes { add(hash) }
            return
        }
        if isExact { spill() }
        for index in registers.indices {
            registers[index] = max(registers[index], other.registers[index])
        }
    }

    private mutating func spill() {
        registers = Array(repeating: 0, count: 1 << DistinctSketch.indexBits)
        for hash in hashes { note(hash) }
        hashes = []
    }

    private mutating func note(_ hash: UInt64) {
        let index = Int(hash >> (64 - UInt64(DistinctSketch.indexBits)))
        let rest = hash << UInt64(DistinctSketch.indexBits) | 1 << 11
        registers[index] = max(registers[index], UInt8(rest.leadingZeroBitCount + 1))
    }

    /// How many there were.
    var count: Int64 { isExact ? Int64(hashes.count) : Int64(estimate.rounded()) }

    /// Three standard errors; 0 while exact.
    var error: Double { isExact ? 0 : 3 * 1.04 / 64 * estimate }

    /// Ertl's improved estimator ("New cardinality estimation algorithms for HyperLogLog sketches",
    /// 2017), which needs no corrections at either end.
    private var estimate: Double {
        let longest = 64 - DistinctSketch.indexBits
        var histogram = Array(repeating: 0.0, count: longest + 2)
        for register in registers { histogram[Int(register)] += 1 }
        let size = Double(registers.count)
        var sum = size * tau(1 - histogram[longest + 1] / size)
        for length in stride(from: longest, through: 1, by: -1) {
            sum = 0.5 * (sum + histogram[length])
        }
        sum += size * sigma(histogram[0] / size)
        return 0.721347520444481703680 * size * size / sum
    }

    private func sigma(_ start: Double) -> Double {
        if start == 1 { return .infinity }
        var (power, weight, sum) = (start, 1.0, start)
        while true {
            power *= power
            let before = sum
            sum += power * weight
            weight += weight
            if sum == before { return sum }
        }
    }

    private func tau(_ start: Double) -> Double {
        if start == 0 || start == 1 { return 0 }
        var (root, weight, sum) = (start, 1.0, 1 - start)
        while true {
            root = root.squareRoot()
            let before = sum
            weight *= 0.5
            sum -= (1 - root) * (1 - root) * weight
            if sum == before { return sum / 3 }
        }
    }
}

extension DistinctSketch {
    func write(into writer: inout ByteWriter) {
        writer.list(hashes) { $0.fixed($1) }
        writer.list(registers) { $0.byte($1) }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        hashes = try reader.list { (reader) throws(RecordError) in try reader.fixed() }
        registers = try reader.list { (reader) throws(RecordError) in try reader.byte() }
        guard hashes.count <= DistinctSketch.limit, zip(hashes, hashes.dropFirst()).allSatisfy(<),
            registers.isEmpty || hashes.isEmpty && registers.count == 1 << 12,
            registers.allSatisfy({ $0 <= 53 })
        else { throw .malformed(at: reader.offset) }
    }
}
