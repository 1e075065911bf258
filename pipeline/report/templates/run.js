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

const LONG = 20; // rows from which on a table can be narrowed down

function make_narrowable(table, place) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < LONG) return;
  const line = document.createElement("p");
  line.className = "narrow";
  const label = document.createElement("label");
  label.htmlFor = `rows-${place}`;
  label.textContent = "Rows with";
  const field = document.createElement("input");
  field.id = label.htmlFor;
  field.type = "search";
  const counted = document.createElement("span");
  counted.setAttribute("role", "status");
  line.append(label, field, counted);
  table.closest(".scroll").before(line);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const n_shown = rows.filter((row) => !row.hidden).length;
    counted.textContent = wanted ? `${n_shown} of ${rows.length}` : "";
  });
}

document.querySelectorAll("table").forEach(make_narrowable);
document.querySelectorAll("table").forEach(make_sortable);
addEventListener("hashchange", open_part);
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
if (location.hash) open_part();
