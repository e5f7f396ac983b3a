// Markdown as models write it, shown as elements.
//
// Whatever a text holds, it only ever becomes the text of elements that are made here: there is no way to markup.
// Anything that is not known is shown as it was written.

/** Shows `text` in `place`; blocks that are there already, as while an answer grows, stay as they are. */
export function show(text, place) {
  const found = blocks(text.replace(/\r\n?/g, "\n").split("\n"));
  found.forEach((block, at) => {
    const old = place.children[at];
    const source = JSON.stringify(block);
    if (old && old.source === source) return;
    const element = build(block);
    element.source = source;
    if (old) old.replaceWith(element);
    else place.append(element);
  });
  while (place.children.length > found.length) place.lastChild.remove();
}

// Blocks

// No expression here takes longer than in proportion to its line.
const fence = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
const heading = /^ {0,3}(#{1,6})\s+(.*)$/;
const rule = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const item = /^(\s*)([-*+]|\d{1,9}[.)])(\s+)(.*)$/;
const quote = /^ {0,3}> ?(.*)$/;
const tableRule = /^\|?(\s*:?-+:?\s*\|)*(\s*:?-+:?)?$/;
/** How deep lists and quotes may stand in each other; what is deeper is text. */
const deepest = 8;

/** The blocks of some lines, as plain values. */
function blocks(lines, depth = 0) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    let match;
    if (!line.trim()) {
      at += 1;
    } else if ((match = fence.exec(line))) {
      const [, indent, marks, info] = match;
      const code = [];
      const close = new RegExp(`^ {0,3}\\${marks[0]}{${marks.length},}\\s*$`);
      for (at += 1; at < lines.length && !close.test(lines[at]); at += 1) {
        code.push(lines[at].startsWith(indent) ? lines[at].slice(indent.length) : lines[at]);
      }
      at += 1;
      found.push({ kind: "code", language: info.trim().split(/\s/)[0], text: code.join("\n") });
    } else if ((match = heading.exec(line))) {
      found.push({ kind: "heading", level: match[1].length, text: match[2].trimEnd().replace(/\s#+$/, "") });
      at += 1;
    } else if (rule.test(line)) {
      found.push({ kind: "rule" });
      at += 1;
    } else if (depth < deepest && quote.test(line)) {
      const inner = [];
      for (; at < lines.length && (match = quote.exec(lines[at])); at += 1) inner.push(match[1]);
      found.push({ kind: "quote", blocks: blocks(inner, depth + 1) });
    } else if (depth < deepest && item.test(line)) {
      const list = readList(lines, at, depth);
      found.push(list.block);
      at = list.next;
    } else if (line.includes("|") && lines[at + 1]?.includes("-") && tableRule.test(lines[at + 1].trim())) {
      const rows = [];
      const aligns = cells(lines[at + 1]).map((cell) =>
        cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "end") : "start");
      const head = cells(line);
      for (at += 2; at < lines.length && lines[at].includes("|") && lines[at].trim(); at += 1) {
        rows.push(cells(lines[at]));
      }
      found.push({ kind: "table", head, aligns, rows });
    } else {
      const text = [line.trimStart()];
      for (at += 1; at < lines.length && lines[at].trim() && !begins(lines[at], depth); at += 1) {
        text.push(lines[at].trimStart());
      }
      found.push({ kind: "paragraph", text: text.join("\n") });
    }
  }
  return found;
}

/** Whether a line ends a paragraph before it. */
function begins(line, depth) {
  return fence.test(line) || heading.test(line) || rule.test(line)
    || (depth < deepest && (quote.test(line) || item.test(line)));
}

function readList(lines, at, depth) {
  const [, indent, mark] = item.exec(lines[at]);
  const ordered = /\d/.test(mark);
  const block = { kind: "list", ordered, start: ordered ? parseInt(mark, 10) : 1, items: [] };
  let match;
  while (at < lines.length && (match = item.exec(lines[at])) && match[1].length <= indent.length + 1
    && /\d/.test(match[2]) === ordered && !rule.test(lines[at])) {
    const inside = match[1].length + match[2].length + Math.min(match[3].length, 4);
    const inner = [match[4]];
    for (at += 1; at < lines.length; at += 1) {
      const line = lines[at];
      const own = line.length - line.trimStart().length;
      if (line.trim()) {
        // What is indented belongs to the item, and so does a line that goes on with its paragraph.
        const goesOn = inner[inner.length - 1].trim() && !begins(line, depth);
        if (own <= indent.length + 1 && !goesOn) break;
        inner.push(line.slice(Math.min(own, inside)));
      } else {
        const after = lines[at + 1] ?? "";
        if (after.length - after.trimStart().length <= indent.length + 1 && !item.test(after)) break;
        inner.push("");
      }
    }
    block.items.push(blocks(inner, depth + 1));
  }
  return { block, next: at };
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

// Elements

function make(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

function build(block) {
  switch (block.kind) {
    case "code": return codeBlock(block);
    // The page has headings of its own above those of a text.
    case "heading": return inline(block.text, make(`h${Math.min(6, block.level + 2)}`));
    case "rule": return make("hr");
    case "quote": return make("blockquote", ...block.blocks.map(build));
    case "list": {
      const list = make(block.ordered ? "ol" : "ul", ...block.items.map((blocks) => {
        // A single paragraph needs no space around it.
        const [first, ...rest] = blocks;
        if (first?.kind !== "paragraph") return make("li", ...blocks.map(build));
        const element = inline(first.text, make("li"));
        element.append(...rest.map(build));
        return element;
      }));
      if (block.ordered && block.start !== 1) list.start = block.start;
      return list;
    }
    case "table": {
      const row = (name, cells) => make("tr", ...block.head.map((_, at) => {
        const cell = inline(cells[at] ?? "", make(name));
        cell.className = block.aligns[at] ?? "start";
        return cell;
      }));
      const table = make("table", make("thead", row("th", block.head)),
        make("tbody", ...block.rows.map((cells) => row("td", cells))));
      const frame = make("div", table);
      frame.className = "table";
      frame.tabIndex = 0;
      return frame;
    }
    default: return inline(block.text, make("p"));
  }
}

function codeBlock({ language, text }) {
  const code = make("code", text);
  const copyButton = make("button", "Copy");
  copyButton.type = "button";
  copyButton.addEventListener("click", () => copy(text, copyButton));
  const bar = make("div", make("span", language), copyButton);
  bar.className = "bar";
  const pre = make("pre", code);
  pre.tabIndex = 0;
  const frame = make("div", bar, pre);
  frame.className = "code";
  return frame;
}

/** Puts a text into the clipboard, and says so on the button. */
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers refuse this where the page did not come by TLS or from this machine.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const words = button.textContent;
  if (words === "Copied") return;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = words; }, 1500);
}

