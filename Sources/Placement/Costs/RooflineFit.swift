/// A time as `fixed + perItem * x + perProduct * y`, fitted to measurements.
///
/// For decode x is the batch and y is batch x length; for prefill x is the tokens and y is tokens x length.
struct RooflineFit: Hashable, Sendable {
    var fixed: Double
    var perItem: Double
    var perProduct: Double

    /// One measured time.
    struct Point {
        var x: Double
        var y: Double
        var time: Double
    }

    func time(_ x: Double, _ y: Double) -> Double { fixed + perItem * x + perProduct * y }

    /// The fit of least relative errors whose coefficients are not negative; outliers beyond 40 % are left out of a
    /// second pass. Chosen: fits to MuxServe's costs are off by 2 to 10 % in the median, disturbed cells by up to 3.6
    /// times. `nil` without points.
    init?(_ points: [Point]) {
        guard let first = Self.solve(points) else { return nil }
        let inliers = points.filter { abs(first.time($0.x, $0.y) / $0.time - 1) < 0.4 }
        self = inliers.count >= 4 ? Self.solve(inliers) ?? first : first
    }

    private init(_ coefficients: [Double]) {
        (fixed, perItem, perProduct) = (coefficients[0], coefficients[1], coefficients[2])
    }

    /// Non-negative least squares over three columns: of all subsets of columns the best whose solution is feasible.
    private static func solve(_ points: [Point]) -> RooflineFit? {
        var best: (error: Double, fit: RooflineFit)?
        for columns in [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]] {
            guard let solution = leastSquares(points, columns), solution.allSatisfy({ $0 >= 0 }) else { continue }
            var coefficients = [0.0, 0, 0]
            for (column, value) in zip(columns, solution) { coefficients[column] = value }
            let fit = RooflineFit(coefficients)
            let error = points.reduce(0) { sum, point in
                let relative = fit.time(point.x, point.y) / point.time - 1
                return sum + relative * relative
            }
            if error < best?.error ?? .infinity { best = (error, fit) }
        }
        return best?.fit
    }

    /// Weighted normal equations over some columns, solved by elimination; `nil` where they are singular.
    private static func leastSquares(_ points: [Point], _ columns: [Int]) -> [Double]? {
        let n = columns.count
        var matrix = Array(repeating: Array(repeating: 0.0, count: n + 1), count: n)
        for point in points {
            let row = columns.map { [1, point.x, point.y][$0] / point.time }
            for i in 0..<n {
                for j in 0..<n { matrix[i][j] += row[i] * row[j] }
                matrix[i][n] += row[i]
            }
        }
        let scale = (0..<n).map { matrix[$0][$0].squareRoot() }
        guard scale.allSatisfy({ $0 > 0 }) else { return nil }
        for i in 0..<n {
            for j in 0..<n { matrix[i][j] /= scale[i] * scale[j] }
            matrix[i][n] /= scale[i]
        }
        for i in 0..<n {
            guard abs(matrix[i][i]) > 1e-9 else { return nil }
            for k in 0..<n where k != i {
                let factor = matrix[k][i] / matrix[i][i]
                for j in i...n { matrix[k][j] -= factor * matrix[i][j] }
            }
        }
        return (0..<n).map { matrix[$0][n] / matrix[$0][$0] / scale[$0] }
    }
}
