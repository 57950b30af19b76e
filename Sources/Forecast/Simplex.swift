/// The smallest value of a function over a cube, from a grid and then by a simplex that creeps
/// downhill (Nelder, Mead). The same steps on every machine; `limit` evaluations, and no more.
struct Simplex {
    private var corners: [Corner]
    private var evaluations = 0

    struct Corner {
        var point: [Double]
        var value: Double
    }

    private static let grid = [0.05, 0.25, 0.5, 0.75, 0.95]

    static func minimum(
        dimensions: Int, limit: Int, _ function: ([Double]) -> Double
    ) -> Corner {
        var best = Corner(point: [], value: .infinity)
        var point = [Int](repeating: 0, count: dimensions)
        var isDone = false
        while !isDone {
            let place = point.map { grid[$0] }
            let value = function(place)
            if best.point.isEmpty || value < best.value {
                best = Corner(point: place, value: value)
            }
            isDone = true
            for axis in 0..<dimensions {
                point[axis] += 1
                isDone = point[axis] == grid.count
                if !isDone { break }
                point[axis] = 0
            }
        }
        var simplex = Simplex(around: best, function)
        while simplex.evaluations < limit, simplex.isWide { simplex.step(function) }
        return simplex.corners[0]
    }

    private init(around best: Corner, _ function: ([Double]) -> Double) {
        corners = [best]
        for axis in best.point.indices {
            var point = best.point
            point[axis] += point[axis] > 0.5 ? -0.1 : 0.1
            corners.append(Corner(point: point, value: function(point)))
        }
        evaluations = best.point.count
        sort()
    }

    private var worst: Corner { corners[corners.count - 1] }

    private var isWide: Bool {
        zip(corners[0].point, worst.point).contains { ($0 - $1).magnitude > 1e-7 }
    }

    private mutating func step(_ function: ([Double]) -> Double) {
        let others = corners.dropLast()
        let middle = corners[0].point.indices.map { axis in
            others.reduce(0) { $0 + $1.point[axis] } / Double(others.count)
        }
        let worst = worst
        // From the worst corner through the middle of the others; inside the cube.
        func corner(_ factor: Double) -> Corner {
            let point = zip(middle, worst.point).map { middle, worst in
                min(1, max(0, middle + factor * (middle - worst)))
            }
            return Corner(point: point, value: function(point))
        }
        let mirrored = corner(1)
        evaluations += 2
        if mirrored.value < corners[0].value {
            let farther = corner(2)
            replaceWorst(by: farther.value < mirrored.value ? farther : mirrored)
        } else if mirrored.value < corners[corners.count - 2].value {
            replaceWorst(by: mirrored)
        } else {
            let nearer = corner(mirrored.value < worst.value ? 0.5 : -0.5)
            if nearer.value < min(worst.value, mirrored.value) {
                replaceWorst(by: nearer)
            } else {
                shrink(function)
            }
        }
    }

    private mutating func shrink(_ function: ([Double]) -> Double) {
        let best = corners[0].point
        for index in corners.indices.dropFirst() {
            let point = zip(best, corners[index].point).map { ($0 + $1) / 2 }
            corners[index] = Corner(point: point, value: function(point))
            evaluations += 1
        }
        sort()
    }

    private mutating func replaceWorst(by corner: Corner) {
        corners[corners.count - 1] = corner
        sort()
    }

    /// The best first; of equals the one that was there first.
    private mutating func sort() {
        for index in corners.indices.dropFirst() {
            var place = index
            while place > 0, corners[place].value < corners[place - 1].value {
                corners.swapAt(place, place - 1)
                place -= 1
            }
        }
    }
}
