public import ArgumentParser
public import KVCache

extension KVType: ExpressibleByArgument {}
