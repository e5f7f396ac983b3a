"""The page in a real browser, against servers whose engine is scripted: what people do, and what must not happen.

Ends with 77 where there is no browser.
"""
import argparse
import json
import sys

from browser import Browser, find


def check(holds, *what):
    if not holds:
        raise AssertionError(" ".join(map(str, what)))


def last(page, part=".body"):
    return page.text(f".message:last-child {part}")


def say(page, text):
    page.run("document.getElementById('input').focus()")
    page.type(text)
    page.press("Enter")


def done(page):
    page.wait("document.getElementById('send').textContent === 'Send' && document.querySelector('.message')")


def loads_fast(browser, url):
    browser.open(url).close()
    page = browser.open(url)
    page.wait("document.querySelector('#model option[value=tiny]')")
    files, milliseconds = page.run("""(() => {
        const load = performance.getEntriesByType("navigation")[0];
        const files = performance.getEntriesByType("resource").filter((file) => file.name.includes("/page/"));
        return [[load, ...files].map((file) => [file.name, file.transferSize]), load.loadEventEnd - load.startTime] })()""")
    size = sum(size for _, size in files)
    print(f"the page: {len(files)} files, {size / 1000:.1f} KB, loaded in {milliseconds:.0f} ms")
    check(len(files) == 8 and all(name.startswith(url) for name, _ in files), files)
    check(0 < size < 100_000, size)
    return page


def chat_goes_on(page):
    check(page.run("[...document.getElementById('model').options].map((model) => model.value)") == ["tiny", "tools"],
          "only models that generate are offered")
    check(page.run("document.activeElement === document.body || document.activeElement.id"), "focus")
    say(page, "hello")
    done(page)
    check(last(page) == "Hello you", last(page))
    check("3 tokens · first after" in last(page, ".note"), last(page, ".note"))
    page.wait("document.getElementById('said').textContent.includes('complete. Hello you')")
    check(page.run("document.activeElement.id") == "input", "the box keeps the focus")

    # Shift with Enter begins a line, and the box grows.
    page.type("one")
    page.press("Enter", shift=True)
    page.type("two")
    check(page.run("document.getElementById('input').value") == "one\ntwo")
    page.press("Enter")
    done(page)
    check(page.text(".message:nth-last-child(2) .body") == "one\ntwo")


def streams_stop(page):
    say(page, "endless")
    size = page.wait("document.querySelector('.message:last-child .body').textContent.length")
    page.wait(f"document.querySelector('.message:last-child .body').textContent.length > {size}")
    check(page.text("#send") == "Stop")
    page.click("#send")
    done(page)
    check(last(page, ".note") == "Stopped.", last(page, ".note"))
    text = last(page)
    page.click(".message:last-child [data-do=Again]")
    page.wait("document.querySelector('.message:last-child .body').textContent.length > 8")
    page.press("Escape")
    done(page)
    check(last(page) != "" and text.startswith(last(page)[:8]), "the answer is made anew")
    check(page.run("document.querySelectorAll('.message').length") == 6, "and takes the place of the other")


