// choose.js: what the page shows, and what of it is chosen. One state, told to all.
//   data   of the page (see `inspect` in report/inspector.py); byId(id), all(selector)
//   room.select(kind, id, byHand)   choose; `kind` is "choice" (a label, a sentence, all gaze, nothing: the
//     ids of the radio buttons), or "word", "mention", "window", "fixation", "ellipse" with its number
//   room.step(kind, by)   the next (by 1) or the one before (by −1); kind also "label" and "sentence"
//   room.selected   { kind, id, choice, labels, windows, fixations, words, mentions, ellipses, picked,
//     said, span_s }: `choice` is the key of the radio button; what belongs to it follows as numbers;
//     `picked` has those of a single thing that was chosen, by kind
//   room.on("select", (selected) => …)   after each choice; choose.js itself does the panel
//   ofKind(kind)   [[element, numbers], …] of the page: elements of a kind are marked by the attribute
//     data-<kind> (or data-<kind>s on the timeline), and a click on one chooses it
// Other parts of the page tell one another through room.on and room.emit as well.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const SINGLE = ["word", "mention", "window", "fixation", "ellipse"];
const seconds = (value) => `${value.toFixed(2)} s`;

const ofKind = (() => {
  const known = new Map();
  return (kind) => {
    if (!known.has(kind)) {
      const numbers = (one) => (one.dataset[kind] ?? one.dataset[`${kind}s`]).split(" ").map(Number);
      const elements = all(`[data-${kind}], [data-${kind}s]`);
      known.set(kind, elements.map((one) => [one, numbers(one)]));
    }
    return known.get(kind);
  };
})();

const room = createRoom();

function createRoom() {
  const nothing = { labels: [], windows: [], ellipses: [], words: [], mentions: [], said: data.nothing };
  const radios = all("input[name=choice]").map((one) => one.value);
  const hub = createHub();
  const state = { ...hub, select, step, knows, selected: null };

  const ids = {
    word: data.words.map((_, n) => n),
    mention: data.mentions.map((_, n) => n),
    window: data.windows.map((_, n) => n),
    fixation: data.fixations.map((_, n) => n),
    ellipse: Object.keys(data.ellipses).map(Number),
    choice: radios,
    label: radios.filter((key) => key.startsWith("label-")),
    sentence: radios.filter((key) => key.startsWith("sentence-")),
  };

  function knows(kind, id) {
    return Boolean(ids[kind]?.includes(id));
  }

  // The sentence that a thing belongs to, or the label; what is chosen now where it is of neither.
  function choiceOf(kind, id) {
    if (kind === "choice") return id;
    const keys = kind === "ellipse" ? ids.label : [...ids.sentence, ...radios];
    const holds = (key) => data.choices[key]?.[`${kind}s`]?.includes(id);
    return keys.find(holds) ?? document.querySelector("input[name=choice]:checked").value;
  }

  function pickedOf(kind, id) {
    if (kind === "choice") return {};
    if (kind === "mention") return { mention: [id], word: data.mentions[id].words };
    const covering = ids.mention.filter((n) => kind === "word" && data.mentions[n].words.includes(id));
    return { [kind]: [id], mention: covering };
  }

  function describe(kind, id, choice) {
    if (kind === "word") {
      const [onset, offset, text] = data.words[id];
      return { said: `“${text}”, ${seconds(onset)} to ${seconds(offset)}. ${choice.said}`, span_s: [onset, offset] };
    }
    if (kind === "mention") {
      const { label, polarity, text, span_s: span } = data.mentions[id];
      return { said: `Mention “${text}”: ${label}, ${polarity}. ${choice.said}`, span_s: span };
    }
    if (kind === "window") {
      const { start_s: start, end_s: end, fixations } = data.windows[id];
      const said = `Window ${seconds(start)} to ${seconds(end)}, ${fixations.length} fixations. ${choice.said}`;
      return { said, span_s: [start, end], windows: [id] };
    }
    if (kind === "fixation") {
      const [onset, offset, x, y] = data.fixations[id];
      const place = `x ${x.toFixed(0)}, y ${y.toFixed(0)} px`;
      const said = `Fixation ${id}: at ${seconds(onset)} for ${seconds(offset - onset)}, ${place}.`;
      return { said, span_s: [onset, offset] };
    }
    if (kind === "ellipse") {
      return { said: `Ellipse ${id}: ${data.ellipses[id].join(", ")}. ${choice.said}` };
    }
    return {};
  }

  function select(kind, id, byHand = false) {
    const key = choiceOf(kind, id);
    const choice = data.choices[key] || nothing;
    const selected = { ...choice, kind, id, choice: key, picked: pickedOf(kind, id) };
    Object.assign(selected, describe(kind, id, choice));
    const fixations = selected.windows.flatMap((number) => data.windows[number].fixations);
    selected.fixations = [...new Set(fixations)];
    state.selected = selected;
    if (byHand) history.replaceState(null, "", `#${kind === "choice" ? id : `${kind}-${id}`}`);
    hub.emit("select", selected);
  }

  // From what is chosen to its neighbour; else to the first of the kind that belongs to what is chosen.
  function step(kind, by) {
    const among = ids[kind];
    const { selected } = state;
    const isChoice = kind === "label" || kind === "sentence";
    const now = among.indexOf(isChoice ? selected.choice : selected.kind === kind ? selected.id : null);
    const near = among.indexOf(selected[`${kind}s`]?.[0]);
    const next = now < 0 ? Math.max(near, 0) : Math.min(Math.max(now + by, 0), among.length - 1);
    if (among.length) select(isChoice ? "choice" : kind, among[next], true);
  }

  return state;
}

