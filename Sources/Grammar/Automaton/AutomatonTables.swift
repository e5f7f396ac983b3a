/// A grammar's automaton as far as texts have led into it: its states are found when they are first reached, and kept.
///
/// There are three kinds of numbers. A *frame* is a set of nodes of one rule, all that its text so far may have led to.
/// A *stack* is the frames that go on when those above them end. A *state* is a set of frames, each on its stack: all
/// that is known of a text. Every number stands for one value, so that states are compared, and looked up, by numbers.
///
/// Source: determinisation by need, as Thompson's (CACM 1968); sets of stacks as Tomita's (1985), without their
/// merging.
struct AutomatonTables: Sendable {
    typealias Frame = Int32
    typealias Stack = Int32
    typealias State = Int32

    /// The state that no text goes on from.
    static let dead: State = 0
    /// What stands in a row where nobody has looked yet.
    private static let unknown: Int32 = -1
    private static let bottom: Stack = 0

    /// Chosen: nothing sensible nests deeper, and what goes deeper by mistake, as a model that opens brackets without
    /// end, is stopped here: rules are not called any more.
    static let stackLimit = 512
    /// Chosen: ambiguous grammars have a few; each costs time at each byte. What goes beyond is not followed.
    private static let configurationLimit = 128
    /// Chosen: numbers of 4 bytes: 8 MB, enough for the texts of an hour under most grammars.
    static let budget = 2 << 20
    /// Steps of finding new states. Chosen: some hundredths of a second; grammars that somebody wrote take a tenth of
    /// them at most. A mask for which that is not enough leaves out the tokens that were not looked at.
    private static let allowanceOfMask = 500_000

    private struct Call: Sendable {
        var callee: Frame
        /// `nil` where nothing of the caller comes after it.
        var goesOn: Frame?
    }

    private struct FrameEntry: Sendable {
        var nodes: [GrammarProgram.Node]
        var ends: Bool
        var readsBytes: Bool
        var calls: [Call]?
    }

    private struct StackEntry: Hashable, Sendable {
        var frame: Frame
        var below: Stack
        var depth: Int32
    }

    private struct Configuration: Hashable, Comparable, Sendable {
        var frame: Frame
        var stack: Stack

        static func < (a: Self, b: Self) -> Bool { (a.frame, a.stack) < (b.frame, b.stack) }
    }

    let program: GrammarProgram
    let classes: [UInt8]
    private let classCount: Int
    private let budget: Int
    private var frames: [FrameEntry] = []
    private var frameOf: [[GrammarProgram.Node]: Frame] = [:]
    /// `[frame][class]`
    private var frameRows: [Frame] = []
    private var stacks = [StackEntry(frame: 0, below: 0, depth: 0)]
    private var stackOf: [StackEntry: Stack] = [:]
    private var states: [[Configuration]] = []
    private var stateOf: [[Configuration]: State] = [:]
    private var completes: [Bool] = []
    /// `[state][class]`
    private var rows: [State] = []
    private var size = 0
    /// Steps that are left to whoever asks now, who may run out of them.
    private var allowance = Int.max
    /// What masks of tokens were, by state and vocabulary.
    var masks = MaskCache()

    /// - Parameter budget: numbers that are kept before the automaton counts as full.
    init(_ program: GrammarProgram, budget: Int) {
        self.program = program
        self.budget = budget
        classes = program.byteClasses
        classCount = program.classCount
        _ = frame([])
        _ = state([], completes: false)
    }

    /// Whether it has grown so large that a new one should take its place.
    var isFull: Bool { size > budget }

    /// Where texts begin.
    mutating func start(afterSpace: Bool) -> State {
        // The first two rules are the grammar without and with a space before it.
        let entry = program.entries[afterSpace ? 1 : 0]
        return state(from: [Configuration(frame: frame([entry]), stack: Self.bottom)])
    }

    /// Lets `body` find new states within an allowance; beyond it, all that is not known is dead.
    ///
    /// - Returns: whether the allowance was enough.
    mutating func withinAllowance(_ body: (inout Self) -> Void) -> Bool {
        allowance = Self.allowanceOfMask
        defer { allowance = .max }
        body(&self)
        return allowance > 0
    }

    // MARK: States

    func isComplete(_ state: State) -> Bool { completes[Int(state)] }

    /// Whether some byte may follow.
    func continues(_ state: State) -> Bool { !states[Int(state)].isEmpty }

    @inline(__always)
    mutating func next(_ state: State, _ byte: UInt8) -> State {
        let known = rows[Int(state) &* classCount &+ Int(classes[Int(byte)])]
        return known >= 0 ? known : find(state, byte)
    }

    @inline(never)
    private mutating func find(_ state: State, _ byte: UInt8) -> State {
        guard allowance > 0, size < 4 * budget else { return Self.dead }
        var moved: [Configuration] = []
        for configuration in states[Int(state)] {
            let next = next(frame: configuration.frame, byte)
            if next != 0 { moved.append(Configuration(frame: next, stack: configuration.stack)) }
        }
        let next = self.state(from: moved)
        rows[Int(state) * classCount + Int(classes[Int(byte)])] = next
        return next
    }

