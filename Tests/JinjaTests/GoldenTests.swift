import Jinja
import Testing

@Suite struct GoldenTests {
    private let now = DateTime(year: 2024, month: 7, day: 26, hour: 15, minute: 4, second: 9)

    @Test func `Chat templates give the prompts of jinja2`() throws {
        let vectors = try Vectors.loaded.get()
        #expect(vectors["templates"].items.count == 240)
        for rendering in vectors["templates"].items {
            let template = try Template(vectors["sources"][rendering["template"].text].text)
            let context: [String: Value] = [
                "messages": vectors["conversations"][rendering["conversation"].text], "bos_token": "<s>",
                "eos_token": "</s>", "add_generation_prompt": rendering["prompt"],
                "tools": rendering["tools"] == true ? vectors["tools"] : .none,
            ]
            let name = "\(rendering["template"].text) \(rendering["conversation"].text)"
            let output = Result { () throws(JinjaError) in try template.render(context, now: now) }
            switch output {
            case .success(let output): #expect(output.utf8.elementsEqual(rendering["output"].text.utf8), "\(name)")
            case .failure(let error): #expect(rendering["error"] != .none, "\(name): \(error)")
            }
        }
    }

    @Test func `Snippets give what jinja2 gives`() throws {
        let vectors = try Vectors.loaded.get()
        #expect(vectors["snippets"].items.count > 400)
        for snippet in vectors["snippets"].items {
            let source = snippet["source"].text
            let expected = snippet["output"].text
            do throws(JinjaError) {
                let output = try Template(source).render(vectors.context, now: now)
                #expect(output.utf8.elementsEqual(expected.utf8), "\(source) gave \(output), not \(expected)")
            } catch {
                Issue.record("\(source): \(error)")
            }
        }
    }

    @Test func `What jinja2 refuses is refused, with the line`() throws {
        let vectors = try Vectors.loaded.get()
        #expect(vectors["errors"].items.count > 100)
        for source in vectors["errors"].items {
            let error = #expect(throws: JinjaError.self, "\(source.text)") {
                try Template("\n" + source.text).render(vectors.context)
            }
            #expect(error?.line == 2, "\(source.text)")
        }
    }
}
