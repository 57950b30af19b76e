/// The line of least squares.
package struct LeastSquares: Hashable, Sendable {
    package var intercept: Double
    package var slope: Double

    /// Through the points of two or more different x, as many of y.
    package init(_ x: [Double], _ y: [Double]) {
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        var (square, product) = (0.0, 0.0)
        for (x, y) in zip(x, y) {
            square += (x - meanX) * (x - meanX)
            product += (x - meanX) * (y - meanY)
        }
        slope = product / square
        intercept = meanY - slope * meanX
    }
}
