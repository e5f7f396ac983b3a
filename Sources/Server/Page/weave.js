// The weave: what the units' lanes do, who holds the pool, who waits, and how long things take.
import { ask, askForKey, events, Refusal } from "./server.js";
import { colourOf, drawLane, drawLines, forgetColours } from "./strips.js";

/** Seconds of passes that are kept, and that are shown at first. */
const longest = 30;
/** Statuses, a second apart, that lines show, and that latencies are made of. */
const [shownStatuses, lateStatuses] = [120, 60];
/** Milliseconds from one drawing to the next: smooth enough, and little work for a machine that serves as well. */
const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 66;

const place = document.getElementById("units");
const notice = document.getElementById("weave-notice");

/** Units by name: their elements, and what is known of them. */
const units = new Map();
/** What to add to a time of the server to get one of this page, in seconds. */
let offset;
let watching;

export function startWeave() {
  notice.querySelector("button").addEventListener("click", async () => {
    if (!await askForKey("admin")) return;
    watching?.abort();
    watching = undefined;
    setWatching(true);
  });
  requestAnimationFrame(draw);
  return { setWatching, repaint: forgetColours };
}

/** Follows the server while somebody looks. */
function setWatching(wanted) {
  if (wanted === Boolean(watching)) return;
  watching?.abort();
  watching = wanted ? new AbortController() : undefined;
  if (watching) follow(watching);
}

