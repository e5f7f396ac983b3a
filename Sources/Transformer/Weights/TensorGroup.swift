import GGUF
import Kernels

/// Rows of a tensor, outputs of its matrix, or the elements of a vector that belongs to such rows.
struct TensorPiece: Sendable {
    /// Where rows go that are turned as halves: kernels turn neighbours, and products of queries and keys are the same
    /// in any order that both have.
    struct Halves: Sendable {
        var headSize: Int
        var rotated: Int

        func place(_ row: Int) -> Int {
            let element = row % headSize, half = rotated / 2
            guard element < rotated else { return row }
            return row - element + (element < half ? 2 * element : 2 * (element - half) + 1)
        }
    }

    var tensor: GGUFTensor
    var rows: Range<Int>
    /// `nil` leaves rows in their order.
    var halves: Halves?
    /// The numbers of each row that count; `nil` for all.
    var depth: Range<Int>?

    /// Where a row of `rows` goes, counted from the piece's first.
    func place(_ row: Int) -> Int { halves?.place(row - rows.lowerBound) ?? row - rows.lowerBound }
}

/// Pieces of tensors that are packed as one matrix.
struct TensorGroup: Sendable {
    enum Arrangement: Sendable {
        /// Column behind column.
        case joined
        /// Columns of two matrices by turns, for `MatMul.Epilogue.Form.paired`.
        case alternating
    }

    var pieces: [TensorPiece]
    var arrangement = Arrangement.joined
    /// Added to the columns, piece by piece.
    var bias: VectorGroup?
    /// Of each of which there are as many pieces, in order: a matrix of its own that begins with a panel.
    var experts = 1

    var name: String { pieces[0].tensor.name }
    var format: WeightFormat { WeightFormat(pieces[0].tensor.type) }
    /// Numbers of a row.
    var depth: Int { pieces[0].depth?.count ?? pieces[0].tensor.shape[0] }
    /// Columns of an expert, or of all.
    var columns: Int { pieces[..<piecesOfExpert].reduce(0) { $0 + $1.rows.count } }

    private var piecesOfExpert: Int { pieces.count / experts }

    /// - Throws: `ModelError.unsupported` where the rows are no whole number of blocks.
    func shape(_ layout: PanelLayout, model: String) throws(ModelError) -> PanelShape {
        guard depth % format.depthMultiple == 0 else {
            throw .unsupported(model: model, reason: "\(name) has rows of \(depth)")
        }
        return PanelShape(format: format, depth: depth, panels: experts * panelsOfExpert(layout), layout: layout)
    }

    private func panelsOfExpert(_ layout: PanelLayout) -> Int {
        switch arrangement {
        case .joined: layout.padded(columns) / layout.width
        case .alternating: 2 * layout.padded(pieces[0].rows.count) / layout.width
        }
    }

    /// Where a row of a piece, an output of the matrix, goes.
    func place(piece: Int, row: Int, _ layout: PanelLayout) -> (panel: Int, column: Int) {
        let row = pieces[piece].place(row), (expert, part) = piece.quotientAndRemainder(dividingBy: piecesOfExpert)
        var place =
            switch arrangement {
            case .joined: layout.place(of: pieces[..<part].reduce(0) { $0 + $1.rows.count } + row)
            case .alternating: layout.place(of: row, part: part, of: 2)
            }
        place.panel += expert * panelsOfExpert(layout)
        return place
    }
}

/// Vectors that stand behind one another as floats.
struct VectorGroup: Sendable {
    enum Piece: Sendable {
        case elements(TensorPiece)
        /// Of a matrix that has no bias beside one that has.
        case zeros(Int)

        var count: Int {
            switch self {
            case .elements(let piece): piece.rows.count
            case .zeros(let count): count
            }
        }
    }

    var pieces: [Piece]
    /// Elements that are added to them, over and over again.
    var addend: TensorPiece?

    var count: Int { pieces.reduce(0) { $0 + $1.count } }
}
