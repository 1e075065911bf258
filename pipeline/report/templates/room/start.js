// start.js: the last of the files: the page shows what its address names.

window.inspector = { data, room, maps, view, clock };
selectFirst();
