import Compute
import Kernels

/// Where the shards of a network show each other what they make of rows.
///
/// Nobody may write what another still reads: between two uses of an exchange there is a meeting of another. Mixers and
/// feed-forward parts take turns; blocks that have both in one part take turns with a second pair.
struct ShardExchanges: Sendable {
    struct Pair: Sendable {
        let mixer: Exchange
        let feedForward: Exchange
    }

    /// Rows that there is room for.
    let rows: Int
    private let pairs: [Pair]

    /// - Parameter devices: of all ranks, each with the shards that it computes.
    init(_ network: Network, rows: Int, on devices: [any Device], way: Exchange.Way) throws(ComputeError) {
        let shards = network.shards, held = (0..<shards.ranks).map { shards.held(by: $0) }
        func exchange(_ label: String) throws(ComputeError) -> Exchange {
            try Exchange(
                slotBytes: 4 * rows * network.embeddingLength, held: held, label: label, on: devices, way: way)
        }
        let isParallel = network.blocks.contains(where: \.isParallel)
        pairs = try (0..<(isParallel ? 2 : 1)).map { _ throws(ComputeError) in
            Pair(mixer: try exchange("sums of mixers"), feedForward: try exchange("sums of feed-forward parts"))
        }
        self.rows = rows
    }

    /// Those of a block.
    subscript(block: Int) -> Pair { pairs[block % pairs.count] }
}

extension ShardExchanges {
    /// The way on which the devices of a mesh meet soonest, measured where there is a choice. Takes a few milliseconds.
    ///
    /// - Parameter kernels: of each rank.
    static func fastestWay(_ network: Network, _ kernels: [KernelSet]) throws(ComputeError) -> Exchange.Way {
        let devices = kernels.map(\.device)
        let ways = Exchange.ways(on: devices)
        guard ways.count > 1 else { return ways[0] }
        let lane = MeshLane(
            try devices.map { device throws(ComputeError) in try device.makeLane(label: "meetings") },
            name: "weft meetings")
        var best = (way: ways[0], time: Duration.seconds(1 << 30))
        for way in ways {
            let time = try Trial(network, kernels, way).time(on: lane)
            if time < best.time { best = (way, time) }
        }
        return best.way
    }

    /// Meetings as those of a pass, with nothing to compute in between.
    private struct Trial {
        /// Chosen: rows of a batch of decodes, which meets as often as a prefill and has less to do in between.
        private static let rows = 16
        /// Chosen: as many as in a step of some thirty layers, and runs of which the fastest counts.
        private static let (meetings, runs) = (64, 5)

        private let exchange: Exchange
        private let sums: [SumShards]
        private let bytes: Int

        init(_ network: Network, _ kernels: [KernelSet], _ way: Exchange.Way) throws(ComputeError) {
            let (shards, length) = (network.shards, network.embeddingLength)
            let exchange = try Exchange(
                slotBytes: 4 * Self.rows * length, held: (0..<shards.ranks).map { shards.held(by: $0) },
                label: "meetings", on: kernels.map(\.device), way: way)
            sums = try kernels.enumerated().map { rank, kernels throws(ComputeError) in
                // Read from all shards, written to nobody's.
                let y = try kernels.device.makeBuffer(
                    byteCount: 4 * Self.rows * length, access: .device, label: "sums of meetings")
                return try SumShards(
                    kernels, x: exchange.all(rank), shards: shards.count, slotRows: Self.rows, y: y, width: length,
                    isAdded: false)
            }
            self.exchange = exchange
            bytes = 4 * Self.rows * length
        }

        func time(on lane: MeshLane) throws(ComputeError) -> Duration {
            var best = Duration.seconds(1 << 30)
            for _ in 0..<Self.runs {
                let start = ContinuousClock.now
                try lane.run(parts: Self.meetings) { [exchange, sums, bytes] rank, part, commands in
                    if part > 0 { exchange.take(rank, bytes: bytes, commands) }
                    sums[rank].encode(commands, rows: Self.rows)
                    exchange.show(rank, bytes: bytes, commands)
                }
                best = min(best, ContinuousClock.now - start)
            }
            return best
        }
    }
}
