extension [Double] {
    /// The value that would stand at this place if all were sorted; they are moved about.
    mutating func select(_ rank: Int) -> Double {
        var (low, high) = (0, count - 1)
        while low < high {
            let pivot = self[(low + high) / 2]
            var (left, right) = (low, high)
            while left <= right {
                while self[left] < pivot { left += 1 }
                while self[right] > pivot { right -= 1 }
                guard left <= right else { break }
                swapAt(left, right)
                left += 1
                right -= 1
            }
            if rank <= right {
                high = right
            } else if rank >= left {
                low = left
            } else {
                break
            }
        }
        return self[rank]
    }

    /// The middle value, or the mean of the two in the middle; there must be one.
    mutating func median() -> Double {
        let upper = select(count / 2)
        return count % 2 == 1 ? upper : (select(count / 2 - 1) + upper) / 2
    }
}
