import Model
import Testing
import Twins

/// The merge of two gateways' records: rules CR16 to CR18, over all small records and many random
/// ones.
@Suite struct MergeTests {
    @Test func smallRecordsMergeInAnyOrder() {
        let program = DesiredWrite.Slot.program
        let slots: [[DesiredSlot]] = [
            [],
            [DesiredSlot(program, .number(1), stamp: stamp(2, origin: 1), source: .command)],
            [DesiredSlot(program, .number(2), stamp: stamp(2, origin: 1), source: .command)],
            [DesiredSlot(program, nil, stamp: stamp(4, origin: 2), source: .command)],
            [
                DesiredSlot(
                    .manualOperator, .number(3), stamp: stamp(4), source: .operatorRequest,
                    expires: Instant(milliseconds: 9))
            ],
        ]
        let reports: [PropertyReplica.ReportedReplica?] = [nil, replica(1, 0, 9), replica(2, 1, 1)]
        let tombstones: [Stamp?] = [nil, stamp(3), stamp(5)]
        var all: [PropertyReplica] = []
        for slots in slots {
            for reported in reports {
                for tombstone in tombstones {
                    all.append(
                        PropertyReplica.merge(
                            PropertyReplica(
                                reported: reported, slots: slots, tombstone: tombstone,
                                desiredVersion: UInt32(slots.count)), PropertyReplica()))
                }
            }
        }
        #expect(all.count == 45)
        for first in all {
            for second in all {
                for third in all { check(first, second, third) }
            }
        }
    }

    @Test func randomRecordsMergeInAnyOrder() {
        let seed: UInt64 = 16
        var random = SplitMix64(state: seed)
        for _ in 0..<10_000 {
            check(
                record(&random), record(&random), record(&random))
        }
    }

    private func check(
        _ first: PropertyReplica, _ second: PropertyReplica, _ third: PropertyReplica
    ) {
        let merge = PropertyReplica.merge
        let both = merge(first, second)
        guard both == merge(second, first),
            merge(both, third) == merge(first, merge(second, third)),
            merge(both, second) == both, merge(first, first) == first
        else {
            Issue.record("\(first)\n\(second)\n\(third)")
            return
        }
    }

    private func replica(_ epoch: UInt32, _ sequence: UInt32, _ time: Int64)
        -> PropertyReplica.ReportedReplica
    {
        PropertyReplica.ReportedReplica(
            value: .integer(Int64(sequence)), linkEpoch: epoch,
            order: ReportOrder(epoch: 1, sequence: sequence), time: Instant(milliseconds: time),
            arrival: Instant(milliseconds: time))
    }

    private func record(_ random: inout SplitMix64) -> PropertyReplica {
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        var slots: [DesiredSlot] = []
        for number in [1, 5, 8, 15, 16] where pick(2) == 0 {
            guard let slot = DesiredWrite.Slot(number) else { continue }
            slots.append(
                DesiredSlot(
                    slot, pick(3) == 0 ? nil : .integer(Int64(pick(3))),
                    stamp: Stamp(clock: UInt64(pick(6)) << 16, origin: UInt32(pick(3))),
                    source: .command,
                    expires: pick(2) == 0 ? nil : Instant(milliseconds: Int64(pick(4)))))
        }
        let reported =
            pick(3) == 0
            ? nil
            : PropertyReplica.ReportedReplica(
                value: .integer(Int64(pick(3))), linkEpoch: UInt32(pick(3)),
                order: pick(2) == 0
                    ? ReportOrder() : ReportOrder(epoch: 1, sequence: UInt32(pick(3))),
                time: Instant(milliseconds: Int64(pick(4))),
                arrival: Instant(milliseconds: Int64(pick(4))),
                source: pick(2) == 0 ? .device : .pattern)
        let tombstone = pick(2) == 0 ? nil : stamp(Int64(pick(6)), origin: UInt32(pick(3)))
        let record = PropertyReplica(
            reported: reported, slots: slots, tombstone: tombstone,
            reportedVersion: UInt32(pick(4)), desiredVersion: UInt32(pick(4)))
        // What a gateway holds is a merge already.
        return PropertyReplica.merge(record, PropertyReplica())
    }
}
