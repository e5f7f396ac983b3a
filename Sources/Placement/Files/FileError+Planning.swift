package import ConfigurationFiles

extension FileError {
    /// Why there is no plan, at the entry of the placement file that is the cause.
    ///
    /// - Parameters:
    ///   - yaml: What `PlacementInput` was read from.
    ///   - file: Named in the error.
    package init(_ error: PlacementError, yaml: String, file: String) {
        do throws(FileError) {
            let cause = try Field(yaml, file: file).cause(of: error)
            self = cause.error(error.description)
        } catch {
            self = error
        }
    }

    /// Which entry of the placement file needs what a cost file lacks.
    ///
    /// - Parameters:
    ///   - costs: The cost file, named in the error.
    ///   - yaml: What `PlacementInput` was read from.
    ///   - file: Named in the error.
    package init(_ error: CostError, costs: String, yaml: String, file: String) {
        do throws(FileError) {
            let cause = try Field(yaml, file: file).need(ofCosts: error.model)
            self = cause.error(
                "needs costs of model \(error.model); \(costs) has \(error.known.joined(separator: ", "))")
        } catch {
            self = error
        }
    }

    /// Why a plan that reads well is of no use, at the unit that is the cause; at all units where no single one is.
    ///
    /// - Parameters:
    ///   - plan: What `Plan` was read from.
    ///   - file: Named in the error.
    package init(_ reason: String, unit: String?, plan: String, file: String) {
        do throws(FileError) {
            let units = try Field(plan, file: file).field("units")
            var cause = units
            for entry in try units.elements() where try entry.field("name").text() == unit { cause = entry }
            self = cause.error(reason)
        } catch {
            self = error
        }
    }
}

extension Field {
    /// The field of a placement file that leads to an error; the list of models where no single one does.
    fileprivate func cause(of error: PlacementError) throws(FileError) -> Field {
        let (model, key): (String, String)
        switch error {
        case .fitsNowhere(let name, _): (model, key) = (name, "model")
        case .invalidRate(let name, _): (model, key) = (name, "rate")
        case .invalidLengths(let name): (model, key) = (name, "prompt_len")
        case .duplicateModel(let name): (model, key) = (name, "name")
        case .noDevices, .clusterTooSmall, .noModels, .tooLargeForExactSearch: return try field("models")
        }
        for entry in try field("models").elements() where try entry.field("name").text() == model {
            return try entry.optional(key) ?? entry
        }
        return try field("models")
    }

    /// The field of a placement file that asks for the costs of the model `name`.
    fileprivate func need(ofCosts name: String) throws(FileError) -> Field {
        for load in try ModelLoad.list(self) where try ModelDemand(load).profile.costName == name {
            if let profile = try load.field.optional("profile") { return try profile.field("cost_name") }
            return try load.field.field("model")
        }
        return try field("models")
    }
}
