// The conversation: what was said, what is being said, and what may be said next.
import { ask, events, memory } from "./server.js";
import { show, copy } from "./markdown.js";
import { colourOf } from "./strips.js";

const by = (id) => document.getElementById(id);
const [log, said, notice, input, model, send] = ["log", "said", "notice", "input", "model", "send"].map(by);
const settings = [...by("settings").querySelectorAll("[name]")];
const empty = by("empty");

/**
 * Messages as the server takes them, with what is shown besides. Of a user and of a tool: `role`, `content`,
 * `tool_call_id`. Of a model: `content`, `reasoning`, `calls`, `model`, `note`, `fault`.
 */
let messages = memory.get("messages") ?? [];
/** Ends the answer under way; `undefined` while there is none. */
let running;
/** Where the message stands that is being edited. */
let editing;

export function startChat() {
  input.value = memory.get("draft") ?? "";
  const kept = memory.get("settings") ?? {};
  for (const field of settings) field.value = kept[field.name] ?? "";
  draw();
  fit();
  listModels();

  by("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) stop();
    else say(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!running) say(input.value);
    } else if (event.key === "ArrowUp" && !input.value && !running) {
      event.preventDefault();
      edit();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || by("key").open) return;
    if (running) stop();
    else if (editing !== undefined) leaveEditing();
  });
  input.addEventListener("input", () => {
    fit();
    memory.set("draft", input.value);
  });
  for (const field of settings) {
    field.addEventListener("change", () => {
      memory.set("settings", Object.fromEntries(settings.map((field) => [field.name, field.value])));
    });
  }
  by("settings-button").addEventListener("click", ({ currentTarget }) => {
    by("settings").hidden = !by("settings").hidden;
    currentTarget.setAttribute("aria-expanded", String(!by("settings").hidden));
  });
  by("new").addEventListener("click", () => {
    stop();
    messages = [];
    leaveEditing();
    keep();
    draw();
    input.focus();
  });
  model.addEventListener("change", () => {
    memory.set("model", model.value);
    by("model-swatch").style.background = colourOf(model.value);
  });
}

// Models

/** Keeps the list of models as the server has it: more often while it has none. */
async function listModels() {
  for (;;) {
    try {
      const { data } = await (await ask("v1/models")).json();
      offer(data.filter((card) => (card.purpose ?? "generation") === "generation").map((card) => card.id));
    } catch (error) { offer([], error.message); }
    do {
      await new Promise((resolve) => setTimeout(resolve, model.value ? 5000 : 1500));
    } while (document.hidden);
  }
}

function offer(names, fault = "No model is loaded yet") {
  const known = [...model.options].map((option) => option.value);
  if (names.length && names.join("\n") === known.join("\n")) return;
  const wanted = memory.get("model") ?? model.value;
  model.replaceChildren(...(names.length ? names : [""]).map((name) => new Option(name || fault, name)));
  model.value = names.includes(wanted) ? wanted : names[0] ?? "";
  model.disabled = !names.length;
  by("model-swatch").style.background = model.value ? colourOf(model.value) : "";
}

// Saying

/** Says `text`: as the next message, in the place of the one that is edited, or as the result of a call. */
function say(text) {
  if (!text.trim() || !model.value) return;
  if (editing !== undefined) messages.length = editing;
  const call = openCall();
  messages.push(call ? { role: "tool", tool_call_id: call.id, name: call.name, content: text }
    : { role: "user", content: text });
  editing = undefined;
  input.value = "";
  memory.set("draft", "");
  keep();
  fit();
  draw();
  if (!openCall()) answer();
}

/** The first call of the last answer that has no result yet. */
function openCall() {
  const at = messages.findLastIndex((message) => message.role === "assistant");
  if (at < 0 || messages[at].reason !== "tool_calls") return undefined;
  const results = messages.slice(at + 1);
  if (results.some((message) => message.role !== "tool")) return undefined;
  return messages[at].calls.find((call) => !results.some((result) => result.tool_call_id === call.id));
}

function stop() { running?.abort(); }

