/// Why a sequence asks for pages.
public enum Growth: Hashable, Sendable {
    /// It begins or begins again: it may wait, and leaves some room for the growth of those at work.
    case admission
    /// It goes on: running sequences of models over their quota yield to it.
    case step
}
