// save.js: what the plate shows, as a file at the size of the image: SVG, or PNG made of it.
//   saveAs(kind)   "svg" or "png"

const KEPT = ["fill", "stroke", "stroke-dasharray", "stroke-linejoin", "opacity", "paint-order", "font-weight"];
const SVG = "image/svg+xml";
const FONT = "system-ui, sans-serif";

// A copy of the marks that are seen, with the looks that the style sheet gives them.
function copyMarks(one, perPx) {
  const style = getComputedStyle(one);
  if (style.display === "none") return null;
  const copy = one.cloneNode(false);
  ["class", "id", "style", ...Object.keys(one.dataset).map((name) => `data-${name}`)]
    .forEach((name) => copy.removeAttribute(name));
  if (!one.children.length) {
    KEPT.forEach((name) => copy.setAttribute(name, style.getPropertyValue(name)));
    const scaled = (text) => text.replace(/[\d.]+(px)?/g, (size) => parseFloat(size) * perPx);
    copy.setAttribute("stroke-width", scaled(style.strokeWidth));
    if (style.strokeDasharray !== "none") copy.setAttribute("stroke-dasharray", scaled(style.strokeDasharray));
    if (one.tagName === "text") copy.setAttribute("font-family", FONT);
    copy.textContent = one.textContent;
  } else if (style.opacity !== "1") copy.setAttribute("opacity", style.opacity);
  copy.append(...[...one.children].map((child) => copyMarks(child, perPx)).filter(Boolean));
  return copy;
}

function placed(address, { scale, pad_x_px: padX, pad_y_px: padY, width, height }, filter = "") {
  const [w, h] = [width / scale, height / scale];
  return `<image href="${address}" x="${-padX / scale}" y="${-padY / scale}" width="${w}" height="${h}" preserveAspectRatio="none"${filter}/>`;
}

function asSvg() {
  const [height, width] = data.size;
  const perPx = width / byId("plate").querySelector(".plane").getBoundingClientRect().width * view.look().zoom;
  const marks = new XMLSerializer().serializeToString(copyMarks(byId("marks").firstElementChild, perPx));
  const greys = new XMLSerializer().serializeToString(byId("greys"));
  const text = document.createElement("p");
  text.textContent = `${document.title}. ${byId("said").textContent} ${document.querySelector(".notice").textContent}`;
  const parts = [`<rect width="${width}" height="${height}"/>`, greys];
  const isSeen = (layer) => layer && getComputedStyle(layer).display !== "none" && byId("plate").contains(layer);
  if (picture) {
    const filter = byId("screen").classList.contains("windowed") ? ' filter="url(#greys)"' : "";
    parts.push(placed(picture.src, data.picture_frame, filter));
  }
  if (isSeen(canvas)) parts.push(placed(canvas.toDataURL(), data.frame));
  if (isSeen(network.canvas)) parts.push(placed(network.canvas.toDataURL(), networks[network.shown].frame));
  const { namespaceURI } = byId("marks");
  return `<svg xmlns="${namespaceURI}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n<desc>${text.innerHTML}</desc>\n${[...parts, marks].join("\n")}\n</svg>\n`;
}

async function asPng(svg) {
  const [height, width] = data.size;
  const image = new Image(width, height);
  image.src = `data:${SVG};charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  sheet.getContext("2d").drawImage(image, 0, 0, width, height);
  return new Promise((done) => { sheet.toBlob(done, "image/png"); });
}

async function saveAs(kind) {
  const svg = asSvg();
  const content = kind === "svg" ? new Blob([svg], { type: SVG }) : await asPng(svg);
  const link = document.createElement("a");
  link.download = `${document.title}-${room.selected.choice}.${kind}`;
  link.href = URL.createObjectURL(content);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

for (const kind of ["png", "svg"]) byId(`save-${kind}`)?.addEventListener("click", () => saveAs(kind));
