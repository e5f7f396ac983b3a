import Access
import ArgumentParser
import Compute
import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Server
import Transformer

/// What the exit status of `weft serve` tells whoever starts it again.
enum ServeExit: Int32 {
    /// What it was told, or the machine, is wrong, and a restart would find the same. What is wrong with the words of
    /// the command itself ends it with 64, as in every command.
    case isWrong = 2
    /// Another process bears its name, with a greater epoch.
    case isFenced = 9

    /// `nil` where a restart may help.
    init?(_ error: any Error) {
        switch error {
        case is Announcer.Fenced: self = .isFenced
        case is FileError, is CommandError, is ConfigurationError, is KeyError, is ModelError, is GGUFError:
            self = .isWrong
        case ComputeError.unavailable, ComputeError.badSelector, ComputeError.noSuchDevice, ComputeError.unsupported:
            self = .isWrong
        default: return nil
        }
    }

    /// Says what went wrong as every command does, and gives what to throw for the status.
    func said(_ error: any Error) -> ExitCode {
        FileHandle.standardError.write(Data((ServeCommand.fullMessage(for: error) + "\n").utf8))
        return ExitCode(rawValue)
    }
}