// ---- The panel ----

room.on("select", ({ choice, said }) => {
  byId(choice).checked = true;
  const facts = byId(`facts-${choice}`) || byId("facts-nothing");
  all(".facts").forEach((one) => { one.hidden = one !== facts; });
  byId("said").textContent = said;
  if (byId("other-readings")) byId("other-readings").hash = choice; // all of one image open at it
});

all("input[name=choice]").forEach((one) => {
  one.addEventListener("change", () => room.select("choice", one.value, true));
});

document.addEventListener("click", (event) => {
  const marked = SINGLE.map((kind) => `[data-${kind}], [data-${kind}s]`).join(", ");
  const thing = event.target.closest?.(marked);
  if (!thing || thing.classList.contains("band")) return;
  const kind = SINGLE.find((name) => name in thing.dataset || `${name}s` in thing.dataset);
  const [number] = (thing.dataset[kind] ?? thing.dataset[`${kind}s`]).split(" ").map(Number);
  room.select(kind, number, true);
});

// In the tables the number of a row becomes a button that chooses what the row is of.
all("details[data-kind]").forEach((table) => {
  const { kind } = table.dataset;
  const ids = kind === "ellipse" ? Object.keys(data.ellipses) : null;
  table.querySelectorAll("tbody tr").forEach((row, n) => {
    const button = document.createElement("button");
    const cell = row.cells[0];
    button.type = "button";
    button.className = "pick";
    button.textContent = cell.textContent;
    button.setAttribute("aria-label", `${kind} ${cell.textContent}`);
    cell.replaceChildren(button);
    button.addEventListener("click", () => {
      if (kind === "sentence") room.select("choice", `sentence-${Number(cell.textContent) - 1}`, true);
      else room.select(kind, Number(ids ? ids[n] : n), true);
    });
  });
});

// What the address names, else what the page was written with.
function selectFirst() {
  const named = decodeURIComponent(location.hash.slice(1));
  const [, kind, number] = named.match(/^([a-z]+)-(\d+)$/) || [];
  if (SINGLE.includes(kind) && room.knows(kind, Number(number))) room.select(kind, Number(number));
  else if (room.knows("choice", named)) room.select("choice", named);
  else room.select("choice", document.querySelector("input[name=choice]:checked").value);
}
addEventListener("hashchange", selectFirst);
