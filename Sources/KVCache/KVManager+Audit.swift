extension KVManager {
    /// Every way in which the books contradict themselves, in words; empty when all is right. For tests.
    ///
    /// - Complexity: O(pages + sequences + nodes).
    package func audit() -> [String] {
        auditPages() + auditAccounts() + auditPrefixIndex() + auditLists()
    }

    /// Each page is free, or has exactly the holders that list it.
    private func auditPages() -> [String] {
        var faults: [String] = []
        var holders = Array(repeating: 0, count: pool.pageCount)
        var owner: [Int?] = Array(repeating: nil, count: pool.pageCount)
        for slot in slots where slot.isOpen {
            for page in slot.table.pages {
                holders[Int(page)] += 1
                if owner[Int(page)] ?? slot.model != slot.model { faults.append("page \(page) is of two models") }
                owner[Int(page)] = slot.model
            }
        }
        for case let node? in index.nodes {
            for page in node.pages {
                holders[Int(page)] += 1
                if owner[Int(page)] ?? node.key.model != node.key.model {
                    faults.append("page \(page) is of two models")
                }
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

    /// The sums are those of what they sum up.
    private func auditAccounts() -> [String] {
        var faults: [String] = []
        for model in accounts.indices {
            guard let account = accounts[model] else { continue }
            let open = slots.filter { $0.isOpen && $0.model == model }
            let nodes = index.nodes.compactMap { $0 }.filter { $0.key.model == model }
            let held = Set(open.flatMap(\.table.pages) + nodes.filter { $0.users > 0 }.flatMap(\.pages))
            let kept = nodes.filter { $0.users == 0 }.flatMap(\.pages)
            if held.count != account.held { faults.append("model \(model) holds \(held.count), not \(account.held)") }
            if kept.count != account.cached { faults.append("model \(model) keeps \(kept.count)") }
            if open.count != account.sequences { faults.append("model \(model) has \(open.count) sequences") }
            if open.reduce(0, { $0 + $1.table.tokenCount }) != account.tokens { faults.append("tokens of \(model)") }
            if open.reduce(0, { $0 + $1.table.capacity }) != account.capacity { faults.append("capacity of \(model)") }
            if account.quota < 0 { faults.append("model \(model) has a negative quota") }
        }
        if usage.total != pool.pageCount { faults.append("\(usage) is not \(pool.pageCount) pages") }
        if unfilled != accounts.reduce(0, { $0 + ($1?.unfilled ?? 0) }) { faults.append("unfilled quotas") }
        if accounts.reduce(0, { $0 + ($1?.quota ?? 0) }) > pool.pageCount { faults.append("quotas exceed the pool") }
        if let claim, !slots[claim.slot].isOpen { faults.append("a closed sequence claims pages") }
        return faults
    }

    /// Nodes have the users and children that refer to them; shared pages are those of the node.
    private func auditPrefixIndex() -> [String] {
        var faults: [String] = []
        var users = Array(repeating: 0, count: index.nodes.count)
        var children = Array(repeating: 0, count: index.nodes.count)
        for slot in slots where slot.isOpen {
            var parent = -1
            for (block, link) in slot.chain.enumerated() {
                users[link.node] += 1
                let node = index.nodes[link.node]
                if node?.key.parent != parent { faults.append("a chain breaks at block \(block)") }
                if node?.key.model != slot.model { faults.append("a chain leaves its model") }
                let isShared = node?.pages == Array(slot.table.pages(ofBlock: block))
                if isShared == link.isTwin { faults.append("block \(block) is not what its link says") }
                parent = link.node
            }
            if slot.chain.count != slot.table.sharedBlocks { faults.append("shared blocks of a table") }
            if slot.chain.count * slot.table.shape.tokensPerPage > slot.table.tokenCount {
                faults.append("a shared block is not full")
            }
        }
        for case let node? in index.nodes where node.key.parent >= 0 { children[node.key.parent] += 1 }
        for (number, node) in index.nodes.enumerated() {
            guard let node else { continue }
            if node.users != users[number] { faults.append("node \(number) has \(users[number]) users") }
            if node.children != children[number] { faults.append("node \(number) has \(children[number]) children") }
        }
        let leaves = index.nodes.indices.filter { index.nodes[$0].map { $0.users == 0 && $0.children == 0 } ?? false }
        if Set(index.leavesByAge) != Set(leaves) || index.leavesByAge.count != leaves.count {
            faults.append("unused leaves")
        }
        return faults
    }

    /// Each model's sequences are listed once, by age.
    private func auditLists() -> [String] {
        var faults: [String] = []
        for case let account? in accounts {
            var count = 0
            var slot = account.oldest
            while slot >= 0, count <= account.sequences {
                count += 1
                let newer = slots[Int(slot)].newer
                if newer >= 0, !isOlder(Int(slot), than: Int(newer)) { faults.append("sequences out of order") }
                if newer < 0, account.newest != slot { faults.append("the newest sequence") }
                slot = newer
            }
            if count != account.sequences { faults.append("a list of \(count) for \(account.sequences)") }
        }
        return faults
    }
}
