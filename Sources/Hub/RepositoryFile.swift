package import Foundation

/// A file of a repository, as the hub lists it.
package struct RepositoryFile: Sendable, Hashable {
    /// Where it is in the repository, with slashes.
    package var path: String
    package var byteCount: Int?
    /// In hexadecimal digits; `nil` where the hub does not say.
    package var sha256: String?

    package init(path: String, byteCount: Int? = nil, sha256: String? = nil) {
        self.path = path
        self.byteCount = byteCount
        self.sha256 = sha256
    }

    /// What the file is called in the folder of models, which has no folders of its own; `nil` where a path is not fit
    /// for that. Paths come from a server, which may be anyone's: one that led out of the folder, or whose characters
    /// command a terminal, must go no further.
    package var localName: String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, parts.allSatisfy(Self.isUsable), !last.hasPrefix(".") else { return nil }
        return String(last)
    }

    private static func isUsable(_ part: Substring) -> Bool {
        guard 1...255 ~= part.utf8.count, part != ".", part != ".." else { return false }
        return part.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            default: scalar != "\\" && scalar != ":"
            }
        }
    }

    static func isSHA256(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
    }
}

/// The two ways in which a hub lists a repository's files.
extension RepositoryFile {
    private struct Entry: Decodable {
        struct Large: Decodable {
            var oid: String?
            var sha256: String?
            var size: Int?
        }
        var type: String?
        var path: String?
        var rfilename: String?
        var size: Int?
        var lfs: Large?

        /// `nil` of a folder.
        var file: RepositoryFile? {
            guard let path = path ?? rfilename, type ?? "file" == "file" else { return nil }
            let hash = (lfs?.sha256 ?? lfs?.oid)?.lowercased()
            let bytes = lfs?.size ?? size
            return RepositoryFile(
                path: path, byteCount: bytes.flatMap { $0 >= 0 ? $0 : nil },
                sha256: hash.flatMap { RepositoryFile.isSHA256($0) ? $0 : nil })
        }
    }

    /// A page of `/api/models/{repository}/tree/{revision}`; `nil` where it is none.
    package static func tree(_ json: Data) -> [RepositoryFile]? {
        (try? JSONDecoder().decode([Entry].self, from: json))?.compactMap(\.file)
    }

    /// The `siblings` of `/api/models/{repository}`; `nil` where there are none.
    package static func siblings(_ json: Data) -> [RepositoryFile]? {
        struct Info: Decodable { var siblings: [Entry] }
        return (try? JSONDecoder().decode(Info.self, from: json))?.siblings.compactMap(\.file)
    }
}
