/// What quotas mean in a pool.
public enum QuotaRule: Hashable, Sendable {
    /// What a model leaves idle is lent to others and taken back by preemption.
    case lent
    /// Each model keeps to its quota, whatever the others leave.
    case fixed
    /// First come, first served: only free pages are given to those who begin, and the youngest yields.
    case none
}
