// layers.js: what lies over the radiograph, and what of it stands out.
//   view   of the plate (view.js); null where the size of the image is unknown
//   maps   of the reading (maps.js); likewise
//   drawMap()   paints the heatmap of what is chosen

const MANY = 60; // fixations of a choice that would hide its heatmap
const canvas = byId("heat");
const maps = canvas && createMaps(data);
const view = canvas && createView(byId("plate"), data.size);
const palette = readPalette(data.colours);

if (view) {
  view.place(canvas, data.frame);
  const picture = document.querySelector("#plate img");
  if (picture) view.place(picture, data.picture_frame);
}

function drawMap() {
  if (!canvas) return;
  paint(canvas, maps.heatmap(room.selected.windows), palette, data.strength);
  canvas.setAttribute("aria-label", `Heatmap. ${room.selected.said}`);
}

room.on("select", drawMap);

room.on("select", ({ windows, fixations, ellipses, choice }) => {
  const light = (name, isLit) => all(`[data-${name}]`).forEach((one) => {
    one.classList.toggle("lit", isLit(one.dataset[name]));
  });
  const drawn = new Set(fixations);
  light("window", (number) => windows.includes(Number(number)));
  light("windows", (number) => windows.includes(Number(number)));
  light("sentences", (number) => choice === `sentence-${number}`);
  light("ellipse", (number) => ellipses.includes(Number(number)));
  light("fixation", (number) => drawn.has(Number(number)));
  light("fixations", (number) => drawn.has(Number(number)));
  document.body.classList.toggle("some", windows.length > 0);
  document.body.classList.toggle("many", fixations.length > MANY);
});

all("[data-layer]").forEach((one) => {
  one.addEventListener("change", () => {
    byId(one.dataset.layer)?.classList.toggle("off", !one.checked);
  });
});
