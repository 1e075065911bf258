
// ---- How many readings were reviewed in this browser, and the next (room/answers.js keeps it). ----

function reviewed_readings(run) {
  try {
    const reviewer = encodeURIComponent(localStorage.getItem("gazescribe reviewer"));
    const prefix = `gazescribe review ${run} ${reviewer} `;
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key.includes("/"))
      .map((key) => JSON.parse(localStorage.getItem(key)))
      .filter((one) => one.is_complete).map((one) => one.reading_id);
  } catch {
    return []; // a browser that keeps nothing for files, or what is no review
  }
}

{
  const place = document.getElementById("reviewed");
  const done = place ? reviewed_readings(place.dataset.run) : [];
  if (done.length) {
    const links = [...document.querySelectorAll("#inspected [data-reading]")];
    const open = links.find((link) => !done.includes(link.dataset.reading));
    place.append(`${done.length} of ${links.length} reviewed in this browser`);
    if (open) {
      const { href, dataset } = open;
      place.append("; next: ", Object.assign(document.createElement("a"), { href, textContent: dataset.reading }));
    }
    place.append(".");
    place.hidden = false;
  }
}
