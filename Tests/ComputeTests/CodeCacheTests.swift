import Compute
import Files
import Foundation
import Synchronization
import Testing

/// Compiled kernels in files: what is damaged is compiled anew, and said.
struct CodeCacheTests {
    private final class Warnings: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private let folder = NSTemporaryDirectory() + "weft-code-\(UUID().uuidString)"
    private let warnings = Warnings()

    private func cache(builder: String = "compiler 1") -> CodeCache {
        let warnings = warnings
        return CodeCache(folder: folder, builder: builder, suffix: "bin") { warnings.add($0) }
    }

    private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

    @Test func codeIsFoundBySourceAndBuilder() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        cache().keep([1, 2, 3], of: "a")
        cache().keep([4], of: "b")
        #expect(cache().code(of: "a") == [1, 2, 3])
        #expect(cache().code(of: "b") == [4])
        #expect(cache().code(of: "c") == nil)
        #expect(cache(builder: "compiler 2").code(of: "a") == nil)
        #expect(files.count == 2 && files.allSatisfy { $0.hasSuffix(".bin") })
        let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        #expect(warnings.all == [])
    }

    @Test func damagedCodeIsNotGivenToADriver() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let code = (0..<4000).map { UInt8(truncatingIfNeeded: $0) }
        cache().keep(code, of: "a")
        let name = try #require(files.first)
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        let whole = try Data(contentsOf: url)
        var flipped = whole
        flipped[2000] ^= 1
        for (count, damaged) in [whole.prefix(2016), whole.dropLast(4), flipped, Data()].enumerated() {
            try Data(damaged).write(to: url)
            chmod(url.path, 0o600)
            #expect(cache().code(of: "a") == nil)
            #expect(warnings.all.count == count + 1)
            #expect(warnings.all.last?.hasPrefix("\(url.path) ") == true)
            #expect(warnings.all.last?.hasSuffix(": the kernel is compiled anew") == true)
        }
        cache().keep(code, of: "a")
        #expect(cache().code(of: "a") == code)
    }

    @Test func aFolderThatCannotBeUsedIsNoFault() {
        let warnings = warnings
        let cache = CodeCache(folder: "/proc/none", builder: "", suffix: "bin") { warnings.add($0) }
        cache.keep([1], of: "a")
        #expect(cache.code(of: "a") == nil)
        #expect(warnings.all.count == 1 && warnings.all[0].hasPrefix("compiled kernels are not kept: /proc/none: "))
        #expect(CodeCache(folder: nil, builder: "", suffix: "bin").code(of: "a") == nil)
    }

    @Test func whatAKilledProcessLeftGoesWhenTheFolderIsOpened() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        cache().keep([1], of: "a")
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(folder)/x.bin.0123456789abc.partial"))
        #expect(cache().code(of: "a") == [1])
        #expect(files.count == 1)
    }
}
