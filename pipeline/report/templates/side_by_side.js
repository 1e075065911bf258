// side_by_side.js: all plates show the same choice at the same zoom, and the tables the same threshold.
// After room/hub.js, room/maps.js and room/view.js.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const MANY = 60; // fixations of a choice that would hide its heatmap
const STEP = 1.4; // of zoom, by key or button
const PAN_PX = 60; // of the screen, by key
const SVG = "http://www.w3.org/2000/svg";
const palette = readPalette(data.colours);

const plates = all("[data-reading]").map((article, number) => {
  const { windows, fixations, radii_px: radii } = data.plates[number];
  const view = createView(article.querySelector(".plate"), data.size);
  const [heat, edge] = ["heat", "edge"].map((name) => article.querySelector(`.${name}`));
  for (const layer of [heat, edge]) view.place(layer, data.frame);
  const circles = fixations.map(([x, y], at) => {
    const circle = document.createElementNS(SVG, "circle");
    Object.entries({ cx: x, cy: y, r: radii[at] }).forEach(([name, value]) => circle.setAttribute(name, value));
    article.querySelector(".fixations").append(circle);
    return circle;
  });
  const maps = createMaps({ windows, frame: data.frame, amplitude: data.amplitude });
  return { article, view, heat, edge: edge.firstElementChild, circles, windows, maps };
});

// ---- One look for all ----

for (const { view } of plates) {
  view.on("look", (look) => plates.forEach((other) => other.view !== view && other.view.show(look)));
}
const { view: leader } = plates[0];
byId("in").addEventListener("click", () => leader.zoomBy(STEP));
byId("out").addEventListener("click", () => leader.zoomBy(1 / STEP));
byId("fit").addEventListener("click", () => leader.fit());

const KEYS = {
  "+": () => leader.zoomBy(STEP),
  "=": () => leader.zoomBy(STEP),
  "-": () => leader.zoomBy(1 / STEP),
  0: () => leader.fit(),
};
const PANS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.shiftKey && PANS[event.key] && !event.target.closest("input")) {
    leader.panBy(...PANS[event.key].map((way) => way * PAN_PX));
  } else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

// ---- What is chosen ----

let chosen = null;
const threshold = () => data.thresholds[Number(byId("threshold").value)];

function choose(key, byHand) {
  chosen = key;
  byId(key).checked = true;
  byId("said").textContent = data.choices[key].said;
  all("[data-of]").forEach((one) => { one.hidden = one.dataset.of !== key; });
  all("[data-inspector]").forEach((link) => { link.hash = key; });
  plates.forEach((plate, number) => {
    const numbers = data.choices[key].windows[number];
    const ellipses = data.choices[key].ellipses[number];
    const lit = new Set(numbers.flatMap((window) => plate.windows[window].fixations));
    plate.map = plate.maps.heatmap(numbers);
    paint(plate.heat, plate.map, palette, data.strength);
    plate.circles.forEach((circle, at) => circle.classList.toggle("off", !lit.has(at)));
    plate.article.classList.toggle("many", lit.size > MANY);
    all("[data-ellipse]", plate.article).forEach((ellipse) => {
      ellipse.classList.toggle("off", !ellipses.includes(Number(ellipse.dataset.ellipse)));
    });
  });
  cut();
  if (byHand) history.replaceState(null, "", `#${key}`);
}

// ---- The threshold: numbers that Python worked out, and the outline of what they compare ----

function cut() {
  const at = Number(byId("threshold").value);
  const text = threshold().toFixed(2);
  byId("above").textContent = text;
  byId("threshold").setAttribute("aria-valuetext", text);
  const { iou, mean } = data.choices[chosen];
  const table = document.querySelector(`[data-of="${chosen}"] [data-kind=iou]`);
  if (table) {
    table.querySelector("b").textContent = written(mean[at]);
    all("[data-pair]", table).forEach((cell) => {
      const [row, column] = cell.dataset.pair.split(" ").map(Number);
      cell.textContent = written(iou[at][row][column]);
      cell.className = shade(iou[at][row][column]);
    });
  }
  for (const { edge, map } of plates) edge.setAttribute("d", outline(map, threshold()));
}

const written = (value) => (value === null ? "–" : value.toFixed(2));
const shade = (value) => (value === null ? "" : `v${Math.floor(Math.max(value, 0) * 10)}`);

// The sides that pixels above the threshold share with those that are not: the edge of what is compared.
function outline(map, limit) {
  const { width } = data.frame;
  const sides = [];
  map.forEach((value, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const inside = value > limit;
    if (x > 0 && inside !== map[at - 1] > limit) sides.push(`M${x} ${y}v1`);
    if (y > 0 && inside !== map[at - width] > limit) sides.push(`M${x} ${y}h1`);
  });
  return sides.join("");
}

// ---- Hands on the page ----

all(".under, .threshold").forEach((controls) => { controls.hidden = false; });
all("input[name=choice]").forEach((one) => {
  one.addEventListener("change", () => choose(one.value, true));
});
all("[data-layer]").forEach((box) => {
  box.addEventListener("change", () => {
    all(`.plane .${box.dataset.layer}`).forEach((layer) => layer.classList.toggle("off", !box.checked));
  });
});
byId("threshold").addEventListener("input", cut);
for (const name of ["pointerover", "pointerout"]) {
  document.addEventListener(name, (event) => {
    const pair = event.target.closest?.("[data-pair]")?.dataset.pair.split(" ") || [];
    for (const number of pair) plates[number].article.classList.toggle("pair", name === "pointerover");
  });
}

const start = () => {
  const named = decodeURIComponent(location.hash.slice(1));
  const checked = document.querySelector("input[name=choice]:checked").value;
  choose(Object.hasOwn(data.choices, named) ? named : checked, false);
};
addEventListener("hashchange", start);
window.abreast = { data, plates };
start();
