/// A span of time, or a point in time as counted from the start of a run.
public typealias Seconds = Double
