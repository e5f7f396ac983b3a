/// What strings of JSON may be held to beside their length.
enum JSONStrings {
    /// Formats of JSON Schema as patterns of the whole string. What a pattern cannot say, as that 29 February needs a
    /// leap year, is left to the more cautious side, and so is the year 0000, which many languages' dates have not.
    ///
    /// Sources: RFC 3339 (dates and times), RFC 4122 (UUIDs), RFC 5321 and 1123 (addresses and hosts), RFC 4291 (IPv6),
    /// RFC 3986 (URIs).
    static let formats: [String: String] = [
        "date": date, "time": time, "date-time": "\(date)T\(time)",
        "uuid": "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "email": "\(atom)(\\.\(atom)){0,4}@\(label)(\\.\(label)){0,4}",
        "hostname": "\(label)(\\.\(label)){0,3}",
        "ipv4": ipv4, "ipv6": ipv6,
        "uri": "[a-zA-Z][a-zA-Z0-9+.-]{0,20}:(//\(authority))?(/\(path))?(\\?\(path))?(#\(path))?",
    ]

    private static let year = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
    private static let date =
        "\(year)-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        + "|02-(0[1-9]|1[0-9]|2[0-8]))"
    private static let time =
        "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
    private static let atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,32}"
    private static let label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    private static let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    private static let ipv4 = "\(octet)(\\.\(octet)){3}"
    private static let authority = "\(label)(\\.\(label)){0,3}(:[0-9]{1,5})?"
    private static let path = "([a-zA-Z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}){0,1000}"

    private static let ipv6: String = {
        let group = "[0-9a-fA-F]{1,4}"
        // All groups, or `::` in the place of at least one: so many before it, at most so many after.
        let shortened = (0...7).map { before in
            let head = before == 0 ? "" : group + "(:\(group)){\(before - 1)}"
            let after = 7 - before
            return head + "::" + (after == 0 ? "" : "(\(group)(:\(group)){0,\(after - 1)})?")
        }
        return "\(group)(:\(group)){7}|" + shortened.joined(separator: "|")
    }()

    /// The contents of all strings but these.
    static func content(except names: [String]) -> GrammarExpression {
        content(except: names.map { Array($0.unicodeScalars.map(\.value)) }[...], after: 0)
    }

    /// - Parameter depth: how many characters the names have in common, which have come.
    private static func content(except names: ArraySlice<[UInt32]>, after depth: Int) -> GrammarExpression {
        let any = GrammarExpression.repeated(JSONCharacters.any, min: 0, max: nil)
        guard !names.isEmpty else { return any }
        let longer = names.filter { $0.count > depth }
        var byNext: [UInt32: [[UInt32]]] = [:]
        for name in longer { byNext[name[depth], default: []].append(name) }
        let others = ScalarSet(byNext.keys.map { $0...$0 }).inverted
        var choices: [GrammarExpression] = [.sequence([JSONCharacters.escaped(others), any])]
        for (next, names) in byNext.sorted(by: { $0.key < $1.key }) {
            choices.append(
                .sequence([
                    JSONCharacters.escaped(ScalarSet([next...next])), content(except: names[...], after: depth + 1),
                ]))
        }
        if longer.count == names.count { choices.append(.empty) }
        return .choice(choices)
    }
}
