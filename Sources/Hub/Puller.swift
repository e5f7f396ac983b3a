import AsyncHTTPClient
import Foundation
import NIOCore

/// Fetches models from a hub into a folder of models.
package struct Puller: Sendable {
    package var base: String
    /// Told to the hub and to nobody else.
    package var token: String?
    package var folder: String
    /// How long a server may be silent.
    package var patience: Duration = .seconds(60)
    /// What a second of waiting before another try takes.
    package var secondOfWaiting: Duration = .seconds(1)
    /// Bytes that are free in a folder; `nil` where nobody knows.
    package var freeBytes: @Sendable (_ folder: String) -> Int? = Self.freeBytes

    package init(base: String, token: String? = nil, folder: String) {
        (self.base, self.token, self.folder) = (base, token, folder)
    }

    /// How far a model is.
    package struct Progress: Sendable, Hashable {
        package var file: String
        /// Of the whole model.
        package var held: Int
        package var total: Int?
        /// Why nothing comes at present, and a new attempt is made.
        package var trouble: String?
    }

    /// What was fetched.
    package struct Pulled: Sendable, Encodable, Hashable {
        package struct File: Sendable, Encodable, Hashable {
            package var path: String
            package var bytes: Int
            package var sha256: String
            /// The server said what the SHA-256 is, and it is that.
            package var isVerified: Bool
            /// It was there before.
            package var wasThere: Bool
        }
        /// What the model is called here.
        package var name: String
        package var repository: String
        package var revision: String
        package var quantisation: String?
        package var files: [File]
    }

    /// Fetches a model, or goes on where an earlier attempt ended. A file appears under its name only when it is
    /// complete and right.
    ///
    /// - Parameters:
    ///   - file: one file of the repository, where its name says nothing.
    /// - Throws: `HubError`.
    package func pull(
        _ reference: ModelReference, revision: String = "main", file: String? = nil,
        progress: (Progress) -> Void = { _ in }
    ) async throws -> Pulled {
        try await HubClient.with(base: base, token: token, patience: patience) { client in
            let listed = try await client.files(of: reference.repository, at: revision)
            let model = try ModelFiles.choose(reference, file: file, from: listed)
            do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
                throw HubError.disk("cannot make the folder \(folder): \(error.localizedDescription)")
            }
            let places = try model.files.map { try place(of: $0) }
            let missing = zip(model.files, places).filter { !$0.1.isThere }
            try checkRoom(for: missing.map { ($0.0, $0.1.path) })
            let sizes = model.files.map(\.byteCount)
            let total = sizes.contains(nil) ? nil : sizes.compactMap(\.self).reduce(0, +)
            var done = 0
            var files: [Pulled.File] = []
            for (file, place) in zip(model.files, places) {
                let pulled =
                    place.isThere
                    ? try found(file, at: place.path)
                    : try await fetch(file, to: place.path, client, reference.repository, revision) { held, trouble in
                        progress(Progress(file: file.path, held: done + held, total: total, trouble: trouble))
                    }
                done += pulled.bytes
                files.append(pulled)
            }
            return Pulled(
                name: model.name, repository: reference.repository, revision: revision,
                quantisation: model.quantisation, files: files)
        }
    }

    /// Where a file belongs, and whether it stands there.
    ///
    /// - Throws: `HubError.exists` for another file of the name.
    private func place(of file: RepositoryFile) throws -> (path: String, isThere: Bool) {
        guard let name = file.localName else { throw HubError.unusableName(file.path.harmless) }
        let path = "\(folder)/\(name)"
        var status = stat()
        guard lstat(path, &status) == 0 else { return (path, false) }
        let size = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG, file.byteCount ?? size == size else {
            throw HubError.exists(path: path)
        }
        return (path, true)
    }

    private func found(_ file: RepositoryFile, at path: String) throws -> Pulled.File {
        let hash = try sha256(ofFile: path)
        guard file.sha256 ?? hash == hash else { throw HubError.exists(path: path) }
        let bytes = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        return Pulled.File(path: path, bytes: bytes, sha256: hash, isVerified: file.sha256 != nil, wasThere: true)
    }

    private func checkRoom(for files: [(file: RepositoryFile, path: String)]) throws {
        let needed = files.reduce(0) { sum, entry in
            var status = stat()
            let held = stat(entry.path + ".part", &status) == 0 ? Int(status.st_size) : 0
            let (more, overflows) = sum.addingReportingOverflow(max(0, (entry.file.byteCount ?? 0) - held))
            return overflows ? .max : more
        }
        if let free = freeBytes(folder), free < needed {
            throw HubError.noSpace(folder: folder, needed: needed, free: free)
        }
    }

    private static func freeBytes(_ folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    /// Does what a `Download` says.
    private func fetch(
        _ file: RepositoryFile, to path: String, _ client: HubClient, _ repository: String, _ revision: String,
        progress: (_ held: Int, _ trouble: String?) -> Void
    ) async throws -> Pulled.File {
        let url = try client.address(of: file, in: repository, at: revision)
        let part = try PartFile(of: path)
        let isOurs = part.origin?.url == url.absoluteString
        var download = Download(
            file, held: isOurs ? try part.resume() : 0, of: isOurs ? part.origin?.version : nil,
            hasToken: token != nil)
        var step = download.begin()
        while true {
            switch step {
            case .fetch(let offset, let ifRange, let seconds):
                if seconds > 0 { try await Task.sleep(for: secondOfWaiting * seconds) }
                step = try await attempt(&download, part, client, url, offset, ifRange, progress)
            case .check: step = download.checked(sha256: part.sha256)
            case .finish:
                try part.commit()
                return Pulled.File(
                    path: path, bytes: download.held, sha256: part.sha256, isVerified: download.version.sha256 != nil,
                    wasThere: false)
            case .fail(let error):
                if case .wrongHash = error { part.remove() }
                throw error
            }
        }
    }

    /// One request and what comes of it.
    private func attempt(
        _ download: inout Download, _ part: PartFile, _ client: HubClient, _ url: URL, _ offset: Int,
        _ ifRange: String?, _ progress: (Int, String?) -> Void
    ) async throws -> Download.Step {
        var trouble: String?
        do {
            var value = download
            let (head, body) = try await client.open(url, from: offset, ifRange: ifRange) { value.redirected($0) }
            let answer = value.answered(head)
            download = value
            guard case .take(let offset) = answer else {
                guard case .instead(let step) = answer else { return .finish }
                if case .fetch(_, _, let seconds) = step, seconds > 0 {
                    progress(download.held, "status \(head.status)")
                }
                return step
            }
            if offset == 0 { try part.restart() }
            try part.note(PartFile.Origin(url: url.absoluteString, version: download.version))
            for try await piece in body {
                try piece.withUnsafeReadableBytes { try part.append($0, at: download.held) }
                if let error = download.took(piece.readableBytes) { throw error }
                progress(download.held, nil)
            }
        } catch let error as HubError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch { trouble = HubClient.reason(error) }
        let step = download.ended(brokenBy: trouble)
        if case .fetch = step { progress(download.held, trouble ?? "the answer is too short") }
        return step
    }
}
