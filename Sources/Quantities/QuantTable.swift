/// The whole numbers that quants of 4 bits stand for where they do not stand for themselves: in files and on devices.
package enum QuantTable {
    /// Steps that are finer near zero. Source: `kvalues_iq4nl` of ggml.
    package static let nonlinear: [Int8] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
    /// Twice the values of E2M1, so that they are whole. Source: OCP Microscaling Formats 1.0, 5.3.3.
    package static let fourBitFloats: [Int8] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]
}