function requestBody() {
  const value = (name) => settings.find((field) => field.name === name).value.trim();
  const body = { model: model.value, stream: true, stream_options: { include_usage: true } };
  for (const name of ["temperature", "top_p", "max_tokens", "seed"]) {
    if (!value(name)) continue;
    body[name] = Number(value(name));
    if (Number.isNaN(body[name])) throw new Error(`${name}: "${value(name)}" is not a number.`);
  }
  if (value("tools")) {
    try { body.tools = JSON.parse(value("tools")); } catch (error) { throw new Error(`Tools: ${error.message}`); }
  }
  body.messages = messages.flatMap(({ role, content, calls, tool_call_id, fault }) => {
    if (role !== "assistant") return [{ role, content, tool_call_id }];
    if (!content && !calls?.length) return [];
    return [{ role, content, ...(calls?.length && { tool_calls: calls.map(({ id, name, arguments: text }) =>
      ({ id, type: "function", function: { name, arguments: text } })) }) }];
  });
  if (value("system")) body.messages.unshift({ role: "system", content: value("system") });
  return body;
}

/** Has the model answer the last message, and shows how. */
async function answer() {
  const message = { role: "assistant", content: "", reasoning: "", calls: [], model: model.value };
  const controller = running = new AbortController();
  let body;
  try { body = requestBody(); } catch (error) { message.fault = error.message; }
  messages.push(message);
  draw();
  announce(`${message.model} is answering.`);
  const begun = performance.now();
  let first, usage, isDrawn = true;
  const redraw = () => {
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(() => {
      isDrawn = true;
      if (messages.at(-1) === message) update(log.lastElementChild, message);
    });
  };
  try {
    if (body) {
      const response = await ask("v1/chat/completions", {
        method: "POST", signal: controller.signal, body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" },
      });
      for await (const { data } of events(response)) {
        if (data === "[DONE]") break;
        const piece = JSON.parse(data);
        if (piece.error) throw new Error(piece.error.message);
        const choice = piece.choices?.[0];
        usage = piece.usage ?? usage;
        if (!choice) continue;
        first ??= performance.now();
        take(choice.delta, message, performance.now() - begun);
        message.reason = choice.finish_reason ?? message.reason;
        redraw();
      }
      if (!message.reason) throw new Error("The answer broke off.");
    }
  } catch (error) {
    if (controller.signal.aborted) message.note = "Stopped.";
    else message.fault = error instanceof TypeError ? "The answer broke off." : error.message;
  }
  // Another conversation may have begun meanwhile.
  if (running === controller) running = undefined;
  if (usage) message.note = told(usage, message, first - begun, performance.now() - first);
  if (!messages.includes(message)) return draw();
  keep();
  draw();
  const end = message.note === "Stopped." ? "Stopped." : "The answer is complete.";
  announce(message.fault ?? `${end} ${message.content}`);
}

/** Takes up one piece of an answer, `elapsed` milliseconds after it was asked for. */
function take(delta, message, elapsed) {
  if (delta.reasoning_content) {
    message.reasoning += delta.reasoning_content;
    message.thought = elapsed;
  }
  message.content += delta.content ?? "";
  for (const call of delta.tool_calls ?? []) {
    const known = message.calls[call.index] ??= { id: "", name: "", arguments: "" };
    known.id = call.id ?? known.id;
    known.name += call.function?.name ?? "";
    known.arguments += call.function?.arguments ?? "";
  }
}

function told(usage, message, first, rest) {
  const count = usage.completion_tokens;
  const parts = [`${count} ${count === 1 ? "token" : "tokens"}`, `first after ${seconds(first)}`];
  if (count > 1 && rest > 0) parts.push(`${((count - 1) * 1000 / rest).toFixed(1)} a second`);
  if (message.reason === "length") parts.push("cut at the limit");
  return parts.join(" · ");
}

const seconds = (milliseconds) =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

function keep() { memory.set("messages", messages); }

/** For those who hear the page: once when an answer begins, once when it is there. */
function announce(text) { said.textContent = text; }

// Changing what was said

function again() {
  while (messages.at(-1)?.role === "assistant") messages.pop();
  if (messages.length) answer();
}

function edit() {
  const at = messages.findLastIndex((message) => message.role === "user");
  if (at < 0) return;
  editing = at;
  input.value = messages[at].content;
  fit();
  draw();
  input.focus();
}

function leaveEditing() {
  if (editing !== undefined) input.value = "";
  editing = undefined;
  fit();
  draw();
}

// Drawing