def markdown_is_inert(page, markdown):
    say(page, "markdown")
    done(page)
    found = page.run("""(() => {
        const body = document.querySelector(".message:last-child .body");
        const texts = (selector) => [...body.querySelectorAll(selector)].map((element) => element.textContent);
        return { kinds: [...body.children].map((element) => element.localName), heading: texts("h3"),
            strong: texts("strong"), em: texts("em"), code: texts("p code"), items: texts("li"), rows: texts("tr"),
            block: texts("pre"), quote: texts("blockquote"), links: [...body.querySelectorAll("a")].map((link) =>
                [link.href, link.rel]), foreign: texts("img, script, svg, iframe, object, form, style, [onerror]"),
            align: getComputedStyle(body.querySelectorAll("td")[1]).textAlign } })()""")
    check(found["kinds"] == ["h3", "p", "ul", "div", "div", "blockquote"], found)
    check(found["heading"] == ["Title <img src=x onerror=alert(1)>"], found)
    check((found["strong"], found["em"], found["code"]) == (["bold"], ["slanted"], ["code <b>"]), found)
    check(found["links"] == [["https://example.org/a_(b)", "noopener noreferrer"]], found)
    check(found["items"] == ["firstinner", "inner", "second"] and found["align"] == "end", found)
    check(found["rows"] == ["leftright", "1<svg onload=alert(1)>"], found)
    check(found["block"] == ['<script>alert("code")</script>'], found)
    check(found["quote"] == ['quoted "><script>alert(1)</script>'], found)
    check(found["foreign"] == [] and page.run("document.title") == "Weft", found)
    check("javascript:alert(1)" in last(page) and "data:text/html" in last(page), "what is no link is text")
    page.click(".message:last-child .code button")
    page.wait("document.querySelector('.message:last-child .code button').textContent === 'Copied'")
    # However it is cut, the end is the same.
    same = page.run(f"""(async () => {{
        const {{ show }} = await import("/page/markdown.js");
        const [text, pieces, whole] = [{json.dumps(markdown)}, ...["div", "div"].map((name) =>
            document.createElement(name))];
        for (let end = 1; end <= text.length; end += 1) show(text.slice(0, end), pieces);
        show(text, whole);
        return pieces.isEqualNode(whole) }})()""")
    check(same, "pieces of a text show the same as the whole")
    # Texts that would keep a careless reader busy for minutes.
    for hostile in ["[" * 100_000, "*a " * 50_000, "`" * 50_000 + "a", "**a" * 50_000, "[a](" * 30_000, "> " * 50_000,
                    "- " * 50_000, "| " * 50_000 + "\n" + "|-" * 50_000 + "x", "# a" + " " * 100_000 + "b",
                    "```" + "a" * 100_000 + "`", "_a_b" * 40_000, "- - " * 40_000 + "x", "<http://" * 20_000]:
        seconds = page.run(f"""(async () => {{
            const {{ show }} = await import("/page/markdown.js");
            const begun = performance.now();
            show({json.dumps(hostile)}, document.createElement("div"));
            return (performance.now() - begun) / 1000 }})()""")
        check(seconds < 10, hostile[:10], "took", seconds)


def last_message_changes(page):
    count = page.run("document.querySelectorAll('.message').length")
    page.run("document.getElementById('input').focus()")
    page.press("ArrowUp")
    check(page.run("document.getElementById('input').value") == "markdown", "it is there to be changed")
    check("Escape" in page.text("#notice"))
    page.press("Escape")
    check(page.run("document.getElementById('input').value") == "" and page.text(".edited") is None, "left as it was")
    page.click(".message:nth-last-child(2) [data-do=Edit]")
    page.run("document.getElementById('input').select()")
    say(page, "hello again")
    done(page)
    check(page.run("document.querySelectorAll('.message').length") == count)
    check(page.text(".message:nth-last-child(2) .body") == "hello again" and last(page) == "Hello you")


def models_and_tools(page):
    page.run("document.getElementById('model').focus()")
    page.press("ArrowDown")
    page.wait("document.getElementById('model').value === 'tools'")
    page.click("#settings-button")
    page.run("document.querySelector('[name=max_tokens]').focus()")
    page.type("many")
    say(page, "hello")
    done(page)
    check(last(page, ".fault") == 'max_tokens: "many" is not a number.', last(page, ".fault"))
    for name, value in [("max_tokens", "77"), ("temperature", "0.5"), ("system", "Be brief."), ("seed", "7"),
                        ("tools", '[{"type": "function", "function": {"name": "weather", "parameters": '
                                  '{"type": "object", "properties": {"city": {"type": "string"}}}}}]')]:
        page.run(f"document.querySelector('[name={name}]').select()")
        page.type(value)
    page.press("Tab")
    page.click("#settings-button")
    page.click("#new")
    say(page, "weather")
    done(page)
    check(page.text(".message:last-child .who") == "tools", "the answer says whose it is")
    check(last(page) == "I look." and last(page, ".call h4") == "Calls weather", last(page))
    check(json.loads(last(page, ".call pre")) == {"city": "Bern"})
    check(page.run("document.querySelector('.reasoning').open") is False, "reasoning is folded")
    check(page.text(".reasoning summary").startswith("Thought for"))
    page.click(".reasoning summary")
    page.wait("document.querySelector('.reasoning').innerText.includes('Which city?')")
    check("result of weather" in page.text("#notice"))
    say(page, "sunny")
    done(page)
    check(last(page) == "It is sunny.", last(page))
    check(page.text(".message.tool .body") == "sunny")
    say(page, "fail")
    done(page)
    check("set up again" in last(page, ".fault"), last(page, ".fault"))


