/// The language that a kernel is translated to.
package enum Dialect: String, Sendable, Hashable, Codable {
    case glsl, openCL, cuda
}
