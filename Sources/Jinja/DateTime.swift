/// A moment on the wall, for `strftime_now`.
package struct DateTime: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// This moment by a format of C's `strftime`, in English.
    /// - Throws: `JinjaError.Kind.type` for a directive that is not known.
    func formatted(_ format: String) throws(JinjaError) -> String {
        var text = ""
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            if scalar != "%" {
                text.unicodeScalars.append(scalar)
                continue
            }
            var directive = scalars.next()
            let isPadded = directive != "-"
            if !isPadded { directive = scalars.next() }
            text += try field(directive ?? "%", isPadded: isPadded)
        }
        return text
    }

    private func field(_ directive: Unicode.Scalar, isPadded: Bool) throws(JinjaError) -> String {
        func number(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return isPadded ? String(repeating: "0", count: max(0, width - digits.count)) + digits : digits
        }
        let twelfth = (hour + 11) % 12 + 1
        switch directive {
        case "Y": return number(year, 4)
        case "y": return number(year % 100, 2)
        case "m": return number(month, 2)
        case "d": return number(day, 2)
        case "e": return isPadded && day < 10 ? " \(day)" : "\(day)"
        case "H": return number(hour, 2)
        case "I": return number(twelfth, 2)
        case "M": return number(minute, 2)
        case "S": return number(second, 2)
        case "j": return number(dayOfYear, 3)
        case "p": return hour < 12 ? "AM" : "PM"
        case "B": return Self.months[(month + 11) % 12]
        case "b", "h": return String(Self.months[(month + 11) % 12].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "F": return try formatted("%Y-%m-%d")
        case "T": return try formatted("%H:%M:%S")
        case "%": return "%"
        default: throw JinjaError(.type, "strftime_now knows no %\(directive)")
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Sunday is 0. Source: Sakamoto 1992.
    private var weekday: Int {
        let shifts = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
        let year = month < 3 ? year - 1 : year
        return (year + year / 4 - year / 100 + year / 400 + shifts[(month + 11) % 12] + day) % 7
    }

    private var dayOfYear: Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return lengths.prefix(max(0, month - 1)).reduce(day, +)
    }
}
