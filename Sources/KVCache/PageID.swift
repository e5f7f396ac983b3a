/// The number of a page in its pool: page `p` starts at byte `p * pageBytes` of the pool's memory.
public typealias PageID = UInt32
