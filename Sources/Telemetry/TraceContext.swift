package import Tracing

/// Where a span stands in a trace, as services tell one another. Source: W3C Trace Context, level 1.
package struct TraceContext: Sendable, Hashable {
    package var trace: (high: UInt64, low: UInt64) {
        get { (high, low) }
        set { (high, low) = newValue }
    }
    package var span: UInt64
    package var isSampled: Bool
    /// What other vendors pass along, as it came.
    package var state: String?
    private var high: UInt64
    private var low: UInt64

    package init(trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool, state: String? = nil) {
        (high, low, self.span, self.isSampled, self.state) = (trace.high, trace.low, span, isSampled, state)
    }

    /// Of a `traceparent`; `nil` where it is not one, and a new trace begins.
    package init?(traceparent: String, state: String? = nil) {
        let text = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = Self.number(text[0..<2]), version != 0xFF,
            // Later versions may have more behind.
            version == 0 ? text.count == 55 : text.count == 55 || text[55] == dash,
            let high = Self.number(text[3..<19]), let low = Self.number(text[19..<35]), high != 0 || low != 0,
            let span = Self.number(text[36..<52]), span != 0, let flags = Self.number(text[53..<55])
        else { return nil }
        self.init(trace: (high, low), span: span, isSampled: flags & 1 == 1, state: state)
    }

    package var traceparent: String { "00-\(traceID)-\(Self.digits(span))-0\(isSampled ? 1 : 0)" }

    package var traceID: String { Self.digits(high) + Self.digits(low) }

    static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Of lower-case hexadecimal digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: number = number << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return number
    }
}

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { "weft-trace" }
    }

    /// The span that what happens now is a part of.
    package var trace: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
