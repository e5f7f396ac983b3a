/// The language that a kernel is translated to.
public enum Dialect: String, Sendable, Hashable, Codable {
    case glsl, openCL, cuda
}
