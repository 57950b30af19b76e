import Crypto
import Foundation
import Model
import Store
import Testing
import Wire

/// Whoever can write the file changes it; verification tells.
@Suite("what was changed in the audit is found")
struct AuditTamperTests {
    /// Each byte of each entry, its hash and each checkpoint is changed alone. What comes before
    /// a row does not depend on it, so that the row alone is judged again, and told at once.
    @Test("each byte of 10,000 entries counts")
    func flips() throws {
        let (header, rows) = try writtenAudit(10_000, in: TemporaryDirectory())
        #expect(rows.filter(\.isEntry).count == 10_000 && rows.count == 10_010)
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var before = AuditVerification(header: header)
        var (flipped, undetected) = (0, 0)
        for (index, row) in rows.enumerated() {
            var content = row.content
            // Every other value of the byte for some rows, one of them for the rest.
            let isThorough = index % 2500 == 7
            for offset in content.indices {
                let first = UInt8(truncatingIfNeeded: random.next() % 255 + 1)
                for mask in isThorough ? 1...255 : first...first {
                    content[offset] ^= mask
                    var verification = before
                    verification.take(row.with(content))
                    if verification.isWhole { undetected += 1 }
                    flipped += 1
                    content[offset] ^= mask
                }
            }
            before.take(row)
        }
        before.finish()
        #expect(before.isWhole)
        #expect(undetected == 0, "seed \(seed): \(undetected) of \(flipped) flips")
        #expect(flipped > 10_000 * 150)
    }

    @Test("a flip is told with its place, and what follows is not blamed")
    func place() throws {
        let (header, rows) = try writtenAudit(50, in: TemporaryDirectory())
        for (index, row) in rows.enumerated() {
            for offset in stride(from: 0, to: row.content.count, by: 5) {
                var content = row.content
                content[offset] ^= 0x11
                var changed = rows
                changed[index] = row.with(content)
                let findings = verified(header, changed).findings
                if !row.isEntry {
                    #expect(findings == [.checkpointAltered(50)])
                } else if case .moved(let place, _)? = findings.first {
                    #expect(place == row.sequence && findings.count == 1)
                } else if index == 49, offset < 32 {
                    // The head, too, is noted elsewhere.
                    #expect(findings == [.altered(50), .headDiffers(50)])
                } else {
                    #expect(findings == [.altered(row.sequence)], "offset \(offset)")
                }
            }
        }
    }

