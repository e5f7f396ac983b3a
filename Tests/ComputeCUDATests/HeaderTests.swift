import CUDADouble
import Foundation
import Testing

/// Our declarations of CUDA against NVIDIA's own: every function that is called, every type and every constant.
///
/// NVIDIA's headers are in the Python packages nvidia-cuda-runtime-cu12 and nvidia-cuda-nvrtc-cu12.
struct HeaderTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let ours = "\(root)/Sources/CCUDA"

    @Test func declarationsAgreeWithNVIDIAs() throws {
        let packages = try Self.includeFolders()
        guard let compiler = CUDADouble.compilerPath, packages.count == 2 else {
            print(
                "SKIPPED: no C++ compiler, or no PyPI nvidia-cuda-runtime-cu12 and nvidia-cuda-nvrtc-cu12; "
                    + "declarations of CUDA are UNCHECKED")
            return
        }
        let header = try String(contentsOfFile: "\(Self.ours)/cuda_driver.h", encoding: .utf8)
        func names(_ pattern: Regex<(Substring, Substring)>) -> [String] {
            header.matches(of: pattern).map { String($0.output.1) }
        }
        let functions = names(/\(\*weft_(\w+)\)/), constants = names(/#define WEFT_((?:CU|NVRTC)\w+) \d+/)
        let types = names(/weft_(CU\w+|nvrtcResult|nvrtcProgram);/).filter { !functions.contains($0) }
        #expect(functions.count > 50 && types.count == 17 && constants.count > 60)
        #expect(try Self.called() == Set(functions), "what is declared is called, and by its own type")

        let folder = NSTemporaryDirectory() + "weft-headers-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = Self.program(functions, types, constants)
        try program.write(toFile: "\(folder)/check.cpp", atomically: true, encoding: .utf8)
        let include = (packages + [Self.ours]).map { "-I\($0)" }
        let built = try CUDADouble.run(
            compiler, ["-std=c++17", "\(folder)/check.cpp", "-o", "\(folder)/check"] + include)
        try #require(built.status == 0, "\(built.text)")
        let rows = try CUDADouble.run("\(folder)/check", []).text.split(separator: "\n")
        #expect(rows.count == functions.count + types.count + constants.count)
        print("declarations of CUDA against NVIDIA's headers (\(packages[0])):")
        for row in rows {
            print("  \(row)")
            #expect(row.hasSuffix("agrees"), "\(row)")
        }
    }

    /// Names in the loaders, each with the type that it is loaded as.
    private static func called() throws -> Set<String> {
        var names: Set<String> = []
        for file in ["CUDAFunctions", "NVRTC"] {
            let text = try String(
                contentsOfFile: "\(root)/Sources/ComputeCUDA/Loader/\(file).swift", encoding: .utf8)
            for match in text.matches(of: /load\("(\w+)", as: weft_(\w+)\.self\)/) {
                #expect(match.output.1 == match.output.2)
                names.insert(String(match.output.1))
            }
        }
        return names
    }

    private static func includeFolders() throws -> [String] {
        let python = """
            import nvidia.cuda_runtime as r, nvidia.cuda_nvrtc as n
            for p in (r, n): print(list(p.__path__)[0] + '/include')
            """
        let output = try CUDADouble.run("/usr/bin/env", ["python3", "-c", python])
        return output.status == 0 ? output.text.split(separator: "\n").map(String.init) : []
    }

    /// Prints a line for each declaration. Types of one size and kind are passed alike.
    private static func program(_ functions: [String], _ types: [String], _ constants: [String]) -> String {
        let rows =
            types.map { "type<\($0), weft_\($0)>(\"\($0)\");" }
            + functions.map { "Function<decltype(&\($0)), weft_\($0)>::compare(\"\($0)\");" }
            + constants.map { "constant(\"\($0)\", (long)\($0), (long)WEFT_\($0));" }
        return """
            #include <cuda.h>
            #include <nvrtc.h>
            #include <cstdio>
            #include <type_traits>
            \(undefined(functions))
            #include "cuda_driver.h"
            template <typename A, typename B> constexpr bool same() {
                using std::is_integral, std::is_enum, std::is_pointer, std::is_class;
                if constexpr (std::is_void_v<A> || std::is_void_v<B>) return std::is_void_v<A> == std::is_void_v<B>;
                else if constexpr (is_pointer<A>() && is_pointer<B>()) return true;
                else {
                    bool numbers = (is_integral<A>() || is_enum<A>()) && (is_integral<B>() || is_enum<B>());
                    bool fractions = std::is_floating_point_v<A> && std::is_floating_point_v<B>;
                    bool structs = is_class<A>() && is_class<B>();
                    return sizeof(A) == sizeof(B) && alignof(A) == alignof(B) && (numbers || fractions || structs);
                }
            }
            // What pointers of both show, but for the handles, which show nothing, and for what we do not name.
            template <typename A> struct Shown { using type = void; };
            template <typename A> struct Shown<A*> { using type = std::remove_cv_t<A>; };
            template <typename A, typename = void> struct Whole { static constexpr bool value = false; };
            template <typename A> struct Whole<A, std::void_t<decltype(sizeof(A))>> {
                static constexpr bool value = !std::is_void_v<A>;
            };
            template <typename A, typename B> constexpr bool alike() {
                using X = typename Shown<A>::type;
                using Y = typename Shown<B>::type;
                if constexpr (!same<A, B>()) return false;
                else if constexpr (Whole<X>::value && Whole<Y>::value) return alike<X, Y>();
                else return true;
            }
            void line(const char* name, const char* what, long theirs, long ours, bool agrees) {
                printf("%-60s %s %ld, ours %ld: %s\\n", name, what, theirs, ours, agrees ? "agrees" : "DIFFERS");
            }
            template <typename A, typename B> void type(const char* name) {
                line(name, "bytes", sizeof(A), sizeof(B), same<A, B>());
            }
            template <typename Theirs, typename Ours> struct Function;
            template <typename R, typename... A, typename S, typename... B>
            struct Function<R (*)(A...), S (*)(B...)> {
                static void compare(const char* name) {
                    bool agrees = false;
                    if constexpr (sizeof...(A) == sizeof...(B)) agrees = (same<R, S>() && ... && alike<A, B>());
                    line(name, "arguments", sizeof...(A), sizeof...(B), agrees);
                }
            };
            void constant(const char* name, long theirs, long ours) { line(name, "is", theirs, ours, theirs == ours); }
            int main() {
            \(rows.joined(separator: "\n"))
            }
            """
    }

    /// NVIDIA's header gives older names to newer functions; what is loaded by name is what has the name.
    private static func undefined(_ functions: [String]) -> String {
        functions.map { "#undef \($0)" }.joined(separator: "\n")
    }
}
