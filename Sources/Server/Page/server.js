// How the page asks the server: with a key where one is needed, and event by event where an answer is a stream.

/** What the tab remembers. Where a browser refuses to store, it is remembered until the page is left. */
export const memory = {
  values: new Map(),
  get(name) {
    try { return JSON.parse(sessionStorage.getItem(`weft.${name}`)) ?? this.values.get(name); } catch {
      return this.values.get(name);
    }
  },
  set(name, value) {
    this.values.set(name, value);
    try { sessionStorage.setItem(`weft.${name}`, JSON.stringify(value)); } catch { /* It is kept in `values`. */ }
  },
};

/** An answer that is none: its status, 0 where the server is not there, and what is said of it. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Keys by what they are for; that of the administration is often another one. */
const keys = { serve: memory.get("key"), admin: memory.get("admin-key") };

/**
 * Asks for a path of the server, and for a key where it wants one.
 *
 * @param {"serve" | "admin"} right what the key must be for
 * @throws {Refusal} where the answer is not 200
 */
export async function ask(path, { right = "serve", ...options } = {}) {
  for (;;) {
    // Only who was refused for want of a right is asked for another key.
    const holder = keys[right] ? right : "serve";
    const key = keys[holder];
    const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
    let response;
    try { response = await fetch(path, { ...options, headers, cache: "no-store" }); } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Refusal(0, "The server does not answer.");
    }
    if (response.ok) return response;
    const message = await explanation(response);
    if (response.status !== 401) throw new Refusal(response.status, message);
    // Meanwhile another request may have been given a key that this one did not know of.
    const isNew = key !== (keys[right] ?? keys.serve);
    if (!isNew && !await askForKey(holder, key ? message : "")) throw new Refusal(401, "A key is needed.");
  }
}

async function explanation(response) {
  try {
    const { error } = await response.json();
    return error.message ?? String(error);
  } catch { return `The server answered with status ${response.status}.`; }
}

/** The events of a stream as they come: their names and their data. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      let end;
      while ((end = rest.indexOf("\n\n")) >= 0) {
        const event = { name: "message", data: "" };
        for (const line of rest.slice(0, end).split("\n")) {
          if (line.startsWith("event: ")) event.name = line.slice(7);
          if (line.startsWith("data: ")) event.data += line.slice(6);
        }
        rest = rest.slice(end + 2);
        if (event.data) yield event;
      }
    }
  } finally { reader.cancel().catch(() => {}); }
}

// The box for a key

const dialog = document.getElementById("key");
const field = document.getElementById("key-field");
let question;

/** Lets the reader give a key. Returns whether there is one now; several who ask at a time get the same answer. */
export async function askForKey(right = "serve", fault = "") {
  // A box is closed a moment before it says so: who asks in between gets the answer if there is one, or a box anew.
  if (question && !dialog.open && await question) return true;
  question ??= new Promise((resolve) => {
    document.getElementById("key-title").textContent =
      right === "admin" ? "A key for the administration" : "This server asks for a key";
    const note = document.getElementById("key-fault");
    note.textContent = fault;
    note.hidden = !fault;
    field.value = "";
    field.setAttribute("aria-invalid", String(Boolean(fault)));
    dialog.returnValue = "";
    dialog.showModal();
    dialog.onclose = () => {
      question = undefined;
      const isGiven = dialog.returnValue === "given" && field.value.trim() !== "";
      if (isGiven) {
        keys[right] = field.value.trim();
        memory.set(right === "admin" ? "admin-key" : "key", keys[right]);
      }
      field.value = "";
      resolve(isGiven);
    };
  });
  return question;
}

document.getElementById("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  dialog.close("given");
});
document.getElementById("key-cancel").addEventListener("click", () => dialog.close());
