/// What was found of one kernel on one device.
package struct KernelReport: Sendable, Encodable {
    package var kernel: String
    package var cases = 0
    /// The worst of all cases that passed.
    package var accuracy = Accuracy()
    package var seconds = 0.0
    package var failures: [CaseFailure] = []
    /// Failures that are known of the driver.
    package var expectedFailures: [CaseFailure] = []
    /// Cases that the driver is known to fail and did not.
    package var unexpectedPasses: [String] = []

    init(kernel: String) { self.kernel = kernel }
}

/// A case that failed.
package struct CaseFailure: Sendable, Encodable, Hashable {
    package var shaderCase: String
    package var fallback: Fallback
    /// What is wrong.
    package var fault: String
    /// The smallest case found that fails as well, with what is wrong there.
    package var smallest: String?
    /// Why the failure was expected.
    package var reason: String?
}
