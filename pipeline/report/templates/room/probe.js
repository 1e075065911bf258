// probe.js: the values under the pointer, of the image as it is: neither zoom nor window change them.
//   valuesAt([x, y])   what is known of a pixel of the image, as a sentence
//   levels   of the radiograph (levels.js), or null

let pointer = null; // the last event of it over the plate
const levels = picture && view && createLevels(picture, byId("greys"));

// The pixel of a frame in which a pixel of the image lies.
function inFrame([x, y], { scale, pad_x_px: padX, pad_y_px: padY, width, height }) {
  const to = (at, pad, side) => Math.min(Math.max(Math.floor((at + 0.5) * scale + pad), 0), side - 1);
  return [to(x, padX, width), to(y, padY, height)];
}

// Of the fixations shown whose circle holds the place, that whose centre is nearest.
function fixationAt([x, y]) {
  let [nearest, least] = [null, Infinity];
  for (const [circle, [number]] of ofKind("fixation")) {
    if (circle.tagName !== "circle" || circle.classList.contains("later")) continue;
    const distance = Math.hypot(circle.cx.baseVal.value - x, circle.cy.baseVal.value - y);
    if (distance <= circle.r.baseVal.value && distance < least) [nearest, least] = [number, distance];
  }
  return nearest;
}

function valuesAt([x, y]) {
  const said = [`x ${x}, y ${y} px`];
  if (levels) {
    const grey = levels.greyAt(inFrame([x, y], data.picture_frame));
    const shown = levels.shown(grey);
    said.push(shown === grey ? `grey ${grey}` : `grey ${grey}, shown ${shown}`);
  }
  const last = byId("grow").checked ? lastFixation : Infinity;
  said.push(`map ${maps.valueAt(room.selected.windows, x, y, last).toFixed(3)}`);
  room.emit("values", { x, y, said });
  const number = fixationAt([x, y]);
  if (number !== null) {
    const [onset, offset] = data.fixations[number];
    said.push(`fixation ${number}: at ${seconds(onset)} for ${seconds(offset - onset)}`);
  }
  return said.join(" · ");
}

function showValues(pixel) {
  byId("probe").hidden = !pixel;
  if (pixel) byId("probe").textContent = valuesAt(pixel);
}

function valuesInTheMiddle() {
  const { x, y } = view.look();
  const pixel = [Math.round(x), Math.round(y)];
  showValues(pixel);
  byId("said").textContent = valuesAt(pixel);
}

// The values are those under the pointer now, whatever has moved beneath it.
function follow(event) {
  pointer = event;
  showValues(pointer && view.at(pointer));
}

if (view) {
  const refresh = () => pointer && follow(pointer);
  view.on("hover", follow);
  view.on("leave", () => follow(null));
  view.on("look", refresh);
  levels?.on("change", refresh);
  for (const name of ["select", "time"]) room.on(name, refresh);
  byId("plate").addEventListener("click", follow); // fingers do not hover
}
