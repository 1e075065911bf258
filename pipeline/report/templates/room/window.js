// window.js: the controls of the radiograph: zoom, window and level, full screen.
//   nextWindow(name), invert()

const ZOOM = 1.25; // a press
const PAN_PX = 60;

if (view) {
  byId("larger").addEventListener("click", () => view.zoomBy(ZOOM));
  byId("smaller").addEventListener("click", () => view.zoomBy(1 / ZOOM));
  byId("fit").addEventListener("click", view.fit);
}

if (levels) {
  levels.on("change", ({ low, high, inverted }) => {
    byId("screen").classList.toggle("windowed", low !== 0 || high !== 255 || inverted);
    byId("invert").checked = inverted;
  });
  byId("window").addEventListener("change", () => levels.preset(byId("window").value));
  byId("invert").addEventListener("change", () => levels.set({ inverted: byId("invert").checked }));
  byId("drag-windows").addEventListener("change", () => {
    byId("plate").classList.toggle("windowing", byId("drag-windows").checked);
  });
  view.onDrag = (event, dx, dy) => {
    if (event.shiftKey === byId("drag-windows").checked) return false;
    setByHand(dx, dy);
    return true;
  };
}

function setByHand(dx, dy) {
  levels.drag(dx, dy);
  byId("window").value = "own";
  const { low, high } = levels.range();
  byId("probe").hidden = false;
  byId("probe").textContent = `window ${Math.round(high - low)}, level ${Math.round((low + high) / 2)}`;
}

function chooseWindow(name) {
  byId("window").value = name;
  levels.preset(name);
}

function arrow(right, down) {
  if (levels && byId("drag-windows").checked) setByHand(8 * right, 8 * down);
  else view.panBy(-PAN_PX * right, -PAN_PX * down);
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else byId("stage").requestFullscreen();
}
byId("full").addEventListener("click", toggleFull);
document.addEventListener("fullscreenchange", () => {
  byId("full").textContent = document.fullscreenElement ? "Leave full screen" : "Full screen";
});
