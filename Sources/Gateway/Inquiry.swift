import Loop
import Synchronization

/// How other threads ask the loop: one question at a time, answered between two turns.
final class Inquiry: Sendable {
    private let waker: Waker
    private let asking = Mutex(())
    private let question = Mutex<[String]?>(nil)
    private let answers = BoundedQueue<[UInt8]>(countMax: 1, costMax: .max)

    let watchers = Watchers()

    init(waker: Waker) { self.waker = waker }

    /// Waits for the answer; nil when the gateway stops.
    func ask(_ words: [String]) -> [UInt8]? {
        asking.withLock { _ in
            question.withLock { $0 = words }
            waker.wake()
            guard let answer = answers.popAll(until: nil).first else { return nil }
            answers.release(count: 1, cost: 1)
            return answer
        }
    }

    /// Called on the loop: answers the question if there is one, now or, where `reply` has nothing
    /// yet, by `finish`.
    func answer(_ reply: ([String]) -> [UInt8]?) {
        guard let words = question.withLock({ $0.take() }) else { return }
        if let answer = reply(words) { finish(answer) }
    }

    /// Called on the loop: the answer that was still owed.
    func finish(_ answer: [UInt8]) { _ = answers.push(answer, cost: 1) }

    /// Ends all waiting, now and later.
    func close() {
        watchers.close()
        answers.close()
    }
}
