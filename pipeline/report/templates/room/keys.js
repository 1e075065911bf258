// keys.js: keys that work anywhere on the page, and the list of them under "?".
//   addKey(key, words, action, within)   `key` as KeyboardEvent.key has it, a letter in small; `words` say what
//     it does; `action` takes 1, or −1 where Shift is held; `within` is what must have the focus, if anything

const TAKES_SPACE = "a, button, summary, input[type=checkbox]"; // for itself, when in focus
const TAKES_ALL = "select, textarea, input:not([type=radio], [type=checkbox], [type=range])";
const NAMES = { " ": "Space", ArrowLeft: "← →", ArrowUp: "↑ ↓", Escape: "Esc" };
const keys = new Map();

function addKey(key, words, action, within = null) {
  keys.set(key, { words, action, within });
  if (!words) return;
  const [row, term, does, name] = ["div", "dt", "dd", "kbd"].map((tag) => document.createElement(tag));
  name.textContent = NAMES[key] || key;
  does.textContent = words;
  term.append(name);
  row.append(term, does);
  byId("keys-list").append(row);
}

document.addEventListener("keydown", (event) => {
  const found = keys.get(event.key) || keys.get(event.key.toLowerCase());
  const { target } = event;
  if (!found || event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  if (target.closest(TAKES_ALL) || (event.key === " " && target.closest(TAKES_SPACE))) return;
  if (found.within && target !== found.within) return;
  if (event.key.length === 1 && event.key !== " " && !byId("letters").checked) return;
  event.preventDefault();
  found.action(event.shiftKey ? -1 : 1);
});

byId("show-keys").addEventListener("click", () => byId("keys").showModal());

// Whoever speaks to the computer, or strikes keys unseen, can do without keys of one letter, on all pages.
const LETTERS = "gazescribe letters";
try {
  byId("letters").checked = localStorage.getItem(LETTERS) !== "off";
} catch { /* a browser that keeps nothing for files */ }
byId("letters").addEventListener("change", (event) => {
  try {
    localStorage.setItem(LETTERS, event.target.checked ? "on" : "off");
  } catch { /* likewise */ }
});

function goTo(rel) {
  document.querySelector(`a[rel=${rel}]`)?.click();
}

function press(selector) {
  document.querySelector(selector)?.click();
}

function nextOption(id, by) {
  const list = byId(id);
  list.selectedIndex = (list.selectedIndex + by + list.length) % list.length;
  list.dispatchEvent(new Event("input"));
}

function changeOpacity(by) {
  byId("opacity").value = Number(byId("opacity").value) + by;
  byId("opacity").dispatchEvent(new Event("input"));
}

addKey(" ", "play and pause", clock.toggle);
addKey("p", "play the windows of what is chosen", () => press("#play-window"));
addKey("<", "slower", () => clock.faster(-1));
addKey(">", "faster", () => clock.faster(1));
addKey("g", "map grows with time, or is whole", () => press("#grow"));
addKey("s", "next sentence; Shift: before", (by) => room.step("sentence", by));
addKey("l", "next label; Shift: before", (by) => room.step("label", by));
addKey("w", "next word; Shift: before", (by) => room.step("word", by));
addKey("m", "next mention; Shift: before", (by) => room.step("mention", by));
addKey("d", "next window; Shift: before", (by) => room.step("window", by));
addKey("x", "next fixation; Shift: before", (by) => room.step("fixation", by));
addKey("e", "next ellipse; Shift: before", (by) => room.step("ellipse", by));
addKey("r", "next reading; Shift: before", (by) => goTo(by > 0 ? "next" : "prev"));
addKey("Escape", "choose nothing", () => room.select("choice", "nothing", true));
addKey("h", "heatmap on and off", () => press("[data-layer=heat]"));
addKey("t", "scan path on and off", () => press("[data-layer=path]"));
addKey("c", "next colours; Shift: before", (by) => nextOption("colours", by));
addKey("[", "heatmap more transparent", () => changeOpacity(-10));
addKey("]", "heatmap less transparent", () => changeOpacity(10));
if (networks.length) addKey("b", "blink: the network's map, or that of the gaze", blink);
if (view) {
  addKey("+", "larger", () => view.zoomBy(ZOOM));
  addKey("=", "", () => view.zoomBy(ZOOM));
  addKey("-", "smaller", () => view.zoomBy(1 / ZOOM));
  addKey("0", "fit", view.fit);
  addKey("v", "say the values in the middle of the radiograph", valuesInTheMiddle);
  const plate = byId("plate");
  addKey("ArrowLeft", "on the radiograph: move it, or set the width of its window", () => arrow(-1, 0), plate);
  addKey("ArrowRight", "", () => arrow(1, 0), plate);
  addKey("ArrowUp", "on the radiograph: move it, or set the level of its window", () => arrow(0, -1), plate);
  addKey("ArrowDown", "", () => arrow(0, 1), plate);
}
if (levels) {
  ["filed", "lung", "soft", "bone"].forEach((name, n) => {
    const { textContent: words } = byId("window").options[n];
    addKey(String(n + 1), `window: ${words}`, () => chooseWindow(name));
  });
  addKey("i", "inverted, or not", () => press("#invert"));
  addKey("a", "dragging moves, or sets the window; Shift: the other", () => press("#drag-windows"));
}
addKey("f", "full screen", toggleFull);
addKey("?", "this list", () => byId("keys").showModal());
