/// Names a device: `vulkan`, `vulkan:0`, `vulkan:llvmpipe` (a part of its name, in any case).
package struct DeviceSelector: Sendable, Hashable, CustomStringConvertible {
    package enum Which: Sendable, Hashable {
        /// The API's best device.
        case best
        case index(Int)
        case name(String)
    }

    package var api: DeviceAPI
    package var which: Which

    package init(api: DeviceAPI, which: Which) {
        self.api = api
        self.which = which
    }

    /// - Throws: `ComputeError.badSelector` when the text does not name an API.
    package init(_ text: String) throws(ComputeError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let api = parts.first.flatMap({ DeviceAPI(rawValue: $0.lowercased()) }) else {
            throw .badSelector(text)
        }
        self.api = api
        guard parts.count == 2 else {
            which = .best
            return
        }
        guard !parts[1].isEmpty else { throw .badSelector(text) }
        which = Int(parts[1]).map { .index($0) } ?? .name(String(parts[1]))
    }

    package var description: String {
        switch which {
        case .best: api.rawValue
        case .index(let index): "\(api.rawValue):\(index)"
        case .name(let name): "\(api.rawValue):\(name)"
        }
    }

    /// The device meant, of those that the API offers.
    ///
    /// The best device is the first of the most capable kind: discrete, integrated, virtual, then CPU; among CPU
    /// drivers lavapipe, which was measured to be five times as fast as SwiftShader.
    /// - Throws: `ComputeError.noSuchDevice`, which lists what there is.
    package func choose(from devices: [DeviceDescription]) throws(ComputeError) -> DeviceDescription {
        let candidates = devices.filter { $0.api == api }
        let chosen: DeviceDescription? =
            switch which {
            case .best: candidates.min { ($0.rank, $0.index) < ($1.rank, $1.index) }
            case .index(let index): candidates.first { $0.index == index }
            case .name(let name): candidates.first { $0.name.lowercased().contains(name.lowercased()) }
            }
        guard let chosen else { throw .noSuchDevice(description, available: candidates.map(\.name)) }
        return chosen
    }
}

extension DeviceDescription {
    fileprivate var rank: Int {
        switch kind {
        case .discrete: 0
        case .integrated: 1
        case .virtual: 2
        case .other: 3
        case .cpu: name.hasPrefix("llvmpipe") ? 4 : 5
        }
    }
}
