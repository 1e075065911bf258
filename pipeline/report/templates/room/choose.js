// choose.js: what the page shows, and what of it is chosen. One state, told to all.
//   data   of the page (see `inspect` in report/inspector.py); byId(id), all(selector)
//   room.select(kind, id, byHand)   choose; `kind` is "choice" (a label, a sentence, all gaze, nothing:
//     the ids of the radio buttons)
//   room.selected   { kind, id, choice, windows, fixations, ellipses, said, span_s }: `choice` is the key
//     of the radio button, the others are the numbers of what belongs to it
//   room.on("select", (selected) => …)   after each choice; choose.js itself does the panel
// Other parts of the page tell one another through room.on and room.emit as well.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

const room = createRoom();

function createRoom() {
  const nothing = { windows: [], ellipses: [], said: data.nothing };
  const hub = createHub();
  const state = { ...hub, select, selected: null };

  function select(kind, id, byHand = false) {
    const choice = data.choices[id] || nothing;
    const fixations = choice.windows.flatMap((number) => data.windows[number].fixations);
    state.selected = { kind, id, choice: id, ...choice, fixations: [...new Set(fixations)] };
    if (byHand) history.replaceState(null, "", `#${id}`);
    hub.emit("select", state.selected);
  }

  return state;
}

// ---- The panel ----

room.on("select", ({ choice, said }) => {
  byId(choice).checked = true;
  const facts = byId(`facts-${choice}`) || byId("facts-nothing");
  all(".facts").forEach((one) => { one.hidden = one !== facts; });
  byId("said").textContent = said;
});

all("input[name=choice]").forEach((one) => {
  one.addEventListener("change", () => room.select("choice", one.value, true));
});

// What the address names, else what the page was written with.
function selectFirst() {
  const named = decodeURIComponent(location.hash.slice(1));
  const known = named === "nothing" || Object.hasOwn(data.choices, named);
  const key = known ? named : document.querySelector("input[name=choice]:checked").value;
  room.select("choice", key);
}
addEventListener("hashchange", selectFirst);
