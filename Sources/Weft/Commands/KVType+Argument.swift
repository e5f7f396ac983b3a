import ArgumentParser
package import KVCache

extension KVType: ExpressibleByArgument {}
