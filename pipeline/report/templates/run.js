"use strict";
// The page is whole without this: it sorts tables, and opens the part that a link leads to; the
// address of a part may go on with a question mark and what is chosen in it.

function open_part() {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
  for (let one = part; one; one = one.parentElement) {
    if (one.tagName === "DETAILS") one.open = true;
  }
  if (part) part.scrollIntoView();
}

function value_of(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = parseFloat(text.replaceAll(",", ""));
  return { text, number: text === "–" ? -Infinity : number };
}

function compare(one, other) {
  if (Number.isNaN(one.number) || Number.isNaN(other.number)) {
    return one.text.localeCompare(other.text, "en", { numeric: true });
  }
  return one.number === other.number ? 0 : one.number - other.number;
}

// Up, down, and as it was.
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function make_sortable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  if (rows.length < 2) return;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    head.ariaSort = "none";
    button.addEventListener("click", () => {
      const order = NEXT[head.ariaSort];
      for (const other of heads) other.ariaSort = "none";
      head.ariaSort = order;
      const sign = order === "descending" ? -1 : 1;
      const sorted = [...rows];
      if (order !== "none") {
        sorted.sort((a, b) => sign * compare(value_of(a, column), value_of(b, column)));
      }
      body.append(...sorted);
    });
  });
}

document.querySelectorAll("table").forEach(make_sortable);
addEventListener("hashchange", open_part);
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
if (location.hash) open_part();
