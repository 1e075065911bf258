// maps.js: from Gaussians to a map, and from a map to colours. Knows nothing of the page.
//   createMaps({ windows, frame, amplitude }) → {
//     heatmap(windows, last)   Float32Array, row by row, of the frame: the rule of docs/format.md
//     valueAt(windows, x, y, last)   the same at one pixel of the image, without the frame's grid
//   }
//   paint(canvas, map, palette, strength)   colour goes with the value, opacity with its square root
//   readPalette(hex)   256 colours, "rrggbb" each, as bytes
// `windows` of createMaps are { gaussians, fixations, peak }: a Gaussian is [x, y, sigma x, sigma y,
// weight, clip x min, y min, x max, y max] in pixels of the image, and belongs to the fixation of the
// same place in `fixations`. `frame` is a Letterbox. `heatmap` and `valueAt` take numbers of windows,
// and count fixations up to number `last` alone where it is given.

const REACH = 8; // standard deviations beyond which a Gaussian is nothing

function createMaps({ windows, frame, amplitude }) {
  const { width, height, scale, pad_x_px: padX, pad_y_px: padY } = frame;
  const drawn = new Map(); // whole windows, by number
  const growing = new Map(); // windows up to a fixation, which mostly is the one after the last asked

  const top = (sigma) => (amplitude === "mass" ? 1 / (Math.sqrt(2 * Math.PI) * sigma) : 1);

  // One axis of a Gaussian at a place, times the share of a pixel of width `2 * half` within its clip.
  function along(at, centre, sigma, clipMin, clipMax, half) {
    const z = (at - centre) / sigma;
    if (z * z > REACH * REACH) return 0;
    const covered = Math.min(at + half, clipMax - 0.5) - Math.max(at - half, clipMin - 0.5);
    const share = Math.min(Math.max(covered / (2 * half), 0), 1);
    return Math.exp(-0.5 * z * z) * share * top(sigma);
  }

  // The same at the centres of the frame's pixels; `first` is where it begins.
  function profile(centre, sigma, clipMin, clipMax, length, pad) {
    const toFrame = (x) => (x + 0.5) * scale + pad - 0.5;
    const begin = toFrame(Math.max(centre - REACH * sigma, clipMin - 1));
    const end = toFrame(Math.min(centre + REACH * sigma, clipMax));
    const first = Math.max(0, Math.floor(begin));
    const last = Math.min(length - 1, Math.ceil(end));
    const values = new Float32Array(Math.max(last - first + 1, 0));
    for (let n = 0; n < values.length; n += 1) {
      const at = (first + n - pad + 0.5) / scale - 0.5;
      values[n] = along(at, centre, sigma, clipMin, clipMax, 0.5 / scale);
    }
    return { first, values };
  }

  function add(map, [x, y, sigmaX, sigmaY, weight, xMin, yMin, xMax, yMax], peak) {
    const across = profile(x, sigmaX, xMin, xMax, width, padX);
    const down = profile(y, sigmaY, yMin, yMax, height, padY);
    const { length } = across.values;
    for (let n = 0; n < down.values.length; n += 1) {
      const factor = (down.values[n] * weight) / peak;
      const start = (down.first + n) * width + across.first;
      for (let m = 0; m < length; m += 1) map[start + m] += factor * across.values[m];
    }
  }

  const counted = ({ gaussians, fixations, peak }, last, since = -1) =>
    gaussians.filter((_, at) => peak > 0 && fixations[at] > since && fixations[at] <= last);

  function windowMap(number, last) {
    const kept = last === Infinity ? drawn : growing;
    let known = kept.get(number);
    if (!known || known.last > last) known = { map: new Float32Array(width * height), last: -1 };
    const { peak } = windows[number];
    for (const gaussian of counted(windows[number], last, known.last)) add(known.map, gaussian, peak);
    kept.set(number, { map: known.map, last });
    return known.map;
  }

  // Windows are each divided by their maximum at full size, then joined by the larger value.
  function heatmap(numbers, last = Infinity) {
    if (numbers.length === 1) return windowMap(numbers[0], last);
    const joined = new Float32Array(width * height);
    for (const number of numbers) {
      const map = windowMap(number, last);
      for (let at = 0; at < map.length; at += 1) {
        if (map[at] > joined[at]) joined[at] = map[at];
      }
    }
    return joined;
  }

  function valueAt(numbers, x, y, last = Infinity) {
    const values = numbers.map((number) => {
      let sum = 0;
      for (const [cx, cy, sx, sy, weight, x0, y0, x1, y1] of counted(windows[number], last)) {
        sum += weight * along(x, cx, sx, x0, x1, 0.5) * along(y, cy, sy, y0, y1, 0.5);
      }
      return windows[number].peak > 0 ? sum / windows[number].peak : 0;
    });
    return Math.max(0, ...values);
  }

  return { heatmap, valueAt };
}

function readPalette(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
}

function paint(canvas, map, palette, strength) {
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const pixels = picture.data;
  for (let at = 0; at < map.length; at += 1) {
    const share = Math.min(map[at], 1);
    const colour = 3 * Math.round(share * 255);
    pixels[4 * at] = palette[colour];
    pixels[4 * at + 1] = palette[colour + 1];
    pixels[4 * at + 2] = palette[colour + 2];
    pixels[4 * at + 3] = Math.round(255 * strength * Math.sqrt(share));
  }
  context.putImageData(picture, 0, 0);
}
