// network.js: a network's map over or beside the gaze map, and its probability.
// The page's data may hold
//   networks: [{ name, frame, labels: { <label>: { probability, map } } }]
// `frame` is where the image lies in its maps (height, width, scale, pad_x_px, pad_y_px, as `frame` of the
// gaze), `map` a grey PNG of that size as a data address, where 255 is 1, or null;
// `probability` is a number from 0 to 1, or null. The label shown is the first of what is chosen; a map
// of no label, whose key is "", is of the whole image, and is shown whatever is chosen.
//   blink()   between the gaze and the network that was shown last

const networks = (view && data.networks) || [];
const network = { canvas: null, beside: null, shown: 0, wanted: null, maps: new Map() };

// A grey picture as a map, 0 to 1.
async function readMap(address, { width, height }) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const context = sheet.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data: pixels } = context.getImageData(0, 0, width, height);
  return Float32Array.from({ length: width * height }, (_, at) => pixels[4 * at] / 255);
}

function answerOf({ labels }) {
  const label = ["", ...room.selected.labels].find((name) => Object.hasOwn(labels, name));
  return { label, ...labels[label] };
}

// What a network thinks probable: the label, or all that it knows where its map is of none.
function probabilities({ name, labels }, { label, map }) {
  if (label === undefined) return `${name} says nothing of what is chosen.`;
  const told = label === "" ? Object.keys(labels).filter(Boolean) : [label];
  const numbers = told.map((one) => `${one} ${labels[one].probability?.toFixed(2) ?? "–"}`);
  const text = [name, numbers.join(", ")].filter(Boolean).join(": ");
  return map ? text : `${text}; no map of it`;
}

async function drawNetwork() {
  const one = networks[network.shown];
  if (!one) return;
  const answer = answerOf(one);
  const { label, map: address } = answer;
  const isBeside = byId("side-by-side").checked;
  const isOver = !isBeside && byId("map-of").value !== "";
  byId("probability").textContent = probabilities(one, answer);
  canvas.classList.toggle("away", isOver);
  network.canvas.classList.toggle("away", !isOver && !isBeside);
  byId("screen").classList.toggle("two", isBeside);
  if (isBeside) putBeside();
  else byId("heat").after(network.canvas);
  network.canvas.setAttribute("aria-label", `Map of ${one.name}${label ? `, ${label}` : ""}`);
  network.wanted = address;
  if (address && !network.maps.has(address)) network.maps.set(address, await readMap(address, one.frame));
  if (network.wanted !== address) return; // something else was chosen while the picture was read
  Object.assign(network.canvas, { width: one.frame.width, height: one.frame.height });
  view.place(network.canvas, one.frame);
  if (address) paint(network.canvas, network.maps.get(address), look.palette, look.strength);
}

// A second plate with the same radiograph, moved as the first.
function putBeside() {
  if (!network.beside) {
    const plate = Object.assign(document.createElement("div"), { className: "plate", id: "other-plate" });
    const plane = Object.assign(document.createElement("div"), { className: "plane" });
    plate.append(plane);
    if (picture) {
      const copy = picture.cloneNode();
      copy.removeAttribute("id");
      plane.append(copy);
    }
    byId("screen").append(plate);
    const other = createView(plate, data.size);
    view.on("look", other.show);
    other.on("look", view.show);
    other.show(view.look());
    network.beside = plane;
  }
  network.beside.append(network.canvas);
}

function blink() {
  const choice = byId("map-of");
  choice.value = choice.value === "" ? String(network.shown) : "";
  drawNetwork();
}

if (networks.length) {
  byId("compare").hidden = false;
  networks.forEach(({ name }, n) => byId("map-of").add(new Option(name, n)));
  network.canvas = Object.assign(document.createElement("canvas"), { id: "network" });
  network.canvas.setAttribute("role", "img");
  byId("map-of").addEventListener("change", () => {
    if (byId("map-of").value !== "") network.shown = Number(byId("map-of").value);
    drawNetwork();
  });
  byId("side-by-side").addEventListener("change", drawNetwork);
  for (const name of ["select", "look"]) room.on(name, drawNetwork);
  room.on("layers", () => {
    network.canvas.classList.toggle("off", canvas.classList.contains("off"));
  });
  room.on("values", ({ x, y, said }) => {
    const one = networks[network.shown];
    const map = network.maps.get(answerOf(one).map);
    const [column, row] = inFrame([x, y], one.frame);
    if (map) said.push(`${one.name} ${map[row * one.frame.width + column].toFixed(3)}`);
  });
}
