// start.js: the last of the files: the controls come to life, and the page shows what its address names.

const wide = matchMedia("(min-width: 1100px)");
const openTools = () => { byId("tools").open = wide.matches; };

wide.addEventListener("change", openTools);
openTools();
byId("tools").hidden = false;
if (data.size) byId("screen").style.setProperty("--aspect", data.size[1] / data.size[0]);
byId("screen").style.setProperty("--letter", data.letter_px);
window.inspector = { data, room, maps, view, levels, clock, valuesAt };
selectFirst();
setLook();
