/// What was found of one kernel on one device.
public struct KernelReport: Sendable, Encodable {
    public var kernel: String
    public var cases = 0
    /// The worst of all cases that passed.
    public var accuracy = Accuracy()
    public var seconds = 0.0
    public var failures: [CaseFailure] = []
    /// Failures that are known of the driver.
    public var expectedFailures: [CaseFailure] = []
    /// Cases that the driver is known to fail and did not.
    public var unexpectedPasses: [String] = []

    init(kernel: String) { self.kernel = kernel }
}

/// A case that failed.
public struct CaseFailure: Sendable, Encodable, Hashable {
    public var shaderCase: String
    public var fallback: Fallback
    /// What is wrong.
    public var fault: String
    /// The smallest case found that fails as well, with what is wrong there.
    public var smallest: String?
    /// Why the failure was expected.
    public var reason: String?
}
