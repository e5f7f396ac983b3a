import ConfigurationFiles

/// How many times as long a job of a model takes beside one on another part of the device, measured.
package struct PhaseContention: Hashable, Sendable, Encodable {
    package var prefillBesidePrefill: Double
    package var prefillBesideDecode: Double
    package var decodeBesidePrefill: Double
    package var decodeBesideDecode: Double

    package static let none = PhaseContention(
        prefillBesidePrefill: 1, prefillBesideDecode: 1, decodeBesidePrefill: 1, decodeBesideDecode: 1)

    package init(
        prefillBesidePrefill: Double, prefillBesideDecode: Double, decodeBesidePrefill: Double,
        decodeBesideDecode: Double
    ) {
        self.prefillBesidePrefill = prefillBesidePrefill
        self.prefillBesideDecode = prefillBesideDecode
        self.decodeBesidePrefill = decodeBesidePrefill
        self.decodeBesideDecode = decodeBesideDecode
    }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly([
            "prefill_beside_prefill", "prefill_beside_decode", "decode_beside_prefill", "decode_beside_decode",
        ])
        prefillBesidePrefill = try field.field("prefill_beside_prefill").number()
        prefillBesideDecode = try field.field("prefill_beside_decode").number()
        decodeBesidePrefill = try field.field("decode_beside_prefill").number()
        decodeBesideDecode = try field.field("decode_beside_decode").number()
    }

    enum CodingKeys: String, CodingKey {
        case prefillBesidePrefill = "prefill_beside_prefill"
        case prefillBesideDecode = "prefill_beside_decode"
        case decodeBesidePrefill = "decode_beside_prefill"
        case decodeBesideDecode = "decode_beside_decode"
    }

    /// The factor on a job's time, at least 1.
    package func slowdown(ofPrefill isPrefill: Bool, besidePrefill isBesidePrefill: Bool) -> Double {
        let factor =
            isPrefill
            ? (isBesidePrefill ? prefillBesidePrefill : prefillBesideDecode)
            : (isBesidePrefill ? decodeBesidePrefill : decodeBesideDecode)
        return max(1, factor)
    }
}
