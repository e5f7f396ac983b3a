public import ArgumentParser
public import Scheduling

extension PolicyName: ExpressibleByArgument {}
