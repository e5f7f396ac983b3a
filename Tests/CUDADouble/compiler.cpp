// A stand-in for NVRTC, for tests: its machine code is a shared object for the CPU, made by a C++ compiler, which the
// stand-in for the driver loads. What it calls PTX is the same in hexadecimal digits.
//
// Built with WEFT_COMPILER, the compiler's command, and WEFT_PREAMBLE, the path of `kernel.hpp`.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

#include "cuda_driver.h"

struct weft_program {
    std::string source, log, code, ptx;
};

static const int known[] = {75, 80, 86, 89, 90};
static const char option[] = "--gpu-architecture=";

static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

static weft_nvrtcResult compile(weft_program& program, const std::string& architecture) {
    char folder[] = "/tmp/weft-double-XXXXXX";
    if (!mkdtemp(folder)) return 11;
    std::string path = folder;
    std::ofstream(path + "/kernel.cu")
        << "#include \"" WEFT_PREAMBLE "\"\n#line 1 \"kernel.cu\"\n" << program.source
        << "\nWEFT_EXPORT_ENTRY(\"" << architecture << "\")\n";
    std::string command = WEFT_COMPILER " -std=c++17 -x c++ -O1 -w -march=native -fno-math-errno -fPIC -shared '" + path
        + "/kernel.cu' -o '" + path + "/kernel.so' > '" + path + "/log' 2>&1";
    int status = system(command.c_str());
    program.log = contents(path + "/log");
    program.code = status == 0 ? contents(path + "/kernel.so") : "";
    for (const char* name : {"/kernel.cu", "/kernel.so", "/log"}) unlink((path + name).c_str());
    rmdir(folder);
    static const char digits[] = "0123456789abcdef";
    program.ptx = "//" + architecture + "\n";
    for (unsigned char byte : program.code) {
        program.ptx += digits[byte >> 4];
        program.ptx += digits[byte & 15];
    }
    return status == 0 ? WEFT_NVRTC_SUCCESS : WEFT_NVRTC_ERROR_COMPILATION;
}

extern "C" {
    // The version is none that NVIDIA has, so that no driver is given what this made.
    weft_nvrtcResult nvrtcVersion(int* major, int* minor) {
        *major = 0;
        *minor = 1;
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetNumSupportedArchs(int* count) {
        *count = sizeof known / sizeof *known;
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetSupportedArchs(int* architectures) {
        memcpy(architectures, known, sizeof known);
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcCreateProgram(
        weft_nvrtcProgram* program, const char* source, const char*, int, const char* const*, const char* const*) {
        *program = new weft_program{source, "", "", ""};
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcDestroyProgram(weft_nvrtcProgram* program) {
        delete *program;
        *program = nullptr;
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcCompileProgram(weft_nvrtcProgram program, int count, const char* const* options) {
        std::string architecture;
        for (int i = 0; i < count; i++) {
            if (strncmp(options[i], option, sizeof option - 1)) return WEFT_NVRTC_ERROR_INVALID_OPTION;
            architecture = options[i] + sizeof option - 1;
        }
        for (int number : known) {
            std::string text = std::to_string(number);
            if (architecture == "sm_" + text || architecture == "compute_" + text) {
                return compile(*program, architecture);
            }
        }
        return WEFT_NVRTC_ERROR_INVALID_OPTION;
    }

    weft_nvrtcResult nvrtcGetPTXSize(weft_nvrtcProgram program, size_t* size) {
        *size = program->ptx.size() + 1;
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetPTX(weft_nvrtcProgram program, char* text) {
        memcpy(text, program->ptx.c_str(), program->ptx.size() + 1);
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetCUBINSize(weft_nvrtcProgram program, size_t* size) {
        *size = program->code.size();
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetCUBIN(weft_nvrtcProgram program, char* code) {
        memcpy(code, program->code.data(), program->code.size());
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetProgramLogSize(weft_nvrtcProgram program, size_t* size) {
        *size = program->log.size() + 1;
        return WEFT_NVRTC_SUCCESS;
    }

    weft_nvrtcResult nvrtcGetProgramLog(weft_nvrtcProgram program, char* text) {
        memcpy(text, program->log.c_str(), program->log.size() + 1);
        return WEFT_NVRTC_SUCCESS;
    }
}
