import Model
import Store
import Testing

/// Milliseconds as the monotonic nanoseconds of the schedule.
private func ms(_ count: UInt64) -> UInt64 { count * 1_000_000 }

@Suite struct CommitScheduleTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Urgency, bytes, submission time in ms.
        var batches: [(WriteBatch.Urgency, Int, UInt64)]
        var creditReturns: UInt64
        /// In ms.
        var due: UInt64?

        init(
            _ name: String, _ batches: [(WriteBatch.Urgency, Int, UInt64)], credit: UInt64,
            due: UInt64?
        ) {
            testDescription = name
            self.batches = batches
            creditReturns = credit
            self.due = due
        }
    }

    static let rows = [
        Row("nothing pending is never due", [], credit: 0, due: nil),
        Row("with credit a group batch commits at once", [(.group, 9, 100)], credit: 100, due: 100),
        Row("without credit it waits for the delay", [(.group, 9, 100)], credit: 9000, due: 350),
        Row("or until credit returns", [(.group, 9, 100)], credit: 200, due: 200),
        Row("the oldest decides", [(.group, 9, 100), (.group, 9, 300)], credit: 9000, due: 350),
        Row(
            "a strict one takes all along", [(.group, 9, 100), (.strict, 9, 110)], credit: 9000,
            due: 0),
        Row("a critical one too", [(.critical, 9, 100)], credit: 9000, due: 0),
        Row("a full block does not wait", [(.group, 65_536, 100)], credit: 9000, due: 0),
        Row("nor a full block of relaxed ones", [(.relaxed, 65_536, 100)], credit: 9000, due: 0),
        Row(
            "relaxed alone waits a second, credit or not", [(.relaxed, 9, 100)], credit: 0,
            due: 1100),
        Row(
            "relaxed goes with group", [(.relaxed, 9, 100), (.group, 9, 200)], credit: 9000,
            due: 450),
    ]

    @Test(arguments: rows) func commitsAreDue(_ row: Row) {
        let schedule = CommitSchedule(StoreConfiguration.Schedule())
        var pending = CommitSchedule.Pending()
        for (urgency, bytes, time) in row.batches {
            pending.add(urgency, turnBytes: bytes, at: ms(time))
        }
        #expect(schedule.due(pending, creditReturns: ms(row.creditReturns)) == row.due.map(ms))
    }
}

@Suite struct WearBudgetTests {
    private let day = 86_400
    private let second: UInt64 = 1_000_000_000

    @Test func anHoursShareMayBeSpentAtOnceThenCreditReturnsEvenly() {
        // 1000 bytes a second; the bucket holds 3,600,000.
        var budget = WearBudget(bytesPerDay: 1000 * day, now: 0)
        budget.spend(3_599_000, now: 0)
        #expect(budget.creditReturns(now: 0) == 0)
        budget.spend(11_000, now: 0)
        let returns = budget.creditReturns(now: 0)
        #expect((10 * second...10 * second + 2_000_000).contains(returns))
        #expect(budget.creditReturns(now: returns + 1_000_000) == returns + 1_000_000)
    }

    @Test func overdraftIsBoundedSoThatAnHourOfRestSettlesIt() {
        var budget = WearBudget(bytesPerDay: 1000 * day, now: 0)
        for _ in 0..<1000 { budget.spend(1 << 30, now: 0) }
        #expect(budget.creditReturns(now: 0) <= 3601 * second)
    }

    @Test func restDoesNotSaveMoreThanAnHoursShare() {
        var budget = WearBudget(bytesPerDay: 1000 * day, now: 0)
        let later = 86_400 * second
        budget.spend(3_601_000, now: later)
        #expect(budget.creditReturns(now: later) > later)
    }

    @Test func withoutABudgetThereIsAlwaysCredit() {
        var budget = WearBudget(bytesPerDay: nil, now: 5)
        budget.spend(.max, now: 5)
        #expect(budget.creditReturns(now: 7) == 7)
    }

    @Test func aClockThatStandsStillChangesNothing() {
        var budget = WearBudget(bytesPerDay: 1, now: 100)
        budget.spend(1, now: 50)
        #expect(budget.creditReturns(now: 50) > 50)
    }
}
