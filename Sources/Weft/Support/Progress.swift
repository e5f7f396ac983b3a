import Foundation
import Synchronization

/// Shows how far a long step is, on a terminal; is silent elsewhere.
final class Progress: Sendable {
    private let title: String
    private let shown = Mutex(-1)
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ title: String) { self.title = title }

    /// - Parameter share: 0 to 1; 1 ends the line.
    func show(_ share: Double, _ detail: String = "") {
        let percent = Int((share * 100).rounded())
        guard isTerminal,
            shown.withLock({ known in
                defer { known = percent }
                return known != percent
            })
        else { return }
        let text = "\r\u{1b}[K\(title)\(detail.isEmpty ? "" : " \(detail)") \(percent) %\(share >= 1 ? "\n" : "")"
        FileHandle.standardError.write(Data(text.utf8))
    }
}
