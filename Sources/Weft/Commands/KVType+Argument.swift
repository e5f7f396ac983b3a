import ArgumentParser
package import Quantities

extension KVType: ExpressibleByArgument {}
