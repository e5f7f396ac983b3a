extension FileError {
    /// Why there is no plan, at the entry of the placement file that is the cause.
    ///
    /// - Parameters:
    ///   - yaml: What `PlacementInput` was read from.
    ///   - file: Named in the error.
    package init(_ error: PlacementError, yaml: String, file: String) {
        do throws(FileError) {
            let cause = try YAMLField(yaml, file: file).cause(of: error)
            self = cause.error(error.description)
        } catch {
            self = error
        }
    }

    /// Which entry of the placement file needs what a cost file lacks; else what is wrong with the cost file itself.
    ///
    /// - Parameters:
    ///   - costs: The cost file, named in the error.
    ///   - yaml: What `PlacementInput` was read from.
    ///   - file: Named in the error.
    package init(_ error: CostError, costs: String, yaml: String, file: String) {
        guard case .unknownModel(let name, let known) = error else {
            self.init(error, costs: costs)
            return
        }
        do throws(FileError) {
            let cause = try YAMLField(yaml, file: file).need(ofCosts: name)
            self = cause.error("needs costs of model \(name); \(costs) has \(known.joined(separator: ", "))")
        } catch {
            self = error
        }
    }

    /// What is wrong with a cost file.
    ///
    /// - Parameter costs: The cost file, named in the error.
    package init(_ error: CostError, costs: String) {
        switch error {
        case .invalidLine(let line, let field, let reason):
            self.init(file: costs, line: line, field: field, reason: reason)
        case .invalidField(let path, let reason): self.init(file: costs, line: nil, field: path, reason: reason)
        case .notJSON, .empty, .unknownModel:
            self.init(file: costs, line: nil, field: nil, reason: error.description)
        }
    }
}

extension YAMLField {
    /// The field of a placement file that leads to an error; the list of models where no single one does.
    fileprivate func cause(of error: PlacementError) throws(FileError) -> YAMLField {
        let (model, key): (String, String)
        switch error {
        case .fitsNowhere(let name, _): (model, key) = (name, "model")
        case .invalidRate(let name, _): (model, key) = (name, "rate")
        case .invalidLengths(let name): (model, key) = (name, "prompt_len")
        case .duplicateModel(let name): (model, key) = (name, "name")
        case .noDevices, .clusterTooSmall, .noModels, .tooLargeForExactSearch: return try field("models")
        }
        for entry in try field("models").elements() where try entry.field("name").string() == model {
            return try entry.optional(key) ?? entry
        }
        return try field("models")
    }

    /// The field of a placement file that asks for the costs of the model `name`.
    fileprivate func need(ofCosts name: String) throws(FileError) -> YAMLField {
        for load in try ModelLoad.list(self) where try ModelDemand(load).profile.costName == name {
            if let profile = try load.field.optional("profile") { return try profile.field("cost_name") }
            return try load.field.field("model")
        }
        return try field("models")
    }
}
