// review_windows.js: start and end of the windows that are chosen, moved by drag, by numbers and by keys.

const EDGES = ["start_s", "end_s"];
const STEP_OF_EDGE_S = 0.1;
if (about) reviewWindows();

function reviewWindows() {
  const timeline = byId("timeline");
  const handles = [];
  const movable = () => room.selected.windows.filter((n) => about.windows[n]);
  const timesOf = (n) => answers.window(n)?.right || data.windows[n];

  function move(n, edge, seconds) {
    const times = { ...timesOf(n), [edge]: seconds };
    answers.move(n, times.start_s, times.end_s);
  }

  function makeHandle(n, edge) {
    const handle = document.createElementNS(timeline.namespaceURI, "rect");
    handle.setAttribute("class", "handle");
    handle.setAttribute("width", 8);
    handle.setAttribute("y", 20);
    handle.setAttribute("height", timeline.getAttribute("height") - 20);
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const x = event.clientX - timeline.getBoundingClientRect().left;
      move(n, edge, x / data.px_per_s);
    });
    handle.addEventListener("click", (event) => event.stopPropagation());
    timeline.append(handle);
    handles.push({ handle, n, edge });
  }

  function makeField(n, edge) {
    const field = make("input", { type: "number", step: STEP_OF_EDGE_S, min: 0, max: data.duration_s });
    field.dataset.edge = edge;
    field.addEventListener("change", () => {
      if (field.value !== "") move(n, edge, Number(field.value));
    });
    return make("label", {}, `${edge === "start_s" ? "from" : "to"} `, field, " s");
  }

  // New handles and fields for the windows that are chosen.
  function build() {
    handles.splice(0).forEach(({ handle }) => handle.remove());
    const fields = byId("review-windows");
    fields.querySelectorAll("label").forEach((one) => one.remove());
    const isOn = !byId("review").hidden;
    const [first] = movable();
    fields.hidden = !isOn || first === undefined;
    if (!fields.hidden) review.lineAt(about.windows[first].char_start)?.append(fields);
    if (isOn) {
      for (const n of movable()) {
        for (const edge of EDGES) {
          makeHandle(n, edge);
          fields.append(makeField(n, edge));
        }
      }
    }
    show();
  }

  function show() {
    const fields = [...byId("review-windows").querySelectorAll("input")];
    handles.forEach(({ handle, n, edge }, at) => {
      const time = timesOf(n)[edge];
      handle.setAttribute("x", time * data.px_per_s - 4);
      fields[at].value = time.toFixed(2);
    });
    all(".band").forEach((band) => {
      const n = Number(band.dataset.window);
      const { start_s: start, end_s: end } = about.windows[n] ? timesOf(n) : data.windows[n];
      band.setAttribute("x", start * data.px_per_s);
      band.setAttribute("width", Math.max(end - start, 0) * data.px_per_s);
      band.classList.toggle("moved", Boolean(about.windows[n] && answers.window(n)));
    });
  }

  function moveByKey(edge, by) {
    const [n] = movable();
    if (!byId("review").hidden && n !== undefined) move(n, edge, timesOf(n)[edge] + by * STEP_OF_EDGE_S);
  }

  room.on("select", build);
  room.on("reviewing", () => room.selected && build());
  room.on("review", show);
  addKey("j", "review: the window starts later; with Shift earlier", (by) => moveByKey("start_s", by));
  addKey("k", "review: the window ends later; with Shift earlier", (by) => moveByKey("end_s", by));
}
