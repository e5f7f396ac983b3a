import Foundation
import GGUF
import KVCache
import Kernels
import Quantities
import Transformer

/// A Llama network in plain Swift, one sequence, all keys kept: what the device's forward pass is compared with.
struct ReferenceLlama {
    private let file: GGUFFile
    private let configuration: LlamaConfiguration
    private let kv: KVType

    /// - Parameter kv: in q8_0 keys and values are rounded as pages round them; halves are left exact.
    init(_ file: GGUFFile, kv: KVType = .f32) throws {
        self.file = file
        self.kv = kv
        configuration = try LlamaConfiguration(file)
    }

    private func weights(_ name: String) throws -> [Float] {
        let tensor = try file.tensor(name)
        return try tensor.floats(rows: 0..<tensor.layout.rowCount)
    }

    /// `x` `[rows][depth]` times the named matrix.
    private func product(_ x: [Float], _ name: String, rows: Int) throws -> [Float] {
        let shape = try file.tensor(name).shape
        return Reference.matmul(x, try weights(name), rows: rows, depth: shape[0], columns: shape[1])
    }

    /// Logits `[vocabularySize]` after each of `tokens`.
    func logits(_ tokens: [Int32]) throws -> [[Float]] {
        let c = configuration
        let embedding = try weights("token_embd.weight")
        var x = tokens.flatMap { embedding[Int($0) * c.embeddingLength..<(Int($0) + 1) * c.embeddingLength] }
        for layer in 0..<c.layers {
            let name = "blk.\(layer)."
            let normed = Reference.rmsNorm(x, weight: try weights(name + "attn_norm.weight"), epsilon: c.epsilon)
            let mixed = try attention(normed, name, rows: tokens.count)
            add(try product(mixed, name + "attn_output.weight", rows: tokens.count), to: &x)
            let inner = Reference.rmsNorm(x, weight: try weights(name + "ffn_norm.weight"), epsilon: c.epsilon)
            let gated = Reference.swiglu(
                gate: try product(inner, name + "ffn_gate.weight", rows: tokens.count),
                up: try product(inner, name + "ffn_up.weight", rows: tokens.count))
            add(try product(gated, name + "ffn_down.weight", rows: tokens.count), to: &x)
        }
        let final = Reference.rmsNorm(x, weight: try weights("output_norm.weight"), epsilon: c.epsilon)
        let output = file.tensorIfPresent("output.weight") == nil ? "token_embd.weight" : "output.weight"
        let all = try product(final, output, rows: tokens.count)
        return stride(from: 0, to: all.count, by: c.vocabularySize).map { Array(all[$0..<$0 + c.vocabularySize]) }
    }

    private func attention(_ x: [Float], _ name: String, rows: Int) throws -> [Float] {
        let c = configuration
        let q = try heads(x, name + "attn_q.weight", count: c.heads, rows: rows, rotates: true)
        let k = kept(try heads(x, name + "attn_k.weight", count: c.kvHeads, rows: rows, rotates: true))
        let v = kept(try heads(x, name + "attn_v.weight", count: c.kvHeads, rows: rows, rotates: false))
        return (0..<rows).flatMap { row in
            (0..<c.heads).flatMap { head in
                let shared = head / (c.heads / c.kvHeads)
                return Reference.attention(
                    query: q[row][head], keys: k[...row].map { $0[shared] }, values: v[...row].map { $0[shared] },
                    .init(scale: 1 / Float(c.headSize).squareRoot()))
            }
        }
    }

    /// `[rows][count][headSize]`
    private func heads(_ x: [Float], _ name: String, count: Int, rows: Int, rotates: Bool) throws -> [[[Float]]] {
        let size = configuration.headSize
        let flat = try product(x, name, rows: rows)
        return (0..<rows).map { row in
            (0..<count).map { head in
                let start = (row * count + head) * size
                let vector = Array(flat[start..<start + size])
                return rotates ? Reference.rope(vector, angles: angles(row)) : vector
            }
        }
    }

    /// Blocks of 32 as whole multiples, up to 127, of a float whose lower half is zero.
    private func kept(_ vectors: [[[Float]]]) -> [[[Float]]] {
        guard kv == .q8_0 else { return vectors }
        return vectors.map { heads in
            heads.map { vector in
                stride(from: 0, to: vector.count, by: 32).flatMap { start in
                    let block = vector[start..<min(start + 32, vector.count)]
                    let most = block.reduce(0) { max($0, abs($1)) }
                    let scale = Float(bitPattern: ((most / 127).bitPattern + 0xffff) & 0xffff_0000)
                    return block.map { scale == 0 ? 0 : ($0 / scale).rounded(.toNearestOrEven) * scale }
                }
            }
        }
    }

    private func angles(_ position: Int) -> [Double] {
        (0..<configuration.rotated / 2).map {
            Double(position) * pow(Double(configuration.ropeBase), -2 * Double($0) / Double(configuration.rotated))
        }
    }

    private func add(_ y: [Float], to x: inout [Float]) {
        for index in x.indices { x[index] += y[index] }
    }
}
