package import Reporting

extension InspectedTarget {
    /// The target in a line or two: what stands out, or why there is nothing.
    package var summary: String {
        var lines: [String] = []
        if let skipped { lines.append("\(name): SKIPPED, UNCHECKED: \(skipped)") }
        if let most = variants.map(\.registers).max(), let least = variants.map(\.waves).min() {
            let spilling = variants.filter { $0.spilled > 0 }
            let inMemory = variants.filter { $0.scratchBytes > 0 }
            lines.append(
                "\(name): \(variants.count) variants by \(compiler ?? "?"); "
                    + "\(Self.most(spilling.map(\.spilled), "spill", "registers")), "
                    + "\(Self.most(inMemory.map(\.scratchBytes), "use scratch", "bytes a lane")); "
                    + "at most \(most) registers, at least \(least) waves")
        }
        if !failures.isEmpty { lines.append("\(name): FAILED: \(failures.count), the first: \(failures[0])") }
        return lines.joined(separator: "\n")
    }

    private static func most(_ values: [Int], _ verb: String, _ unit: String) -> String {
        "\(values.count) \(verb)" + (values.max().map { " (the worst \($0) \(unit))" } ?? "")
    }

    /// A line a variant, the worst in front, without columns for what the compiler does not tell.
    package var table: TextTable {
        func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "" }
        let columns: [(heading: String, cell: (InspectedVariant) -> String)] = [
            ("kernel", { $0.label }), ("group", { "\($0.groupSize)" }), ("registers", { "\($0.registers)" }),
            ("scalar", { text($0.scalarRegisters) }), ("spilled", { "\($0.spilled)" }),
            ("scratch", { "\($0.scratchBytes)" }), ("shared", { "\($0.sharedBytes)" }), ("waves", { "\($0.waves)" }),
            ("instructions", { text($0.instructions) }), ("cycles", { text($0.cycles) }),
            ("a wave", { text($0.cyclesPerWave) }),
        ]
        let told = columns.filter { column in variants.contains { !column.cell($0).isEmpty } }
        var table = TextTable(told.map(\.heading))
        for variant in variants { table.add(told.map { $0.cell(variant) }) }
        return table
    }
}

extension InspectionReport {
    package var html: String {
        var page = HTMLPage(title: "Kernels as compiled for GPUs")
        let compiled = targets.filter { !$0.variants.isEmpty }
        if !compiled.isEmpty {
            page.add(worst("Most registers of a lane", "registers", of: compiled) { $0.map(\.registers).max() })
            page.add(worst("Fewest waves in flight", "waves", of: compiled) { $0.map(\.waves).min() })
        }
        for target in targets {
            page.add(heading: target.name)
            for line in target.summary.split(separator: "\n") { page.add(paragraph: String(line)) }
            if !target.variants.isEmpty { page.add(target.table) }
        }
        return page.html
    }

    /// The worst variant of each kernel, on each target.
    private func worst(
        _ title: String, _ unit: String, of targets: [InspectedTarget], _ figure: ([InspectedVariant]) -> Int?
    ) -> BarFigure {
        let kernels = Set(targets.flatMap { $0.variants.map(\.kernel) }).sorted()
        return BarFigure(
            title: title, yLabel: unit, groups: kernels, series: targets.map(\.name),
            values: targets.map { target in
                kernels.map { kernel in
                    figure(target.variants.filter { $0.kernel == kernel }).map(Double.init) ?? .nan
                }
            })
    }
}