async function follow(controller) {
  const { signal } = controller;
  while (!signal.aborted) {
    try {
      const stream = events(await ask("admin/events", { right: "admin", signal }));
      forget();
      for await (const { name, data } of stream) {
        say();
        if (name === "passes") takePasses(JSON.parse(data));
        if (name === "status") takeStatus(JSON.parse(data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status === 404) {
        return say("The units are not shown here: the server's administration has another address.");
      }
      if (error instanceof Refusal && [401, 403].includes(error.status)) {
        return say("To see what the units do takes a key that may administer. Chat works without it.", true);
      }
      say(`${error instanceof Refusal ? error.message : "The stream broke off."} Trying again …`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Shows a sentence instead of what is not known, or none. */
function say(text = "", asksForKey = false) {
  if (notice.hidden === !text && notice.firstElementChild.textContent === text) return;
  notice.firstElementChild.textContent = text;
  notice.querySelector("button").hidden = !asksForKey;
  notice.hidden = !text;
}

/** A stream begins with what the server still knows. */
function forget() {
  offset = undefined;
  for (const unit of units.values()) {
    for (const lane of unit.lanes.values()) Object.assign(lane, { passes: [], running: undefined });
  }
}

// What comes

function takePasses({ time, ended, running, lost }) {
  // The event that took the shortest way tells best; clocks may drift apart.
  const here = performance.now() / 1000 - time;
  offset = offset === undefined || here < offset ? here : offset + (here - offset) * 0.01;
  for (const pass of ended) {
    laneOf(pass).passes.push({ ...pass, end: pass.start + pass.seconds });
  }
  for (const unit of units.values()) {
    for (const lane of unit.lanes.values()) {
      lane.running = undefined;
      const old = lane.passes.findIndex((pass) => pass.end > time - longest - 1);
      if (old > 500 || old < 0) lane.passes.splice(0, old < 0 ? lane.passes.length : old);
    }
  }
  for (const pass of running) laneOf(pass).running = pass;
  if (lost) {
    for (const unit of units.values()) {
      unit.lost += lost;
      unit.find("lost").textContent = `${unit.lost} passes came faster than they could be shown.`;
      unit.find("lost").hidden = false;
    }
  }
}

function takeStatus({ units: statuses }) {
  for (const status of statuses) {
    const unit = unitNamed(status.name);
    unit.statuses.push(status);
    if (unit.statuses.length > shownStatuses) unit.statuses.shift();
    showHealth(unit, status);
    showLanes(unit, status);
    showPool(unit, status);
    showModels(unit, status);
  }
  for (const [name, unit] of units) {
    if (!statuses.some((status) => status.name === name)) {
      unit.element.remove();
      units.delete(name);
    }
  }
}

function unitNamed(name) {
  if (!units.has(name)) {
    const element = document.getElementById("unit").content.cloneNode(true).firstElementChild;
    const find = (part) => element.querySelector(`[data-${part}]`);
    find("name").textContent = name;
    place.append(element);
    const unit = { element, find, lanes: new Map(), statuses: [], lost: 0, seconds: longest };
    for (const button of element.querySelectorAll("[data-seconds]")) {
      button.addEventListener("click", () => {
        unit.seconds = Number(button.dataset.seconds);
        for (const other of element.querySelectorAll("[data-seconds]")) {
          other.setAttribute("aria-pressed", String(other === button));
        }
        showAxis(unit);
      });
    }
    showAxis(unit);
    units.set(name, unit);
  }
  return units.get(name);
}

function laneOf({ unit: name, lane }) {
  const unit = unitNamed(name);
  if (!unit.lanes.has(lane)) {
    const element = document.getElementById("lane").content.cloneNode(true).firstElementChild;
    element.querySelector("[data-name]").textContent = lane;
    unit.find("lanes").append(element);
    unit.lanes.set(lane, { element, passes: [], running: undefined });
  }
  return unit.lanes.get(lane);
}

// Words and numbers

const percent = (part) => `${Math.round(part * 100)} %`;
const [mega, giga] = [1 << 20, 1 << 30];
const bytes = (count) => count < giga ? `${Math.round(count / mega)} MB` : `${(count / giga).toFixed(1)} GB`;

function showHealth(unit, status) {
  const chip = unit.find("health");
  const { failure, recovery, rebuilds, missing } = status;
  chip.textContent = failure ? "failed" : missing.length ? "models missing" : "healthy";
  chip.className = `health ${failure ? "bad" : missing.length ? "poor" : "good"}`;
  unit.find("about").textContent = [
    status.device, `policy ${status.policy}`, status.partitioning && `shares by ${status.partitioning}`,
    rebuilds && `rebuilt ${rebuilds} ${rebuilds === 1 ? "time" : "times"}`,
  ].filter(Boolean).join(" · ");
  const faults = failure ? [`The device failed: ${failure}.`] : [];
  if (recovery) {
    faults.push(`It is being set up again${recovery.tries ? ` after ${recovery.tries} tries` : ""}.`);
    if (recovery.reason) faults.push(`The last try failed: ${recovery.reason}.`);
  }
  for (const model of missing) faults.push(`${model.name} could not be loaded again: ${model.reason}.`);
  unit.find("fault").textContent = faults.join(" ");
  unit.find("fault").hidden = !faults.length;
}

function showLanes(unit, status) {
  keyed(unit.find("keys"), status.models, (model) => model.name, (model) => {
    const element = document.createElement("span");
    element.append(swatch(model.name), model.name);
    return element;
  });
  const before = unit.statuses.at(-1 - Math.min(5, unit.statuses.length - 1));
  const span = Math.max(1, Math.min(5, unit.statuses.length - 1));
  status.lanes.forEach((lane, at) => {
    const { element, passes, running } = laneOf({ unit: status.name, lane: lane.name });
    const place = unit.find("lanes");
    if (place.children[at] !== element) place.insertBefore(element, place.children[at] ?? null);
    element.classList.toggle("idle", !passes.length && !running);
    element.querySelector("[data-about]").textContent = [
      lane.units && `${lane.units} compute ${lane.units === 1 ? "unit" : "units"}`,
      lane.isolation !== undefined && `keeps ${percent(lane.isolation)} beside others`,
    ].filter(Boolean).join(" · ");
    const old = before.lanes.find((other) => other.name === lane.name) ?? lane;
    const rate = (lane.passes - old.passes) / span;
    element.querySelector("[data-busy]").textContent =
      `${percent(Math.min(1, (lane.busy_seconds - old.busy_seconds) / span))} busy · ${rate.toFixed(0)} passes/s`;
    element.querySelector("canvas").setAttribute("aria-label", `${lane.name}, last ${longest} seconds: ${
      summary(passes)}`);
  });
}

/** What models took of a lane, in words. */
function summary(passes) {
  const sums = new Map();
  for (const { model, phase, start, end } of passes) {
    const kind = `${model} ${phase}`;
    sums.set(kind, (sums.get(kind) ?? 0) + end - start);
  }
  return [...sums].map(([kind, seconds]) => `${kind} ${percent(seconds / longest)}`).join(", ") || "idle";
}

function showAxis(unit) {
  const steps = 5;
  unit.find("axis").replaceChildren(...Array.from({ length: steps + 1 }, (_, at) => {
    const mark = document.createElement("span");
    mark.textContent = at < steps ? `−${unit.seconds * (steps - at) / steps} s` : "now";
    return mark;
  }));
}

function showPool(unit, { pool, models }) {
  unit.find("pool-total").textContent =
    `${pool.pages} pages of ${pool.page_bytes / 1024} KB, ${bytes(pool.pages * pool.page_bytes)}`;
  const parts = [
    ...models.filter((model) => model.held).map((model) => ({ name: model.name, pages: model.held })),
    { name: "", words: "kept for their prefixes", pages: pool.cached, className: "cached" },
  ].filter((part) => part.pages);
  const stack = unit.find("stack");
  stack.replaceChildren(...parts.map((part) => {
    const element = document.createElement("i");
    if (part.className) element.className = part.className;
    else element.style.background = colourOf(part.name);
    element.style.width = `${100 * part.pages / pool.pages}%`;
    return element;
  }));
  stack.setAttribute("aria-label", `Pool: ${[...parts, { words: "free", pages: pool.free }]
    .map((part) => `${part.name || part.words} ${percent(part.pages / pool.pages)}`).join(", ")}`);
  keyed(unit.find("quotas"), models, (model) => model.name, quotaRow, (element, model) => {
    const scale = Math.max(model.quota, model.held + model.cached, 1);
    element.querySelector(".held").style.width = `${100 * model.held / scale}%`;
    element.querySelector(".cached").style.width = `${100 * model.cached / scale}%`;
    element.querySelector(".quota").style.left = `${100 * model.quota / scale}%`;
    element.querySelector(".note").textContent = `${model.held} of ${model.quota}${
      model.borrowed ? `, ${model.borrowed} borrowed` : ""}${model.cached ? `, ${model.cached} kept` : ""}`;
  });
  const lines = models.map((model) => ({
    colour: colourOf(model.name), bound: model.quota,
    values: unit.statuses.map((status) => status.models.find((other) => other.name === model.name)?.held ?? 0),
  }));
  // A quota far above all that is held would press the lines to the ground.
  const most = Math.max(1, ...lines.flatMap((line) => line.values));
  for (const line of lines) line.bound = line.bound > most * 4 ? undefined : line.bound;
  drawLines(unit.find("lines"), lines, shownStatuses);
  unit.find("lines").setAttribute("aria-label", `Pages held now: ${
    models.map((model) => `${model.name} ${model.held}`).join(", ")}`);
}

function quotaRow(model) {
  const element = document.createElement("li");
  const name = document.createElement("span");
  name.append(swatch(model.name), model.name);
  const bar = document.createElement("span");
  bar.className = "bar";
  for (const part of ["held", "cached", "quota"]) {
    const piece = document.createElement("i");
    piece.className = part;
    if (part !== "quota") piece.style.background = colourOf(model.name);
    bar.append(piece);
  }
  const note = document.createElement("span");
  note.className = "note";
  element.append(name, bar, note);
  return element;
}

function showModels(unit, status) {
  const { statuses } = unit;
  const [minute, moment] = [lateStatuses, 5].map((seconds) => statuses.at(-1 - Math.min(seconds, statuses.length - 1)));
  keyed(unit.find("models"), status.models, (model) => model.name, modelRow, (row, model) => {
    const { counters } = model;
    const old = (status) => status.models.find((other) => other.name === model.name)?.counters ?? counters;
    const span = Math.max(1, Math.min(5, statuses.length - 1));
    const rate = Math.max(0, counters.generated_tokens - old(moment).generated_tokens) / span;
    const late = (times) => {
      const of = (counters) => counters.times[times];
      return [0.5, 0.9, 0.99].map((part) => quantile(part, of(counters), of(old(minute))));
    };
    const values = [
      model.running, model.waiting, rate ? rate.toFixed(rate < 10 ? 1 : 0) : "0",
      ...late("first_token"), ...late("inter_token"),
    ];
    values.forEach((value, at) => { row.cells[at + 1].textContent = value; });
    row.cells[2].classList.toggle("many", model.waiting > 0);
  });
}

function modelRow(model) {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.append(swatch(model.name), model.name);
  row.append(name);
  for (let at = 0; at < 9; at += 1) row.insertCell();
  return row;
}

/**
 * A quantile of what a histogram counted since an older one of the same bounds, in words. Between bounds values are
 * taken to lie evenly, as Prometheus does.
 */
function quantile(part, now, before) {
  const counts = now.counts.map((count, at) => count - before.counts[at]);
  // Where the model was loaded anew, all that it counted is of this minute.
  const fresh = counts.some((count) => count < 0) ? now.counts : counts;
  const total = fresh.reduce((sum, count) => sum + count, 0);
  if (!total) return "–";
  let left = part * total;
  for (let at = 0; at < fresh.length; at += 1) {
    if (left <= fresh[at] && fresh[at]) {
      const [low, high] = [now.bounds[at - 1] ?? 0, now.bounds[at]];
      return high === undefined ? `> ${duration(low)}` : duration(low + (high - low) * left / fresh[at]);
    }
    left -= fresh[at];
  }
  return "–";
}

function duration(seconds) {
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

function swatch(name) {
  const element = document.createElement("i");
  element.className = "swatch";
  element.style.background = colourOf(name);
  return element;
}

/** Makes `place` have an element for each value, in their order; what stays the same is kept. */
function keyed(place, values, key, build, update = () => {}) {
  const old = new Map([...place.children].map((element) => [element.dataset.key, element]));
  values.forEach((value, at) => {
    const element = old.get(key(value)) ?? build(value);
    element.dataset.key = key(value);
    old.delete(key(value));
    if (place.children[at] !== element) place.insertBefore(element, place.children[at] ?? null);
    update(element, value);
  });
  for (const element of old.values()) element.remove();
}

// Lanes move

let drawn = 0;

function draw(now) {
  requestAnimationFrame(draw);
  if (!watching || offset === undefined || now - drawn < pause) return;
  drawn = now;
  const time = now / 1000 - offset;
  for (const unit of units.values()) {
    for (const { element, passes, running } of unit.lanes.values()) {
      const all = running ? [...passes, { ...running, end: time }] : passes;
      drawLane(element.querySelector("canvas"), all, time, unit.seconds);
    }
  }
}
