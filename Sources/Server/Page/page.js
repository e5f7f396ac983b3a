// What stands around chat and weave: which of them is seen, and in which colours.
import { memory, askForKey } from "./server.js";
import { startChat } from "./chat.js";
import { startWeave } from "./weave.js";

const root = document.documentElement;

// Views: chat, weave, or both where there is room for them.
const wide = matchMedia("(min-width: 70rem)");
const weave = startWeave();
const views = [...document.querySelectorAll("[data-to]")];

function look(view) {
  const shown = view === "both" && !wide.matches ? "chat" : view;
  root.dataset.view = shown;
  for (const button of views) button.setAttribute("aria-pressed", String(button.dataset.to === shown));
  weave.setWatching(shown !== "chat" && !document.hidden);
}

let view = memory.get("view") ?? "both";
for (const button of views) {
  button.addEventListener("click", () => {
    view = button.dataset.to;
    memory.set("view", view);
    look(view);
  });
}
wide.addEventListener("change", () => look(view));
document.addEventListener("visibilitychange", () => look(view));

// Colours: those of the system, or light, or dark.
const themes = ["system", "light", "dark"];
const themeButton = document.getElementById("theme");

function paint(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  themeButton.textContent = { system: "Auto", light: "Light", dark: "Dark" }[theme];
  themeButton.setAttribute("aria-label", `Colours: ${theme === "system" ? "as the system" : theme}`);
  weave.repaint();
}

let theme = memory.get("theme") ?? "system";
themeButton.addEventListener("click", () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  memory.set("theme", theme);
  paint(theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => weave.repaint());

document.getElementById("key-button").addEventListener("click", async () => {
  if (await askForKey()) location.reload();
});

paint(theme);
look(view);
startChat();