    /// The state of what `begun` leads to without a byte: rules are called, and those that ended go on below.
    private mutating func state(from begun: [Configuration]) -> State {
        // Two frames may have become one: each configuration counts once.
        var (seen, kept) = (Set(begun), [Configuration]())
        var pending = Array(seen)
        var completes = false
        func add(_ configuration: Configuration) {
            if seen.count < Self.configurationLimit, seen.insert(configuration).inserted {
                pending.append(configuration)
            }
        }
        while let configuration = pending.popLast() {
            let entry = frames[Int(configuration.frame)]
            if entry.readsBytes { kept.append(configuration) }
            if entry.ends {
                if configuration.stack == Self.bottom {
                    completes = true
                } else {
                    let top = stacks[Int(configuration.stack)]
                    add(Configuration(frame: top.frame, stack: top.below))
                }
            }
            for call in calls(of: configuration.frame) {
                guard let stack = pushed(call.goesOn, on: configuration.stack) else { continue }
                add(Configuration(frame: call.callee, stack: stack))
            }
        }
        // Sets of configurations take longer than their frames' nodes.
        allowance -= 8 * seen.count
        kept.sort()
        return state(kept, completes: completes)
    }

    private mutating func state(_ configurations: [Configuration], completes: Bool) -> State {
        // No byte follows, but the text may be whole: unlike the dead state.
        let key = configurations + (completes ? [Configuration(frame: -1, stack: -1)] : [])
        if let state = stateOf[key] { return state }
        let state = State(states.count)
        stateOf[key] = state
        states.append(configurations)
        self.completes.append(completes)
        rows += repeatElement(configurations.isEmpty ? Self.dead : Self.unknown, count: classCount)
        size += classCount + 4 * configurations.count + 16
        return state
    }

    // MARK: Frames and stacks

    private mutating func next(frame: Frame, _ byte: UInt8) -> Frame {
        let place = Int(frame) * classCount + Int(classes[Int(byte)])
        if frameRows[place] != Self.unknown { return frameRows[place] }
        var nodes: [GrammarProgram.Node] = []
        allowance -= frames[Int(frame)].nodes.count
        for node in frames[Int(frame)].nodes {
            if case .byte(let range, let next) = program.instructions[Int(node)], range.contains(byte) {
                nodes.append(next)
            }
        }
        let next = self.frame(nodes)
        frameRows[place] = next
        return next
    }

    /// The frame of what is reached from `nodes` without a byte; 0 is the empty one.
    private mutating func frame(_ nodes: [GrammarProgram.Node]) -> Frame {
        let (begun, nodes) = (nodes.count, program.reachable(from: nodes))
        allowance -= begun + nodes.count
        if let frame = frameOf[nodes] { return frame }
        let frame = Frame(frames.count)
        frameOf[nodes] = frame
        var entry = FrameEntry(nodes: nodes, ends: false, readsBytes: false, calls: nil)
        for node in nodes {
            switch program.instructions[Int(node)] {
            case .byte: entry.readsBytes = true
            case .end: entry.ends = true
            case .call, .split: break
            }
        }
        frames.append(entry)
        frameRows += repeatElement(Self.unknown, count: classCount)
        size += classCount + 2 * nodes.count + 16
        return frame
    }

    private mutating func calls(of frame: Frame) -> [Call] {
        if let calls = frames[Int(frame)].calls { return calls }
        var after: [GrammarProgram.Rule: [GrammarProgram.Node]] = [:]
        for node in frames[Int(frame)].nodes {
            if case .call(let rule, let next) = program.instructions[Int(node)] {
                after[rule, default: []].append(next)
            }
        }
        let calls = after.sorted { $0.key < $1.key }.map { rule, next in
            let goesOn = self.frame(next)
            let endsAtOnce = frames[Int(goesOn)].nodes == [GrammarProgram.end]
            return Call(callee: self.frame([program.entries[Int(rule)]]), goesOn: endsAtOnce ? nil : goesOn)
        }
        frames[Int(frame)].calls = calls
        return calls
    }

    /// - Returns: `nil` where the stack is too deep.
    private mutating func pushed(_ frame: Frame?, on stack: Stack) -> Stack? {
        guard let frame else { return stack }
        let depth = stacks[Int(stack)].depth + 1
        guard depth < Self.stackLimit else { return nil }
        let entry = StackEntry(frame: frame, below: stack, depth: depth)
        if let known = stackOf[entry] { return known }
        let new = Stack(stacks.count)
        stackOf[entry] = new
        stacks.append(entry)
        size += 16
        return new
    }

    // MARK: From one automaton to the next

    /// What a state is, in nodes of the program: each frame, and those below it.
    typealias Description = [[[GrammarProgram.Node]]]

    func description(of state: State) -> Description {
        states[Int(state)].map { configuration in
            var (nodes, stack) = ([frames[Int(configuration.frame)].nodes], configuration.stack)
            while stack != Self.bottom {
                nodes.append(frames[Int(stacks[Int(stack)].frame)].nodes)
                stack = stacks[Int(stack)].below
            }
            return nodes
        }
    }

    /// The state that another automaton of the same program describes.
    mutating func adopt(_ description: Description, completes: Bool) -> State {
        let configurations = description.map { nodes in
            var stack = Self.bottom
            for below in nodes.dropFirst().reversed() { stack = pushed(frame(below), on: stack) ?? stack }
            return Configuration(frame: frame(nodes[0]), stack: stack)
        }
        return state(configurations.sorted(), completes: completes)
    }
}
