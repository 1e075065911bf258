// layers.js: what lies over the radiograph, and what of it stands out.
//   view   of the plate (view.js); null where the size of the image is unknown
//   maps   of the reading (maps.js); likewise
//   look   { palette, strength }, as the controls have them; room.on("look", …) after they change
//   drawMap()   paints the heatmap of what is chosen, up to the moment shown where it grows with time

const MANY = 60; // fixations of a choice that would hide its heatmap
const canvas = byId("heat");
const picture = byId("picture");
const maps = canvas && createMaps(data);
const view = canvas && createView(byId("plate"), data.size);
const palettes = Object.fromEntries(
  Object.entries(data.colours).map(([name, hex]) => [name, readPalette(hex)]),
);
const look = { palette: palettes[byId("colours").value], strength: data.strength };
let lastFixation = Infinity; // that the map counts
let painted = "";

if (view) {
  view.place(canvas, data.frame);
  if (picture) view.place(picture, data.picture_frame);
}

function drawMap() {
  const { windows, said } = room.selected;
  const last = byId("grow").checked ? lastFixation : Infinity;
  const wanted = [windows, last, byId("colours").value, look.strength].join(" ");
  if (!canvas || wanted === painted) return;
  painted = wanted;
  paint(canvas, maps.heatmap(windows, last), look.palette, look.strength);
  canvas.setAttribute("aria-label", `Heatmap. ${said}`);
}

room.on("select", drawMap);
room.on("look", drawMap);
room.on("time", ({ last, over }) => {
  lastFixation = over ? Infinity : last;
  drawMap();
});
byId("grow").addEventListener("change", drawMap);

// ---- What stands out: lit is what belongs to the choice, picked the thing itself ----

room.on("select", ({ windows, fixations, ellipses, choice, picked }) => {
  const chosen = { window: windows, fixation: fixations, ellipse: ellipses };
  for (const kind of SINGLE) {
    const [lit, own] = [new Set(chosen[kind]), new Set(picked[kind])];
    for (const [one, numbers] of ofKind(kind)) {
      one.classList.toggle("lit", numbers.some((number) => lit.has(number)));
      one.classList.toggle("picked", numbers.some((number) => own.has(number)));
    }
  }
  for (const [one, [number]] of ofKind("step")) one.classList.toggle("lit", fixations.includes(number));
  for (const [one, [number]] of ofKind("sentence")) {
    one.classList.toggle("lit", choice === `sentence-${number}`);
  }
  showIn(byId("panel"), byId("panel").querySelector("li.picked, .text .picked, :checked"));
  document.body.classList.toggle("some", windows.length > 0);
  document.body.classList.toggle("many", fixations.length > MANY);
});

// Scroll a box, and nothing around it, so that something inside is seen.
function showIn(box, one) {
  const [around, inside] = [box, one].map((element) => element.getBoundingClientRect());
  if (inside.top < around.top) box.scrollTop -= around.top - inside.top + inside.height;
  if (inside.bottom > around.bottom) box.scrollTop += inside.bottom - around.bottom + inside.height;
}

// ---- The controls ----

all("[data-layer]").forEach((one) => {
  one.addEventListener("change", () => {
    byId(one.dataset.layer)?.classList.toggle("off", !one.checked);
    room.emit("layers");
  });
});

function setLook() {
  look.palette = palettes[byId("colours").value];
  look.strength = Number(byId("opacity").value) / 100;
  paint(byId("scale"), Float32Array.from({ length: 256 }, (_, n) => n / 255), look.palette, 1);
  room.emit("look");
}
for (const id of ["colours", "opacity"]) byId(id).addEventListener("input", setLook);
