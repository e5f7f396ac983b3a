package import Compute

/// Which experts of a layer the rows of a batch go to, and with what weights.
///
/// Products with the experts' matrices take the rows of each expert together; a slot is one of the experts that a row
/// goes to, `row * used + place`.
package struct ExpertRouting: Sendable {
    /// What makes probabilities of logits.
    package enum Probabilities: String, Sendable, CaseIterable {
        case softmax = "SOFTMAX"
        case sigmoid = "SIGMOID"
    }

    /// How experts are chosen.
    package struct Choice: Sendable {
        package var experts: Int
        /// Of these, those that a row goes to.
        package var used: Int
        package var probabilities: Probabilities
        /// `[experts]` floats that decide too and are in no weight. Source: DeepSeek-V3 (2024), section 2.1.2.
        package var bias: (any Buffer)?
        /// Whether weights add up to one; with a softmax, that is one of the chosen alone.
        package var isNormalised: Bool
        /// What weights are multiplied with.
        package var scale: Float

        package init(
            experts: Int, used: Int, probabilities: Probabilities = .softmax, bias: (any Buffer)? = nil,
            isNormalised: Bool = true, scale: Float = 1
        ) {
            precondition(
                1...mostExperts ~= experts && 1...min(mostUsed, experts) ~= used, "\(used) of \(experts) experts")
            self.experts = experts
            self.used = used
            self.probabilities = probabilities
            self.bias = bias
            self.isNormalised = isNormalised
            self.scale = scale
        }
    }

    /// The most experts that there are kernels for, and the most of a row.
    package static let (mostExperts, mostUsed) = (512, 16)

    /// What the rows of a batch are routed by.
    package struct Lists: Sendable {
        /// `[rows][used]` the experts of each row, the best first
        package var chosen: any Buffer
        /// `[rows][used]` floats
        package var weights: any Buffer
        /// What `group_experts` writes.
        package var places: any Buffer

        package init(chosen: any Buffer, weights: any Buffer, places: any Buffer) {
            self.chosen = chosen
            self.weights = weights
            self.places = places
        }

        /// Room for batches of at most `rows` rows.
        package init(_ choice: Choice, rows: Int, for kernels: KernelSet) throws(ComputeError) {
            func buffer(_ words: Int, _ label: String) throws(ComputeError) -> any Buffer {
                try kernels.device.makeBuffer(byteCount: 4 * max(4, words), access: .device, label: label)
            }
            let slots = rows * choice.used
            chosen = try buffer(slots, "chosen experts")
            weights = try buffer(slots, "weights of experts")
            places = try buffer(choice.placeWords(rows: rows, kernels.limits), "rows by experts")
        }
    }

    package let choice: Choice
    package let lists: Lists
    private let route: KernelPromise
    private let group: KernelPromise
    private let heights: [Int]
    private let stride: Int

    /// - Parameters:
    ///   - logits: `[rows][stride]` floats, those of experts in front
    ///   - stride: as many as there are experts, where it is not said.
    ///   - lists: may be shared by layers that come one after the other.
    package init(
        _ kernels: KernelSet, _ choice: Choice, logits: any Buffer, stride: Int? = nil, _ lists: Lists
    ) throws(ComputeError) {
        self.choice = choice
        self.lists = lists
        self.stride = stride ?? choice.experts
        heights = Self.heights(kernels.limits)
        let options = [
            "PROBABILITIES": choice.probabilities.rawValue, "BIAS": choice.bias == nil ? "0" : "1",
            "NORMALISED": choice.isNormalised ? "1" : "0",
        ]
        let groupSize = kernels.limits.rowGroupSize
        route = try kernels.promise(
            "route", options, [logits, choice.bias ?? kernels.nothing, lists.chosen, lists.weights],
            groupSize: groupSize)
        group = try kernels.promise("group_experts", [:], [lists.chosen, lists.places], groupSize: groupSize)
    }

    /// The slots that tiles of products take at most, for few and for many rows; there is a shape for each.
    static func heights(_ limits: DeviceLimits) -> [Int] { limits.hasGroups ? [1, 4, 32] : [1, 4, 8] }

    /// Tiles that are half full at least, if experts are chosen evenly.
    package func cut(rows: Int) -> (height: Int, tiles: Int) {
        let height = heights.last { $0 * choice.experts <= 2 * rows * choice.used } ?? 1
        return (height, choice.tiles(rows: rows, height: height))
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(stride)
        parameters.append(choice.experts)
        parameters.append(choice.used)
        parameters.append(choice.scale)
        commands.dispatch(route, parameters, tiles: rows)
        let (height, tiles) = cut(rows: rows)
        parameters = Parameters()
        parameters.append(choice.experts)
        parameters.append(rows * choice.used)
        parameters.append(height)
        parameters.append(tiles)
        commands.dispatch(group, parameters, tiles: 1)
    }
}

extension ExpertRouting.Choice {
    /// The most tiles that rows make, whoever they go to: each expert has one that is not full.
    fileprivate func tiles(rows: Int, height: Int) -> Int {
        let slots = rows * used
        return height == 1 ? slots : min(experts, slots) + slots / height
    }

    /// Words of the list of tiles and of that of slots, for up to `rows` rows.
    package func placeWords(rows: Int, _ limits: DeviceLimits) -> Int {
        rows * used + ExpertRouting.heights(limits).reduce(0) { max($0, 4 * tiles(rows: rows, height: $1)) }
    }
}

/// Adds up what a row's experts have made of it.
package struct CombineExperts: Sendable {
    private let kernel: KernelPromise
    private let width: Int
    private let used: Int
    private let offset: Int
    private let scale: Float

    /// - Parameters:
    ///   - x: `[rows][used][width]` floats
    ///   - y: `[rows][width]` floats, from `offset` on, which is a multiple of 4
    ///   - isAdded: whether `y` gets `scale` times the weighted sum added; else it becomes that.
    package init(
        _ kernels: KernelSet, _ routing: ExpertRouting, x: any Buffer, y: any Buffer, width: Int, offset: Int = 0,
        isAdded: Bool = true, scale: Float = 1
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "combine", ["ADDED": isAdded ? "1" : "0"], [x, routing.lists.weights, y],
            groupSize: kernels.limits.rowGroupSize)
        self.width = width
        self.offset = offset / 4
        used = routing.choice.used
        self.scale = scale
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(width)
        parameters.append(used)
        parameters.append(offset)
        parameters.append(scale)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
