// What is drawn: lanes in time, and lines. Colours are those of the style sheet.

const colours = new Map();
const palette = 8;

/** A model's colour, the same wherever it is shown. */
export function colourOf(name) {
  if (!colours.has(name)) colours.set(name, `var(--m${colours.size % palette})`);
  return colours.get(name);
}

// A canvas knows no variables: an element that nobody sees says what they are now.
const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);
let resolved = new Map();

export function forgetColours() { resolved = new Map(); }

function resolve(colour) {
  if (!resolved.has(colour)) {
    probe.style.color = colour;
    resolved.set(colour, getComputedStyle(probe).color);
  }
  return resolved.get(colour);
}

/** A canvas made empty and as large as it is shown, in pixels of the device; `undefined` while it is not seen. */
function blank(canvas) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (!width || !height) return undefined;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  return { context, width, height, scale };
}

/** How solid each kind of pass is. */
const phases = { prefill: 1, both: 0.72, decode: 0.45 };

/**
 * Draws the passes of a lane from `now - seconds` to `now`.
 *
 * A column of pixels is as full as the lane was busy in its time, with the models on top of each other; a pass that is
 * wider than a column is a block. Columns stand at fixed times, so that they do not flicker while they move.
 *
 * @param {{model: string, phase: string, start: number, end: number}[]} passes in the order of their ends
 */
export function drawLane(canvas, passes, now, seconds) {
  const page = blank(canvas);
  if (!page) return;
  const { context, width, height, scale } = page;
  const column = Math.max(1, Math.round(scale));
  const count = Math.ceil(width / column) + 1;
  const span = seconds * column / width;
  const last = Math.floor(now / span);
  const first = last - count + 1;

  // Seconds of each kind of pass in each column.
  const kinds = new Map();
  for (const pass of passes) {
    if (pass.end < first * span) continue;
    const kind = `${pass.model}\n${pass.phase}`;
    if (!kinds.has(kind)) kinds.set(kind, new Float64Array(count));
    const busy = kinds.get(kind);
    const end = Math.min(pass.end, now);
    for (let at = Math.max(first, Math.floor(pass.start / span)); at <= last && at * span < end; at += 1) {
      busy[at - first] += Math.min(end, (at + 1) * span) - Math.max(pass.start, at * span);
    }
  }

  const tops = new Float64Array(count).fill(height);
  const shift = (now / span - last) * column;
  for (const [kind, busy] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [model, phase] = kind.split("\n");
    context.fillStyle = resolve(colourOf(model));
    context.globalAlpha = phases[phase] ?? 1;
    for (let at = 0; at < count; at += 1) {
      if (!busy[at]) continue;
      // The column of this moment is not over yet.
      const part = at === count - 1 ? Math.max(1e-9, now - last * span) : span;
      const size = Math.min(tops[at], height * Math.min(1, busy[at] / part));
      const x = Math.round(width - shift - (count - 1 - at) * column);
      tops[at] -= size;
      context.fillRect(x, tops[at], at === count - 1 ? width - x : column, size);
    }
  }
  context.globalAlpha = 1;
}

/**
 * Draws lines of values a second apart, the newest at the right, each with a dashed line of its bound, if it has one.
 *
 * @param {{colour: string, values: number[], bound?: number}[]} lines
 */
export function drawLines(canvas, lines, count) {
  const page = blank(canvas);
  if (!page) return;
  const { context, width, height, scale } = page;
  const most = Math.max(1, ...lines.flatMap((line) => [...line.values, line.bound ?? 0])) * 1.06;
  const y = (value) => (height - scale) * (1 - value / most);
  context.lineWidth = 1.5 * scale;
  context.lineJoin = "round";
  for (const { colour, values, bound } of lines) {
    context.strokeStyle = resolve(colour);
    if (bound !== undefined) {
      context.setLineDash([3 * scale, 4 * scale]);
      context.beginPath();
      context.moveTo(0, y(bound));
      context.lineTo(width, y(bound));
      context.stroke();
      context.setLineDash([]);
    }
    context.beginPath();
    values.forEach((value, at) => context.lineTo(width * (1 - (values.length - 1 - at) / (count - 1)), y(value)));
    context.stroke();
  }
}