def tab_remembers(page, url):
    before = page.run("document.getElementById('log').textContent")
    page.go(url)
    page.wait("document.querySelectorAll('.message').length > 3")
    check(page.run("document.getElementById('log').textContent") == before, "the tab keeps the conversation")
    page.wait("document.getElementById('model').value === 'tools'")
    check(page.run("document.querySelector('[name=seed]').value") == "7")
    page.click("#new")
    check(page.run("document.querySelectorAll('.message').length") == 0 and page.text("#empty h2"))


def works_without_storage(browser, url):
    page = browser.open(url, script="""Object.defineProperty(window, "sessionStorage",
        { get() { throw new DOMException("refused", "SecurityError"); } });""")
    page.wait("document.querySelector('#model option[value=tiny]')")
    say(page, "hello")
    done(page)
    check(last(page) == "Hello you")
    check(page.complaints == [], page.complaints)
    page.close()


def keyboard_reaches_all(browser, url):
    page = browser.open(url)
    page.wait("document.querySelector('#model option[value=tiny]') && document.querySelector('.lane')")
    reached = {}
    for _ in range(40):
        page.press("Tab")
        name, outline = page.run("""(() => {
            const element = document.activeElement;
            return [element.id || element.dataset.to || element.className || element.textContent,
                getComputedStyle(element.closest(".box:focus-within #input") ? element.closest(".box") : element)]
                .map((part) => typeof part === "string" ? part : part.outlineStyle + part.borderColor) })()""")
        reached[name] = outline
    wanted = {"skip", "chat", "both", "weave", "theme", "key-button", "log", "input", "model", "settings-button", "new",
              "send"}
    check(wanted <= set(reached), "not reached:", wanted - set(reached), reached)
    check(all("none" not in outline for name, outline in reached.items() if name in wanted - {"input"}), reached)
    page.run("document.querySelector('[data-to=weave]').focus()")
    page.press("Enter")
    page.wait("document.documentElement.dataset.view === 'weave'")
    check(page.run("getComputedStyle(document.getElementById('chat')).display") == "none")
    page.run("document.querySelector('[data-to=chat]').focus()")
    page.press(" ")
    page.wait("document.documentElement.dataset.view === 'chat'")
    # What those hear who do not see.
    names = page.run("""[...document.querySelectorAll("button, input, select, textarea, canvas, [role=img]")]
        .filter((element) => !(element.labels?.length || element.ariaLabel || element.textContent.trim()))
        .map((element) => element.outerHTML.slice(0, 100))""")
    check(names == [], "without a name:", names)
    check(page.run("[...document.querySelectorAll('header.top, nav, main')].length") == 3, "landmarks")
    check(page.complaints == [], page.complaints)


def weave_is_live(page):
    page.wait("document.querySelectorAll('.lane').length === 3")
    page.wait("""[...document.querySelectorAll(".lane canvas")].filter((canvas) => canvas.width && canvas
        .getContext("2d").getImageData(canvas.width - 40, 0, 40, canvas.height).data.some((value) => value))
        .length >= 2""")
    page.wait("document.querySelector('[data-models] td')?.textContent === '3'")
    row = page.wait("""(() => {
        const cells = [...document.querySelectorAll("[data-models] tr")].map((row) =>
            [...row.cells].map((cell) => cell.textContent));
        return cells[1]?.[3] !== "0" && cells[1] })()""")
    check(row[:3] == ["tools", "3", "1"], row)
    # Between the bounds of a histogram values lie evenly.
    check(row[4] == "175 ms" and row[7] == "18 ms", row)
    check(page.text(".health") == "healthy" and "adbs" in page.text("[data-about]"), page.text(".unit header"))
    check("keeps 97 % beside others" in page.text(".lanes"), page.text(".lanes"))
    check("50 of 400" in page.text("[data-quotas]") and "150 of 400" in page.text("[data-quotas]"))
    check("tools 15 %" in page.run("document.querySelector('[data-stack]').ariaLabel"))
    label = page.wait("""[...document.querySelectorAll(".lane canvas")].map((canvas) => canvas.ariaLabel)
        .find((label) => label.includes("tools both"))""")
    check(label.startswith("part 1, last 30 seconds: tiny prefill"), label)
    page.click("[data-seconds='5']")
    check("−4 s" in page.text("[data-axis]"), page.text("[data-axis]"))


