// levels.js: window and level of a radiograph: which greys of the file the screen spreads.
//   createLevels(picture, filter) → {
//     set({ low, high, inverted })   greys of the picture (0 to 255) that become black and white
//     range()   the same, of now
//     preset(name)   "filed", "lung", "soft" or "bone": shares of the picture's own greys
//     drag(dx, dy)   width of the window by dx, its level by dy
//     greyAt([x, y])   of a pixel of the picture; shown(grey)   what the screen makes of it
//     on("change", (range) => …)
//   }
// `filter` is an SVG filter of three linear functions, which pictures take by CSS.

const PRESETS = { filed: null, lung: [0.01, 0.6], soft: [0.3, 0.97], bone: [0.6, 0.999] };
const NARROWEST = 4; // greys

function createLevels(image, filter) {
  const { on, emit } = createHub();
  let [low, high, inverted] = [0, 255, false];
  let greys = null;

  // Read at the first need: it takes a moment.
  function read() {
    if (greys) return greys;
    const { naturalWidth: width, naturalHeight: height } = image;
    const sheet = Object.assign(document.createElement("canvas"), { width, height });
    const context = sheet.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, width, height);
    greys = new Uint8Array(width * height);
    for (let at = 0; at < greys.length; at += 1) greys[at] = pixels[4 * at];
    return greys;
  }

  function set(wanted) {
    ({ low, high, inverted } = { ...range(), ...wanted });
    high = Math.max(high, low + NARROWEST);
    const slope = 255 / (high - low);
    const [gain, start] = inverted ? [-slope, (high * slope) / 255] : [slope, (-low * slope) / 255];
    for (const channel of filter.querySelectorAll("feFuncR, feFuncG, feFuncB")) {
      channel.setAttribute("slope", gain);
      channel.setAttribute("intercept", start);
    }
    emit("change", range());
  }

  function range() {
    return { low, high, inverted };
  }

  // Black borders and white letters are no part of the patient.
  function preset(name) {
    const counts = new Array(256).fill(0);
    if (!PRESETS[name]) return set({ low: 0, high: 255 });
    for (const grey of read()) counts[grey] += 1;
    [counts[0], counts[255]] = [0, 0];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const [from, to] = PRESETS[name].map((share) => {
      let sum = 0;
      return counts.findIndex((count) => (sum += count) >= share * total);
    });
    return set({ low: from, high: to });
  }

  function drag(dx, dy) {
    const level = (low + high) / 2 + dy / 2;
    const width = Math.max(high - low + dx, NARROWEST);
    set({ low: level - width / 2, high: level + width / 2 });
  }

  function greyAt([x, y]) {
    return read()[y * image.naturalWidth + x];
  }

  function shown(grey) {
    const share = Math.min(Math.max((grey - low) / (high - low), 0), 1);
    return Math.round(255 * (inverted ? 1 - share : share));
  }

  return { set, range, preset, drag, greyAt, shown, on };
}
