import Quantities

extension KVManager {
    /// Every way in which the books contradict themselves, in words; empty when all is right. For tests.
    ///
    /// - Complexity: O(pages + sequences + nodes).
    package func audit() -> [String] {
        auditPages() + auditAccounts() + auditPrefixIndex()
    }

    /// Each page is free, or has exactly the holders that list it.
    private func auditPages() -> [String] {
        var faults: [String] = []
        var holders = Array(repeating: 0, count: pool.pageCount)
        var owner: [ModelID?] = Array(repeating: nil, count: pool.pageCount)
        let tables = sequences.names.map { (sequences[$0].model, sequences[$0].table.heldPages) }
        for (model, pages) in tables + index.nodes.names.map({ (index.nodes[$0].key.model, index.nodes[$0].pages) }) {
            for page in pages {
                holders[Int(page)] += 1
                if owner[Int(page)] ?? model != model { faults.append("page \(page) is of two models") }
                owner[Int(page)] = model
            }
        }
        for page in 0..<pool.pageCount where pool.referenceCount(of: PageID(page)) != holders[page] {
            faults.append("page \(page) has \(holders[page]) holders")
        }
        let free = Set(pool.freePages)
        if free.count != pool.freeCount { faults.append("a page is free twice") }
        for page in free where holders[Int(page)] > 0 { faults.append("page \(page) is free and held") }
        if free.count + holders.count(where: { $0 > 0 }) != pool.pageCount { faults.append("a page is lost") }
        return faults
    }

    /// The sums are those of what they sum up; each model's sequences are listed once, by rank.
    private func auditAccounts() -> [String] {
        var faults: [String] = []
        for model in accounts.ids {
            let account = accounts[model]
            let open = sequences.names.filter { sequences[$0].model == model }
            let tables = open.map { sequences[$0].table }
            let nodes = index.nodes.names.map { index.nodes[$0] }.filter { $0.key.model == model }
            let held = Set(tables.flatMap(\.heldPages) + nodes.filter { $0.users > 0 }.flatMap(\.pages))
            let kept = nodes.filter { $0.users == 0 }.flatMap(\.pages)
            if held.count != account.held { faults.append("\(model) holds \(held.count), not \(account.held)") }
            if kept.count != account.cached { faults.append("\(model) keeps \(kept.count)") }
            if tables.reduce(0, { $0 + $1.tokenCount }) != account.tokens { faults.append("tokens of \(model)") }
            if tables.reduce(0, { $0 + $1.capacity }) != account.capacity { faults.append("capacity of \(model)") }
            for pages in tables.map(\.heldPages) where Set(pages).count != pages.count {
                faults.append("a table of \(model) holds a page twice")
            }
            if tables.contains(where: { $0.heldPages.count != $0.heldCount }) {
                faults.append("a table of \(model) miscounts")
            }
            if account.quota < 0 { faults.append("\(model) has a negative quota") }
            if Set(account.sequences) != Set(open) || account.sequences.count != open.count {
                faults.append("\(model) lists other sequences than it has")
            } else if zip(account.sequences, account.sequences.dropFirst()).contains(where: { !isOlder($0, than: $1) })
            {
                faults.append("sequences of \(model) are not by rank")
            }
        }
        let all = accounts.ids.map { accounts[$0] }
        if usage.total != pool.pageCount { faults.append("\(usage) is not \(pool.pageCount) pages") }
        if unfilled != all.reduce(0, { $0 + $1.unfilled }) { faults.append("unfilled quotas") }
        if all.reduce(0, { $0 + $1.quota }) > pool.pageCount { faults.append("quotas exceed the pool") }
        if let reservation, !isOpen(reservation.table) { faults.append("a closed sequence has reserved pages") }
        return faults
    }

    /// Nodes have the users and children that refer to them; shared pages are those of the node.
    private func auditPrefixIndex() -> [String] {
        var faults: [String] = []
        var users: [PrefixIndex.NodeID: Int] = [:]
        var children: [PrefixIndex.NodeID: Int] = [:]
        for id in sequences.names {
            let sequence = sequences[id]
            var parent: PrefixIndex.NodeID?
            for (block, link) in sequence.chain.enumerated() {
                users[link.node, default: 0] += 1
                let node = index.nodes[link.node]
                if node.key.parent != parent { faults.append("a chain breaks at block \(block)") }
                if node.key.model != sequence.model { faults.append("a chain leaves its model") }
                if (node.pages == Array(sequence.table.pages(ofBlock: block))) == link.isDuplicate {
                    faults.append("block \(block) is not what its link says")
                }
                parent = link.node
            }
            if sequence.chain.count != sequence.table.sharedBlocks { faults.append("shared blocks of a table") }
            if sequence.chain.count * sequence.table.shape.tokensPerPage > sequence.table.tokenCount {
                faults.append("a shared block is not full")
            }
        }
        for name in index.nodes.names { index.nodes[name].key.parent.map { children[$0, default: 0] += 1 } }
        for name in index.nodes.names {
            let node = index.nodes[name]
            if node.users != users[name] ?? 0 { faults.append("node \(name.index) has \(users[name] ?? 0) users") }
            if node.children != children[name] ?? 0 { faults.append("node \(name.index) has other children") }
        }
        let leaves = index.nodes.names.filter { index.nodes[$0].users == 0 && index.nodes[$0].children == 0 }
        if Set(index.leavesByAge) != Set(leaves) || index.leavesByAge.count != leaves.count {
            faults.append("unused leaves")
        }
        return faults
    }
}