def keys_are_asked_for(browser, url):
    page = browser.open(url)
    page.wait("document.getElementById('key').open")
    page.type("wrong-0123456789")
    page.press("Enter")
    page.wait("document.getElementById('key-fault').textContent.includes('not known')")
    page.wait("document.getElementById('key').open")
    page.type("client-0123456789")
    page.press("Enter")
    page.wait("document.getElementById('model').value === 'tiny' && !document.getElementById('key').open")
    check("may administer" in page.wait("document.getElementById('weave-notice').innerText"))
    say(page, "hello")
    done(page)
    check(last(page) == "Hello you", "chat needs no right to administer")
    page.click("#weave-notice button")
    page.wait("document.getElementById('key').open")
    page.press("Escape")
    page.wait("!document.getElementById('key').open")
    page.click("#weave-notice button")
    page.wait("document.getElementById('key').open")
    page.type("admin-0123456789")
    page.press("Enter")
    page.wait("document.querySelectorAll('.lane').length === 3")
    page.wait("document.getElementById('weave-notice').hidden")
    page.go(url)
    page.wait("document.querySelectorAll('.lane').length === 3 && document.getElementById('model').value === 'tiny'")
    check(page.run("document.getElementById('key').open") is False, "the tab keeps keys")
    check(page.run("Object.keys(localStorage).length") == 0, "and only the tab")
    others = [text for text in page.complaints if "status of 401" not in text and "status of 403" not in text]
    check(others == [], others)


def fits_a_phone(browser, url, pictures):
    page = browser.open(url, width=360, height=740, dark=True, reduced=True)
    page.wait("document.querySelector('#model option[value=tiny]')")
    say(page, "markdown")
    done(page)
    for view in ["chat", "weave"]:
        page.click(f"[data-to={view}]")
        page.wait(f"document.documentElement.dataset.view === '{view}'")
        if view == "weave":
            page.wait("document.querySelector('[data-models] td')?.textContent === '3'")
        width = page.run("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        check(width <= 360, view, "is", width, "wide")
        small = page.run("""[...document.querySelectorAll("button, select, textarea")].filter((element) =>
            element.offsetParent && element.getBoundingClientRect().right > 361).map((element) => element.id)""")
        check(small == [], "beyond the edge:", small)
    dark = page.run("getComputedStyle(document.documentElement).backgroundColor")
    page.click("#theme")
    light = page.run("getComputedStyle(document.documentElement).backgroundColor")
    check(dark != light and page.run("document.documentElement.dataset.theme") == "light", dark, light)
    check(page.run("document.querySelector('[data-to=both]').offsetParent") is None)
    check(page.complaints == [], page.complaints)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--keyed-url", required=True)
    parser.add_argument("--markdown", required=True)
    parser.add_argument("--pictures", help="a folder for pictures of the page")
    arguments = parser.parse_args()
    if not find():
        print("There is no Chromium: tools/setup --clients installs Debian's.")
        return 77
    url = arguments.url + "/"
    with Browser() as browser:
        page = loads_fast(browser, url)
        chat_goes_on(page)
        streams_stop(page)
        markdown_is_inert(page, arguments.markdown)
        last_message_changes(page)
        weave_is_live(page)
        models_and_tools(page)
        tab_remembers(page, url)
        check(page.complaints == [], "the console says:", page.complaints)
        works_without_storage(browser, url)
        keyboard_reaches_all(browser, url)
        keys_are_asked_for(browser, arguments.keyed_url + "/")
        fits_a_phone(browser, url, arguments.pictures)
    print("the page: all as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
