import Quantities
import Testing

struct HistogramTests {
    @Test func valuesAreCountedByTheirBounds() {
        var histogram = Histogram(bounds: [1, 2])
        #expect(histogram.count == 0 && histogram.cumulated == [0, 0, 0])
        for value in [0.5, 1, 1.5, 2, 9] { histogram.add(value) }
        // A bound is its own.
        #expect(histogram.cumulated == [2, 4, 5] && histogram.count == 5 && histogram.sum == 14)
    }
}