/** Makes the log show `messages`; what is there already stays. */
function draw() {
  empty.hidden = messages.length > 0;
  const elements = [...log.querySelectorAll(".message")];
  elements.forEach((element, at) => { if (element.message !== messages[at]) element.remove(); });
  const shown = [...log.querySelectorAll(".message")];
  messages.forEach((message, at) => {
    if (!shown[at]) log.append(build(message));
    update(shown[at] ?? log.lastElementChild, message);
  });
  const last = messages.at(-1);
  const call = running ? undefined : openCall();
  notice.hidden = editing === undefined && !call;
  notice.textContent = call ? `Write the result of ${call.name}, or go on with something else in a new chat.`
    : "You are changing your last message; what follows it will go. Escape leaves it as it is.";
  input.placeholder = call ? `Result of ${call.name}` : "Write a message";
  send.textContent = running ? "Stop" : "Send";
  send.classList.toggle("stops", Boolean(running));
  for (const element of log.querySelectorAll(".message")) {
    const { role } = element.message;
    const isLast = element.message === last;
    button(element, "Again").hidden = !(isLast && role === "assistant" && !running);
    button(element, "Edit").hidden = running !== undefined || role !== "user"
      || messages.findLast((message) => message.role === "user") !== element.message;
    button(element, "Copy").hidden = !element.message.content || (isLast && running !== undefined);
  }
  log.scrollTop = log.scrollHeight;
}

const button = (element, name) => element.querySelector(`[data-do="${name}"]`);

function part(name, className, ...children) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
}

function build(message) {
  const element = part("article", `message ${message.role}`);
  element.message = message;
  const who = part("h3", "who");
  if (message.model) {
    const swatch = part("i", "swatch");
    swatch.style.background = colourOf(message.model);
    who.append(swatch);
  }
  who.append({ user: "You", tool: `Result of ${message.name}` }[message.role] ?? message.model);
  const actions = part("p", "actions", part("span", "note"));
  for (const [name, act] of [["Copy", (button) => copy(message.content, button)], ["Edit", edit], ["Again", again]]) {
    const button = part("button", "", name);
    button.type = "button";
    button.dataset.do = name;
    button.addEventListener("click", () => act(button));
    actions.append(button);
  }
  element.append(who, part("div", "body"), actions);
  return element;
}

function update(element, message) {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const body = element.querySelector(".body");
  if (message.role === "assistant") {
    const isLive = running !== undefined && message === messages.at(-1);
    element.setAttribute("aria-busy", String(isLive));
    element.classList.toggle("waits", isLive && !message.content && !message.reasoning && !message.calls.length);
    if (message.reasoning) showReasoning(element, message, isLive);
    show(message.content, body);
    message.calls.forEach((call, at) => showCall(element, call, at));
    if (message.fault) {
      const fault = element.querySelector(".fault") ?? part("p", "fault");
      fault.textContent = message.fault;
      element.querySelector(".actions").before(fault);
    }
    element.querySelector(".note").textContent = message.note ?? "";
  } else if (body.textContent !== message.content) {
    body.textContent = message.content;
  }
  element.classList.toggle("edited", editing !== undefined && messages.indexOf(message) >= editing);
  if (follows) log.scrollTop = log.scrollHeight;
}

function showReasoning(element, message, isLive) {
  let fold = element.querySelector(".reasoning");
  if (!fold) {
    fold = part("details", "reasoning", part("summary", ""), part("div", ""));
    element.querySelector(".body").before(fold);
  }
  const goesOn = isLive && !message.content && !message.calls.length;
  fold.firstChild.textContent = goesOn ? "Thinking…" : `Thought for ${seconds(message.thought ?? 0)}`;
  show(message.reasoning, fold.lastChild);
}

function showCall(element, call, at) {
  let box = element.querySelectorAll(".call")[at];
  if (!box) {
    box = part("section", "call", part("h4", ""), part("pre", ""));
    box.lastChild.tabIndex = 0;
    element.querySelector(".actions").before(box);
  }
  box.firstChild.textContent = `Calls ${call.name}`;
  let text = call.arguments;
  try { text = JSON.stringify(JSON.parse(text), undefined, 2); } catch { /* It is not whole yet, or no JSON. */ }
  box.lastChild.textContent = text;
}

/** Makes the box as high as what is written in it, within bounds. */
function fit() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, innerHeight * 0.4)}px`;
}
