/// Completes types of cooperative matrices in SPIR-V.
///
/// `GL_EXT_spirv_intrinsics` writes all of a type's operands as numbers, while `OpTypeCooperativeMatrixKHR` takes ids:
/// of the type of elements and of constants. The first number says which type of elements is meant: `mark` and the bits
/// of a float. Types and constants that the module lacks are made, and stand in front of all other types.
enum MatrixTypes {
    /// Beyond every id that a kernel has, so that a complete type is left alone.
    static let mark: UInt32 = 1 << 20

    private enum Code {
        static let typeVoid: UInt32 = 19
        static let typeInt: UInt32 = 21
        static let typeFloat: UInt32 = 22
        static let lastType: UInt32 = 39
        static let constant: UInt32 = 43
        static let matrix: UInt32 = 4456
    }

    private static let headerCount = 5
    /// The place of the bound of ids in the header.
    private static let bound = 3

    static func completed(_ module: [UInt32]) -> [UInt32] {
        guard module.count > headerCount else { return module }
        var header = Array(module[..<headerCount])
        let instructions = instructions(of: module)
        let isOpen = { (words: ArraySlice<UInt32>) in
            words.opcode == Code.matrix && words.count == 7 && words.operand(2) >= mark
        }
        guard instructions.contains(where: isOpen),
            let firstType = instructions.firstIndex(where: {
                (Code.typeVoid...Code.lastType).contains($0.opcode) || $0.opcode == Code.matrix
            })
        else { return module }

        func newID() -> UInt32 {
            defer { header[bound] += 1 }
            return header[bound]
        }
        var front: [UInt32] = []
        var moved: Set<UInt32> = []
        /// The id of a type that is made of numbers alone.
        func type(_ opcode: UInt32, _ numbers: [UInt32]) -> UInt32 {
            let known = instructions.first { $0.opcode == opcode && Array($0.dropFirst(2)) == numbers }
            let id = known?.operand(1) ?? newID()
            if moved.insert(id).inserted { front += [UInt32(2 + numbers.count) << 16 | opcode, id] + numbers }
            return id
        }
        var constants: [UInt32: UInt32] = [:]
        func constant(_ value: UInt32) -> UInt32 {
            if let id = constants[value] { return id }
            let uint = type(Code.typeInt, [32, 0])
            let id = newID()
            front += [4 << 16 | Code.constant, uint, id, value]
            constants[value] = id
            return id
        }

        var rest: [UInt32] = []
        for words in instructions[firstType...] {
            if isOpen(words) {
                let element = type(Code.typeFloat, [words.operand(2) - mark])
                let numbers = (3...6).map { constant(words.operand($0)) }
                rest += [7 << 16 | Code.matrix, words.operand(1), element] + numbers
            } else {
                rest += words
            }
        }
        // What now stands in front is left out where it stood.
        let behind = Self.instructions(of: header + rest).filter {
            ![Code.typeInt, Code.typeFloat].contains($0.opcode) || !moved.contains($0.operand(1))
        }
        return header + instructions[..<firstType].joined() + front + behind.joined()
    }

    private static func instructions(of module: [UInt32]) -> [ArraySlice<UInt32>] {
        var instructions: [ArraySlice<UInt32>] = []
        var place = headerCount
        while place < module.count {
            let count = max(1, Int(module[place] >> 16))
            instructions.append(module[place..<min(place + count, module.count)])
            place += count
        }
        return instructions
    }
}

extension ArraySlice<UInt32> {
    fileprivate var opcode: UInt32 { self[startIndex] & 0xffff }
    fileprivate func operand(_ index: Int) -> UInt32 { self[startIndex + index] }
}
