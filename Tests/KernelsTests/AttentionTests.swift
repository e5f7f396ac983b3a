import Compute
import Foundation
import Kernels
import Testing

struct AttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var device: String
        var fallback: Fallback
        var kv: AttentionShape.KVFormat
        var headSize: Int
        var ratio: Int
        var testDescription: String { "\(device) \(fallback) \(kv) \(headSize) ratio \(ratio)" }
    }

    static let cases = TestDevices.selectors.flatMap { device in
        [
            (Fallback.none, AttentionShape.KVFormat.f32, 64, 3), (.none, .f16, 64, 3), (.none, .f16, 32, 1),
            (.none, .f16, 80, 2), (.none, .f16, 128, 4), (.none, .f32, 128, 1), (.noTexels, .f16, 64, 3),
            (.noSubgroups, .f16, 64, 3), (.noSubgroups, .f32, 32, 8), (.smallBindings, .f32, 32, 1),
            (.smallBindings, .f16, 64, 3),
            (.fourWide, .f16, 64, 3), (.eightWide, .f16, 80, 1),
        ].filter { Fallback.cases(for: device).contains($0.0) }.map {
            Case(device: device, fallback: $0.0, kv: $0.1, headSize: $0.2, ratio: $0.3)
        }
    }

    /// Two sequences with pages out of order, fed in two batches: keys are stored, rotated and attended to. With small
    /// bindings the pool is cut into windows, and batches are small enough that nothing else is.
    @Test(arguments: cases)
    func matchesReference(_ test: Case) throws {
        let device = try TestDevices.open(test.device, limits: test.fallback.apply)
        var world = try AttentionWorld(test, device: device)
        let steps: [[(sequence: Int, positions: Range<Int>)]] =
            test.fallback == .smallBindings
            ? [[(0, 0..<7)], [(1, 0..<12)], [(1, 12..<20)], [(1, 20..<31)], [(1, 31..<41), (0, 7..<8)]]
            : [[(0, 0..<7), (1, 0..<20)], [(1, 20..<41), (0, 7..<8)]]
        for step in steps { try world.step(step) }
        TestDevices.expectNoMessages()
    }
}

/// Sequences whose keys and values stand in a pool on the device, and in plain arrays beside it.
private struct AttentionWorld {
    let test: AttentionTests.Case
    let device: any Device
    let shape: AttentionShape
    let kernels: KernelSet
    let lane: any Lane
    let pool: any Buffer
    let rotations: any Buffer
    let tables: any Buffer
    var keys: [[[[Float]]]]
    var values: [[[[Float]]]]
    var numbers = Numbers(seed: 11)
    let layers = 2
    let layer = 1
    let maxBlocks = 8

    init(_ test: AttentionTests.Case, device: any Device) throws {
        self.test = test
        self.device = device
        let bytesPerToken = 2 * test.headSize * (test.kv == .f32 ? 4 : 2)
        shape = AttentionShape(
            heads: 2 * test.ratio, kvHeads: 2, headSize: test.headSize, rotated: test.headSize, layers: layers,
            kv: test.kv, pageTokens: 8, pageBytes: 8 * bytesPerToken)
        kernels = try KernelSet(device: device)
        lane = try device.makeLane(label: "test")
        let pages = 2 * maxBlocks * layers * 2
        pool = try device.makeBuffer(byteCount: pages * shape.pageBytes, access: .device, label: "pool")
        rotations = try device.makeBuffer(byteCount: 64 * test.headSize * 4, access: .device, label: "rotations")
        tables = try device.makeBuffer(byteCount: 4 * pages, access: .host, label: "tables")
        var order = (0..<UInt32(pages)).map { $0 }
        for index in order.indices { order.swapAt(index, numbers.below(pages)) }
        try tables.write(order)
        keys = [[], []]
        values = [[], []]
        let turns = (0..<64).flatMap { position in
            Self.angles(position, headSize: test.headSize).flatMap { [Float(cos($0)), Float(sin($0))] }
        }
        try rotations.write(turns)
    }

    static func angles(_ position: Int, headSize: Int) -> [Double] {
        (0..<headSize / 2).map { Double(position) * pow(10000, -2 * Double($0) / Double(headSize)) }
    }

    /// Runs rows of sequences through both kernels and checks what comes out.
    mutating func step(_ parts: [(sequence: Int, positions: Range<Int>)]) throws {
        let rows = parts.flatMap { part in part.positions.map { (sequence: part.sequence, position: $0) } }
        let qkv = numbers.floats(rows.count * shape.rowWidth)
        let input = try device.makeBuffer(byteCount: 4 * qkv.count, access: .device, label: "qkv")
        try input.write(qkv)
        let positions = try device.makeBuffer(byteCount: 4 * rows.count, access: .host, label: "positions")
        try positions.write(rows.map { UInt32($0.position) })
        let starts = try device.makeBuffer(byteCount: 4 * rows.count, access: .host, label: "starts")
        try starts.write(rows.map { UInt32($0.sequence * maxBlocks * layers * 2) })
        let count = rows.count * shape.heads * shape.headSize
        let output = try device.makeBuffer(byteCount: 4 * count + 64, access: .device, label: "y")
        try output.write([Float](repeating: 777, count: count + 16))
        let where_ = RowBuffers(positions: positions, tables: tables, starts: starts)
        let store = try RopeStore(kernels, shape, qkv: input, rotations: rotations, rows: where_, pool: pool)
        let attention = try Attention(kernels, shape, qkv: input, rows: where_, pool: pool, y: output)
        try lane.run {
            store.encode($0, rows: rows.count, layer: layer)
            attention.encode($0, rows: rows.count, layer: layer)
        }
        let result = try output.read(count + 16, of: Float.self)
        #expect(result.suffix(16).allSatisfy { $0 == 777 })
        remember(qkv, rows)
        for (index, row) in rows.enumerated() {
            try check(
                Array(result[index * shape.heads * shape.headSize..<(index + 1) * shape.heads * shape.headSize]),
                qkv, index, row)
        }
    }

    private mutating func remember(_ qkv: [Float], _ rows: [(sequence: Int, position: Int)]) {
        for (index, row) in rows.enumerated() {
            let angles = Self.angles(row.position, headSize: shape.headSize)
            keys[row.sequence].append(
                (0..<2).map { stored(Reference.rope(head(shape.heads + $0, qkv, index), angles: angles)) })
            values[row.sequence].append((0..<2).map { stored(head(shape.heads + 2 + $0, qkv, index)) })
        }
    }

    private func check(_ result: [Float], _ qkv: [Float], _ index: Int, _ row: (sequence: Int, position: Int)) throws {
        let angles = Self.angles(row.position, headSize: shape.headSize)
        for head in 0..<shape.heads {
            let query = Reference.rope(self.head(head, qkv, index), angles: angles)
            let expected = Reference.attention(
                query: query, keys: keys[row.sequence][...row.position].map { $0[head / test.ratio] },
                values: values[row.sequence][...row.position].map { $0[head / test.ratio] })
            let got = result[head * shape.headSize..<(head + 1) * shape.headSize]
            for (a, b) in zip(got, expected) { try #require(abs(a - b) < 1e-4, "row \(row) head \(head)") }
        }
    }

    private func head(_ head: Int, _ qkv: [Float], _ index: Int) -> [Float] {
        let start = index * shape.rowWidth + head * shape.headSize
        return Array(qkv[start..<start + shape.headSize])
    }

    private func stored(_ x: [Float]) -> [Float] { test.kv == .f32 ? x : x.map { Float(Float16($0)) } }
}
