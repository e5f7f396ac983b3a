import ShaderTesting
import Testing

struct ShrinkingTests {
    private struct Shape: Equatable {
        var rows: Int
        var depth: Int
        var columns: Int

        var smaller: [Shape] {
            rows.smaller(downTo: 1).map { Shape(rows: $0, depth: depth, columns: columns) }
                + depth.smaller(downTo: 32, by: 32).map { Shape(rows: rows, depth: $0, columns: columns) }
                + columns.smaller(downTo: 4, by: 4).map { Shape(rows: rows, depth: depth, columns: $0) }
        }
    }

    @Test func findsTheSmallestShapeThatFails() {
        let found = Shrinking(attempts: 1000).smallest(
            failing: Shape(rows: 257, depth: 992, columns: 1028), smaller: \.smaller
        ) { $0.rows > 7 && $0.depth >= 64 }
        #expect(found == Shape(rows: 8, depth: 64, columns: 4))
    }

    @Test func stopsWhenAttemptsRunOut() {
        var tried = 0
        let found = Shrinking(attempts: 5).smallest(failing: 1000, smaller: { [$0 - 1] }) { _ in
            tried += 1
            return true
        }
        #expect(tried == 5)
        #expect(found == 995)
    }

    @Test(arguments: [(100, 1, 1, [1, 50, 99]), (96, 32, 32, [32, 64]), (1, 1, 1, []), (12, 0, 4, [0, 4, 8])])
    func stepsStayInBounds(_ value: Int, _ least: Int, _ unit: Int, _ expected: [Int]) {
        #expect(value.smaller(downTo: least, by: unit) == expected)
    }

    /// Every step of every random case leads to a smaller one, so that shrinking comes to an end.
    @Test func casesShrinkToAnEnd() {
        for test in ShaderSuite.random(8) { shrinks(test) }
    }

    private func shrinks(_ test: some ShaderCase) {
        var current = test
        for _ in 0..<1000 {
            guard let next = current.smaller.last else { return }
            current = next
        }
        Issue.record("\(test) does not come to an end")
    }

    @Test func randomCasesAreTheSameInEveryRun() {
        #expect(ShaderSuite.random(5).map(\.description) == ShaderSuite.random(5).map(\.description))
        #expect(ShaderSuite.random(5).map(\.description) != ShaderSuite.random(5, seed: 2).map(\.description))
    }
}
