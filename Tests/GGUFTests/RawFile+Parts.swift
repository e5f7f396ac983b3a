extension RawFile {
    /// What a part says of itself, and what is in it.
    struct Part {
        /// From 0.
        var number: UInt16
        var count: UInt16 = 3
        var tensorCount: Int32 = 5
        /// Of eight values each.
        var tensors: [String]
        var name: String?
        var leavesOut: String?
        var isMissing = false

        static let missing = Part(number: 0, tensors: [], isMissing: true)

        /// A part of a model of three, with two, two and one tensors.
        static func good(_ number: Int) -> Part {
            Part(
                number: UInt16(number), tensors: [["a", "b"], ["c", "d"], ["e"]][number],
                name: number == 0 ? "whole" : nil)
        }
    }

    static func part(_ part: Part) -> [UInt8] {
        var keys: [(String, (inout RawFile) -> Void)] = [
            ("split.no", { $0.add(key: "split.no", type: 2, part.number) }),
            ("split.count", { $0.add(key: "split.count", type: 2, part.count) }),
            ("split.tensors.count", { $0.add(key: "split.tensors.count", type: 5, part.tensorCount) }),
        ]
        keys.removeAll { $0.0 == part.leavesOut }
        if let name = part.name {
            keys.append(
                (
                    "general.name",
                    {
                        $0.add(key: "general.name", type: 8); $0.add(name)
                    }
                ))
        }
        var file = RawFile(tensors: UInt64(part.tensors.count), keys: UInt64(keys.count))
        for (_, write) in keys { write(&file) }
        for (index, tensor) in part.tensors.enumerated() {
            file.add(tensor: tensor, shape: [8], type: 0, offset: UInt64(32 * index))
        }
        file.pad(data: 32 * part.tensors.count)
        return file.bytes
    }

    mutating func add<T: FixedWidthInteger>(key: String, type: UInt32, _ value: T) {
        add(key: key, type: type)
        add(value)
    }
}