    @Test("dropped entries are told, whether a gap is left or not")
    func dropped() throws {
        let (header, rows) = try writtenAudit(2500, in: TemporaryDirectory())
        #expect(verified(header, rows).checkpoints == 3)
        for start in [0, 1, 500, 998, 1001, 1700, 2400] {
            for count in [1, 3] where rows[start..<start + count].allSatisfy(\.isEntry) {
                let first = rows[start].sequence
                let range = first...first + UInt64(count) - 1
                var gap = rows
                gap.removeSubrange(start..<start + count)
                let findings = verified(header, gap).findings
                if start == 0 {
                    #expect(findings == [.unanchored(UInt64(count) + 1)])
                } else {
                    #expect(findings == [.missing(range)])
                }
                // Those behind it get its number.
                let closed =
                    rows[..<start]
                    + rows[(start + count)...].map { $0.at($0.sequence - UInt64(count)) }
                #expect(!verified(header, Array(closed)).isWhole)
                #expect(
                    verified(header, Array(closed)).findings.first
                        == .moved(at: first, entry: first + UInt64(count)))
            }
        }
    }

    @Test("swapped entries are told, near and far")
    func swapped() throws {
        let (header, rows) = try writtenAudit(1200, in: TemporaryDirectory())
        for (one, other) in [(0, 1), (10, 11), (10, 500), (998, 999), (20, 1100), (1150, 1199)] {
            var changed = rows
            changed[one] = rows[other].at(rows[one].sequence)
            changed[other] = rows[one].at(rows[other].sequence)
            let findings = verified(header, changed).findings
            let (first, second) = (rows[one].sequence, rows[other].sequence)
            #expect(findings.contains(.moved(at: first, entry: second)))
            #expect(findings.contains(.moved(at: second, entry: first)))
            // With their numbers they only stand in another order.
            changed.swapAt(one, other)
            changed[one] = rows[other]
            changed[other] = rows[one]
            #expect(!verified(header, changed).isWhole)
        }
    }

    @Test("what is cut off is told by the last checkpoint, the noted end, and any head given")
    func truncated() throws {
        let directory = TemporaryDirectory()
        let (header, rows) = try writtenAudit(1500, in: directory)
        let known = try #require(header)
        let last = try #require(rows.last)
        for kept in [1499, 1001, 1000, 700, 1, 0] {
            let cut = Array(rows.prefix(kept))
            let end = UInt64(cut.filter(\.isEntry).count)
            // The checkpoint stays: it vouches for what was there.
            if kept > 0 {
                #expect(verified(header, cut + [last]).findings.contains(.missing(end + 1...1500)))
            }
            // All goes; the end is noted apart from the entries.
            #expect(verified(header, cut).findings.last == .truncated(end + 1...1500))
            // And where the note is changed as well, somebody else has the head.
            var short = known
            if case .entry(let sequence, let hash, _)? = cut.last(where: \.isEntry) {
                short.head = AuditHead(sequence: sequence, hash: hash)
                #expect(verified(short, cut).isWhole)
                #expect(
                    verified(short, cut, heads: [known.head]).findings
                        == [.truncated(end + 1...1500)])
            }
        }
        #expect(verified(nil, [], heads: [known.head]).findings == [.truncated(1...1500)])
        #expect(verified(nil, rows.filter { !$0.isEntry }).findings.contains(.headerMissing))
    }

    /// Entries from `start` on are written anew so that they fit together.
    private func rebuilt(
        _ rows: [AuditRow], from start: Int, key: SigningKey? = nil
    ) -> (rows: [AuditRow], head: AuditHead) {
        var rebuilt = Array(rows[..<start])
        guard case .entry(var sequence, var hash, _) = rows[start - 1] else {
            return (rows, AuditHead(sequence: 0, hash: []))
        }
        for row in rows[start...] {
            switch row {
            case .entry(let number, _, _):
                let cbor = AuditRow.numbered(number, auditStep(Int(number) + 77_777))
                hash = AuditChain.hash(after: hash, cbor)
                sequence = number
                rebuilt.append(.entry(sequence: number, hash: hash, cbor: cbor))
            case .checkpoint(let number, let signature, let cbor):
                guard let key, var forged = AuditCheckpoint(cbor: cbor) else {
                    rebuilt.append(
                        .checkpoint(sequence: number, signature: signature, cbor: cbor))
                    continue
                }
                forged.head = hash
                forged.key = key.publicKey
                let purpose = Array("iotflow audit checkpoint\0".utf8)
                rebuilt.append(
                    .checkpoint(
                        sequence: number, signature: key.sign(purpose + forged.cbor),
                        cbor: forged.cbor))
            case .plain: rebuilt.append(row)
            }
        }
        return (rebuilt, AuditHead(sequence: sequence, hash: hash))
    }

    @Test("a tail written anew is told, though it fits together")
    func replaced() throws {
        let (header, rows) = try writtenAudit(1500, in: TemporaryDirectory())
        var changed = try #require(header)
        // Entries 1201 to 1500, behind which the last checkpoint stands.
        let (tail, head) = rebuilt(rows, from: 1201)
        changed.head = head
        #expect(verified(changed, tail).findings == [.replaced(1001...1500)])
        // The last checkpoint goes: what is left is newer than any, and only a head tells.
        let unsigned = Array(tail.dropLast())
        #expect(verified(changed, unsigned).isWhole)
        let noted = try #require(header?.head)
        #expect(
            verified(changed, unsigned, heads: [noted]).findings == [.headDiffers(1500)])
        // The last checkpoint is signed with a key of the forger's own.
        let forger = SigningKey()
        let forged = rebuilt(rows, from: 1201, key: forger)
        changed.head = forged.head
        #expect(verified(changed, forged.rows).findings.contains(.foreignKey(1500)))
        guard case .checkpoint(_, _, let cbor)? = rows.last, let true_ = AuditCheckpoint(cbor: cbor)
        else { return #expect(Bool(false)) }
        #expect(
            verified(changed, forged.rows, keys: [true_.key]).findings.contains(.foreignKey(1500)))
    }

    @Test("checkpoints that go, come in another order or belong to another gateway are told")
    func checkpoints() throws {
        let (header, rows) = try writtenAudit(2500, in: TemporaryDirectory())
        let places = rows.indices.filter { !rows[$0].isEntry }
        var changed = rows
        changed.remove(at: places[1])
        #expect(verified(header, changed).findings == [.checkpointMissing(before: 2500)])
        changed = rows
        changed.swapAt(places[0], places[1])
        #expect(!verified(header, changed).isWhole)
        changed = rows
        changed[places[0]] = rows[places[1]].at(1000)
        #expect(verified(header, changed).findings.first == .checkpointAltered(1000))
        var other = try #require(header)
        other.gateway = "00000000"
        #expect(verified(other, rows).findings.contains(.checkpointAltered(1000)))
        changed = rows
        changed.insert(rows[3], at: 700)
        #expect(verified(header, changed).findings.first == .disordered(4))
    }

    @Test("numbers come first in what is hashed, in their shortest form")
    func numbers() throws {
        for number: UInt64 in [
            0, 1, 23, 24, 255, 256, 65_535, 65_536, 1 << 32 - 1, 1 << 32, 1 << 40,
        ] {
            let cbor = AuditRow.numbered(number, [0x01])
            let parts = try #require(AuditRow.parts(of: cbor))
            #expect(parts.sequence == number && Array(parts.entry) == [1])
            let document = Document.array([.integer(Int64(number)), .integer(1)])
            #expect(cbor == document.deterministicCBOR)
        }
        for other: [UInt8] in [
            [], [0x82], [0x82, 0x18], [0x83, 1, 1], [0x82, 0x1c, 1], [0x82, 1],
        ] {
            #expect(AuditRow.parts(of: other) == nil)
        }
    }

    @Test("a tree's root is that of RFC 9162")
    func root() {
        func reference(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
            if leaves.count == 1, let leaf = leaves.first { return SHA256.digest(2, leaf) }
            var left = 1
            while left * 2 < leaves.count { left *= 2 }
            return SHA256.digest(
                1, reference(leaves.prefix(left)), reference(leaves.dropFirst(left)))
        }
        var tree = MerkleTree()
        #expect(tree.root == AuditChain.digest(of: []))
        var leaves: [[UInt8]] = []
        for number in 0..<70 {
            leaves.append([UInt8(number), 7])
            tree.append(leaves[number])
            #expect(tree.root == reference(leaves[...]) && tree.count == number + 1)
        }
    }

    @Test("heads are read as they are written, and nothing else is")
    func heads() throws {
        let head = AuditHead(sequence: 12, hash: AuditChain.digest(of: [1]))
        #expect(AuditHead("\(head)") == head)
        for text in ["", "12", "12:", "12:ab", "x:" + "\(head)".dropFirst(3), "\(head):1"] {
            #expect(AuditHead(text) == nil)
        }
    }
}