// Text within a block

// Escapes, code, links, emphasis, addresses. All have bounds, so that no text takes more than time in its length.
const marks = new RegExp([
  /\\([\\`*_{}[\]()#+\-.!~|<>])/,
  /(`+)/,
  new RegExp(
    /!?\[([^[\]\n]{1,500})\]\(\s*<?([^\s()<>]{1,2000}(?:\([^\s()<>]{0,500}\)[^\s()<>]{0,2000})?)>?/.source
    + /(?:\s+"[^"\n]{0,500}")?\s*\)/.source),
  /(\*\*|__|~~|\*|_)/,
  /<?(https?:\/\/[^\s<>"'`\])]{1,2000})>?/,
].map((part) => part.source).join("|"), "g");

/** Adds `text` to `place`, with its emphasis, code and links. */
function inline(text, place, depth = 0) {
  let plain = 0;
  // Marks that have no partner further on.
  const lonely = new Set();
  const scan = new RegExp(marks);
  let match;
  while ((match = scan.exec(text))) {
    const [whole, escaped, ticks, label, target, mark, address] = match;
    const at = match.index;
    const end = at + whole.length;
    if (escaped) {
      place.append(text.slice(plain, at), escaped);
      plain = end;
    } else if (ticks) {
      const close = lonely.has(ticks) ? -1 : closing(text, ticks, end);
      if (close < 0) {
        lonely.add(ticks);
        continue;
      }
      const code = text.slice(end, close).replace(/\n/g, " ");
      place.append(text.slice(plain, at), make("code", /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code));
      scan.lastIndex = plain = close + ticks.length;
    } else if (label) {
      place.append(text.slice(plain, at), link(target, inline(label, make("a"), depth + 1)) ?? whole);
      plain = end;
    } else if (address) {
      if (place.localName === "a") continue;
      const url = address.replace(/[.,;:!?]+$/, "");
      place.append(text.slice(plain, at), link(url, make("a", url)) ?? url);
      const isEnclosed = whole.startsWith("<") && whole.endsWith(">");
      scan.lastIndex = plain = isEnclosed ? end : at + whole.indexOf(url) + url.length;
    } else {
      const close = depth < deepest && !lonely.has(mark) && opens(text, mark, at) ? partner(text, mark, end) : -1;
      if (close === -2) lonely.add(mark);
      if (close < 0) continue;
      const element = make({ "**": "strong", "__": "strong", "~~": "del" }[mark] ?? "em");
      place.append(text.slice(plain, at), inline(text.slice(end, close), element, depth + 1));
      scan.lastIndex = plain = close + mark.length;
    }
  }
  place.append(text.slice(plain));
  return place;
}

const isWord = (character) => /[\p{L}\p{N}]/u.test(character ?? "");

function opens(text, mark, at) {
  const after = text[at + mark.length] ?? " ";
  return /\S/.test(after) && !(mark[0] === "_" && isWord(text[at - 1]));
}

/** Where an emphasis ends that begins before `from`; -1 where it is none, -2 where no such mark follows at all. */
function partner(text, mark, from) {
  let at = text.indexOf(mark, from);
  if (at < 0) return -2;
  for (let tries = 0; at >= 0 && tries < 50; tries += 1) {
    const isDouble = mark.length === 1 && (text[at + 1] === mark || text[at - 1] === mark);
    const isInside = mark[0] === "_" && isWord(text[at + mark.length]);
    // Of three marks the last two end what two began.
    if (mark.length === 2 && text[at + 2] === mark[0]) at += 1;
    if (at > from && /\S/.test(text[at - 1]) && text[at - 1] !== "\\" && !isDouble && !isInside) return at;
    at = text.indexOf(mark, at + (isDouble ? 2 : 1));
  }
  return -1;
}

/** Where as many backticks stand as opened the code. */
function closing(text, ticks, from) {
  let at = text.indexOf(ticks, from);
  while (at >= 0) {
    let end = at;
    while (text[end] === "`") end += 1;
    if (end - at === ticks.length) return at;
    at = text.indexOf(ticks, end);
  }
  return -1;
}

/** The element as a link to `target`; `undefined` where that is no address of the web. */
function link(target, element) {
  let url;
  try { url = new URL(target); } catch { return undefined; }
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  element.href = url.href;
  element.rel = "noopener noreferrer";
  element.target = "_blank";
  return element;
}
