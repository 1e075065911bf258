
// ---- The gallery of all readings: filtered by the form, whose state is in the address. ----

const OVERSCAN = 2; // rows drawn above and below those on screen

function read_gallery(text) {
  const data = JSON.parse(text);
  const links = new Map();
  for (const link of document.querySelectorAll("#inspected [data-reading]")) {
    links.set(link.dataset.reading, link);
  }
  const pages = new Map();
  for (const link of document.querySelectorAll("[data-image]")) {
    pages.set(link.dataset.image, link.getAttribute("href"));
  }
  const rows = data.rows.map((values) => {
    const row = Object.fromEntries(data.columns.map((name, place) => [name, values[place]]));
    row.labels = row.labels.map(([channel, map, drawn, iou]) => (
      { name: data.channels[channel], key: `label-${channel}`, map, drawn, iou }
    ));
    row.link = links.get(row.reading_id);
    row.image_page = pages.get(row.dicom_id);
    return row;
  });
  return { ...data, rows };
}

// Labels of a reading that a choice is about: all, or the one chosen, found as it says.
function labels_of(row, choice) {
  const found = {
    said: (label) => label.map !== null,
    drawn: (label) => label.drawn,
    both: (label) => label.map !== null && label.drawn,
  }[choice.by] || (() => true);
  return row.labels.filter((label) => found(label) && (!choice.label || label.name === choice.label));
}

function iou_of(row, choice) {
  const known = labels_of(row, choice).map((label) => label.iou).filter((iou) => iou !== null);
  return known.length ? known.reduce((sum, iou) => sum + iou, 0) / known.length : null;
}

function is_chosen(row, choice, quality) {
  if (choice.dataset && row.dataset !== choice.dataset) return false;
  if (choice.split && row.split !== choice.split) return false;
  if (choice.id && !row.reading_id.toLowerCase().includes(choice.id.trim().toLowerCase())) return false;
  if (choice.inspected && !row.link) return false;
  if (choice.quality === "fine" && row.quality.length) return false;
  const remark = quality.indexOf(choice.quality);
  if (remark >= 0 && !row.quality.includes(remark)) return false;
  const labels = labels_of(row, choice.label === "none" ? { by: choice.by } : choice);
  if (choice.label === "none" && labels.length) return false;
  if (choice.label !== "none" && (choice.label || choice.by) && !labels.length) return false;
  const from = parseFloat(choice["iou-from"]), to = parseFloat(choice["iou-to"]);
  const iou = iou_of(row, choice);
  if (from >= 0 && !(iou !== null && iou >= from)) return false;
  return !(to >= 0 && !(iou !== null && iou <= to));
}

const RANKS = {
  iou: (row, choice) => iou_of(row, choice),
  "iou-down": (row, choice) => { const iou = iou_of(row, choice); return iou === null ? null : -iou; },
  off: (row) => (row.share_off_image === null ? null : -row.share_off_image),
  lost: (row) => (row.share_lost === null ? null : -row.share_lost),
  fixations: (row) => row.n_fixations,
  labels: (row) => -row.labels.length,
};

// Those that have no value come last.
function ranked(rows, choice) {
  const rank = RANKS[choice.sort];
  if (!rank) return rows;
  const keys = rows.map((row, place) => ({ row, place, key: rank(row, choice) ?? Infinity }));
  keys.sort((a, b) => (a.key === b.key ? a.place - b.place : a.key - b.key));
  return keys.map(({ row }) => row);
}

