import Engine
import Foundation
import Logging

/// One event of a log. Nothing in it can end the line, command a terminal, or pass for another field.
struct LogLine {
    var level: Logger.Level
    var logger: String
    var source: String
    var message: String
    var metadata: Logger.Metadata = [:]

    /// Names of what every line has; metadata under one of them gets an underscore behind.
    private static let reserved: Set = ["time", "level", "logger", "source", "message"]

    func written(_ format: LogConfiguration.Format) -> String {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var text: String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key.asField)=\("\($0.value)".asField)" }.joined()
        return "\(Self.timestamp) \(level) \("\(logger):\(pairs) [\(source)] \(message)".escapingControls)"
    }

    private var json: String {
        let common: [(String, Logger.MetadataValue)] = [
            ("time", "\(Self.timestamp)"), ("level", "\(level)"), ("logger", "\(logger)"), ("source", "\(source)"),
            ("message", "\(message)"),
        ]
        let own = metadata.sorted { $0.key < $1.key }.map { key, value in
            (Self.reserved.contains(key) ? key + "_" : key, value)
        }
        return "{\((common + own).map { "\($0.0.asJSON):\($0.1.asJSON)" }.joined(separator: ","))}"
    }

    private static var timestamp: String {
        var (now, parts) = (time(nil), tm())
        localtime_r(&now, &parts)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, 64, "%Y-%m-%dT%H:%M:%S%z", &parts) }
        }
    }
}

extension String {
    /// In quotes where it could be taken for several fields.
    fileprivate var asField: String {
        guard contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return self }
        return "\"\(replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    /// As a text of JSON, with what a terminal could obey written out.
    fileprivate var asJSON: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default:
                if scalar == "\"" || scalar == "\\" { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Logger.MetadataValue {
    /// Numbers as numbers.
    fileprivate var asJSON: String {
        switch self {
        case .string(let text): text.asJSON
        case .stringConvertible(let value as Int): "\(value)"
        case .stringConvertible(let value as Double) where value.isFinite: "\(value)"
        case .stringConvertible(let value as Bool): "\(value)"
        case .stringConvertible(let value): "\(value)".asJSON
        case .array(let values): "[\(values.map(\.asJSON).joined(separator: ","))]"
        case .dictionary(let pairs):
            "{\(pairs.sorted { $0.key < $1.key }.map { "\($0.key.asJSON):\($0.value.asJSON)" }.joined(separator: ","))}"
        }
    }
}
