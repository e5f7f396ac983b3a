import Foundation

/// A folder for whatever the tests of one process share, such as compiled kernels; gone when the process ends.
package enum ProcessFolder {
    package static let path: String = {
        atexit { try? FileManager.default.removeItem(atPath: ProcessFolder.name) }
        return name
    }()

    private static let name = NSTemporaryDirectory() + "weft-tests-\(getpid())"
}