function draw_map(gallery, row, text) {
  const canvas = document.createElement("canvas");
  const shape = row.shape;
  canvas.width = shape[1];
  canvas.height = shape[0];
  canvas.setAttribute("aria-hidden", "true");
  const pixels = new ImageData(shape[1], shape[0]);
  [...text].forEach((letter, cell) => {
    pixels.data.set([...gallery.colours[gallery.shades.indexOf(letter)], 255], 4 * cell);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

function add(parent, tag, name, text) {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}

function facts_of(row, choice) {
  const facts = [];
  const iou = iou_of(row, choice);
  if (iou !== null) facts.push(`IoU ${iou.toFixed(3)}`);
  facts.push(`${row.n_fixations.toLocaleString("en")} fixation${row.n_fixations === 1 ? "" : "s"}`);
  if (choice.sort === "off" && row.share_off_image !== null) {
    facts.push(`${percent(row.share_off_image)} off the image`);
  }
  if (choice.sort === "lost" && row.share_lost !== null) facts.push(`${percent(row.share_lost)} lost`);
  return facts.join(" · ");
}

function plate_of(gallery, row, chosen) {
  const picture = row.link?.querySelector("img");
  if (picture && (!chosen || row.link.dataset.label === chosen.name)) return picture.cloneNode();
  const text = row.maps[chosen && chosen.map !== null ? chosen.map : 0];
  if (text) return draw_map(gallery, row, text);
  const absent = document.createElement("span");
  absent.className = "plate-absent";
  absent.textContent = "no gaze";
  return absent;
}

function make_card(gallery, row, choice) {
  const item = document.createElement("li");
  const chosen = row.labels.find((label) => label.name === choice.label);
  const card = document.createElement(row.link ? "a" : "div");
  card.className = row.link ? "card" : "card without";
  if (row.link) {
    const href = row.link.getAttribute("href");
    card.href = chosen ? `${href.split("#")[0]}#${chosen.key}` : href;
  }
  const plate = document.createElement("span");
  plate.className = "plate-small";
  plate.append(plate_of(gallery, row, chosen));
  card.append(plate);
  const names = row.labels.map((label) => label.name).join(", ") || "no label";
  add(card, "span", "card-label", names).title = names;
  add(card, "span", "card-id", row.reading_id).title = row.reading_id;
  add(card, "span", "card-more", [row.dataset, row.split].filter(Boolean).join(", "));
  add(card, "span", "card-more", facts_of(row, choice));
  const remarks = row.quality.map((place) => gallery.quality[place]).join("; ");
  if (remarks) add(card, "span", "card-more remarks", remarks).title = remarks;
  item.append(card);
  if (row.image_page) {
    const compare = add(item, "a", "compare", "side by side");
    compare.href = row.image_page + (chosen ? `#${chosen.key}` : "");
    compare.ariaLabel = `All readings of the image of ${row.reading_id}, side by side`;
  }
  return item;
}

// Only the cards on screen, and a few rows around them, are in the page.
function make_shelf(shelf, gallery) {
  const list = shelf.querySelector("ul");
  const shown = new Map();
  let rows = [], choice = {};

  function measure() {
    const card = list.firstElementChild;
    const style = getComputedStyle(list);
    const gap = parseFloat(style.rowGap) || 0;
    const columns = Math.max(style.gridTemplateColumns.split(" ").length, 1);
    return { columns, pitch: card.offsetHeight + gap };
  }

  function put(place, before) {
    const card = make_card(gallery, rows[place], choice);
    card.setAttribute("aria-setsize", rows.length);
    card.setAttribute("aria-posinset", place + 1);
    list.insertBefore(card, before);
    shown.set(place, card);
    return card;
  }

  function draw() {
    if (!rows.length || !shelf.offsetHeight) return;
    if (!list.firstElementChild) put(0, null);
    const { columns, pitch } = measure();
    const n_lines = Math.ceil(rows.length / columns);
    const above = Math.floor(shelf.scrollTop / pitch) - OVERSCAN;
    const first_line = Math.min(Math.max(above, 0), n_lines - 1);
    const on_screen = Math.ceil(shelf.clientHeight / pitch) + 1 + 2 * OVERSCAN;
    const last_line = Math.min(first_line + on_screen, n_lines);
    const first = first_line * columns, last = Math.min(last_line * columns, rows.length);
    for (const [place, card] of shown) {
      if (place >= first && place < last) continue;
      if (card.contains(document.activeElement)) shelf.focus({ preventScroll: true });
      card.remove();
      shown.delete(place);
    }
    let before = null;
    for (let place = last - 1; place >= first; place--) before = shown.get(place) || put(place, before);
    list.style.paddingTop = `${first_line * pitch}px`;
    list.style.paddingBottom = `${(n_lines - last_line) * pitch}px`;
  }

  shelf.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(draw).observe(shelf);
  return {
    show(chosen_rows, made_choice) {
      [rows, choice] = [chosen_rows, made_choice];
      list.replaceChildren();
      shown.clear();
      shelf.scrollTop = 0;
      list.style.padding = "0";
      draw();
    },
  };
}

function start_gallery() {
  const gallery = read_gallery(document.getElementById("gallery-data").textContent);
  const whole = document.getElementById("all-readings");
  const form = whole.querySelector("form");
  const shelf = make_shelf(whole.querySelector(".shelf"), gallery);
  const status = document.getElementById("n-found");

  function choice_of() {
    return Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  }

  function show() {
    const choice = choice_of();
    const rows = gallery.rows.filter((row) => is_chosen(row, choice, gallery.quality));
    shelf.show(ranked(rows, choice), choice);
    const all = gallery.rows.length.toLocaleString("en");
    status.textContent = `${rows.length.toLocaleString("en")} of ${all} readings`;
  }

  function take_address() {
    const [id, state] = location.hash.slice(1).split("?");
    if (id !== "readings") return;
    form.reset();
    for (const [name, value] of new URLSearchParams(state || "")) {
      const field = form.elements[name];
      if (field?.type === "checkbox") field.checked = true;
      else if (field) field.value = value;
    }
    show();
  }

  function changed() {
    const state = new URLSearchParams(choice_of()).toString();
    history.replaceState(null, "", state ? `#readings?${state}` : "#readings");
    show();
  }

  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  addEventListener("hashchange", take_address);
  document.getElementById("inspected").hidden = true;
  whole.hidden = false;
  show();
  take_address();
}

start_gallery();
