import ArgumentParser
package import Scheduling

extension PolicyName: ExpressibleByArgument {}
