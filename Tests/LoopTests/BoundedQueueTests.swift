import Loop
import Testing

@Suite struct BoundedQueueTests {
    @Test func elementsLeaveInTheOrderTheyCame() {
        let queue = BoundedQueue<Int>(countMax: 10, costMax: 100)
        #expect(queue.push(7, cost: 1) == 1)
        #expect(queue.push(8, cost: 1) == 2)
        #expect(queue.popAll(until: 0) == [7, 8])
        #expect(queue.popAll(until: 0) == [])
    }

    @Test func aFullQueueRefusesUntilWorkInHandIsReleased() {
        let queue = BoundedQueue<Int>(countMax: 2, costMax: 100)
        #expect(queue.push(1, cost: 10) != nil)
        #expect(queue.push(2, cost: 10) != nil)
        #expect(queue.push(3, cost: 10) == nil)
        #expect(queue.popAll(until: 0) == [1, 2])
        #expect(queue.push(3, cost: 10) == nil, "taken is not done")
        queue.release(count: 1, cost: 10)
        #expect(queue.push(3, cost: 10) == 3)
        #expect(queue.currentLoad.count == 2)
        #expect(queue.currentLoad.cost == 20)
    }

    @Test func costBoundsTheQueueButNeverShutsOutASingleElement() {
        let queue = BoundedQueue<Int>(countMax: 10, costMax: 100)
        #expect(queue.push(1, cost: 500) == 1)
        #expect(queue.push(2, cost: 1) == nil)
        #expect(queue.push(3, cost: 1, isPrivileged: true) == nil, "twice the room is full too")
        queue.release(count: 1, cost: 500)
        #expect(queue.push(4, cost: 100) == 2)
        #expect(queue.push(5, cost: 1) == nil)
        #expect(queue.push(6, cost: 1, isPrivileged: true) == 3)
    }

    @Test func aClosedQueueRefusesButGivesBackWhatItHas() {
        let queue = BoundedQueue<Int>(countMax: 10, costMax: 100)
        #expect(queue.push(1, cost: 1) != nil)
        queue.close()
        #expect(queue.isClosed)
        #expect(queue.push(2, cost: 1) == nil)
        #expect(queue.popAll(until: nil) == [1])
        #expect(queue.popAll(until: nil) == [], "and never sleeps again")
    }

    @Test func aSleepingReceiverIsWokenByAnElementAndByWake() throws {
        let requests = BoundedQueue<Int>(countMax: 10, costMax: 100)
        let answers = BoundedQueue<[Int]>(countMax: 10, costMax: 100)
        let thread = try #require(
            WorkerThread(name: "receiver") {
                for _ in 0..<2 { _ = answers.push(requests.popAll(until: nil), cost: 1) }
            })
        _ = requests.push(5, cost: 1)
        #expect(answers.popAll(until: nil) == [[5]])
        requests.wake()
        #expect(answers.popAll(until: nil) == [[]])
        thread.join()
    }

    @Test func producersOnManyThreadsLoseNothing() throws {
        let queue = BoundedQueue<Int>(countMax: 64, costMax: 1000)
        var threads: [WorkerThread] = []
        for producer in 0..<4 {
            let thread = WorkerThread(name: "producer") {
                for number in 0..<1000 {
                    while queue.push(producer * 1000 + number, cost: 1) == nil {}
                }
            }
            threads.append(try #require(thread))
        }
        var received: [Int] = []
        while received.count < 4000 {
            let taken = queue.popAll(until: nil)
            received += taken
            queue.release(count: taken.count, cost: taken.count)
        }
        for thread in threads { thread.join() }
        #expect(received.sorted() == Array(0..<4000))
        for producer in 0..<4 {
            let own = received.filter { $0 / 1000 == producer }
            #expect(own == own.sorted(), "each producer's order is kept")
        }
    }
}
