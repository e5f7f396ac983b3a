import Logging

/// Takes a line about what went wrong and costs time, nothing else.
package typealias Warn = @Sendable (String) -> Void

/// Warns in the program's log.
package let warnInLog: Warn = { line in Logger(label: "weft").warning("\(line)") }
