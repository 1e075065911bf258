// review.js: a reader says what is right, by mouse and by keys; answers.js keeps it.
//   review.toggle()   review mode on and off
//   review.answer(kind)   of the mention that is chosen, "right" or "none"; then on to the next
//   review.lineAt(character)   the sentence in the list that holds a character of the text
// What a mention or a window should be is set where it stands in the list: the fields move there.

const REVIEWING = "gazescribe reviewing"; // goes on from page to page
const review = about && createReview();

function make(tag, properties = {}, ...children) {
  const one = Object.assign(document.createElement(tag), properties);
  one.append(...children);
  return one;
}

function createReview() {
  const signs = { positive: "+", negative: "−", uncertain: "?" };
  const rows = new Map(); // of the list, by mention
  let chosen = null; // number of a mention
  let held = null; // first of some words, while Shift is held

  const wordsOf = ({ char_start: start, char_end: end }) => about.text.slice(start, end);
  const inWords = (one) => `“${wordsOf(one)}”, ${one.label}, ${signs[one.polarity]} ${one.polarity}`;

  // ---- What is there, once ----

  function fill(id, texts) {
    byId(id).replaceChildren(...texts.map((text, value) => make("option", { value, textContent: text })));
  }

  for (const id of ["review-label", "missing-label"]) {
    byId(id).replaceChildren(...about.labels.map((text) => make("option", { textContent: text })));
  }
  const spelt = about.words.map(({ char_start: start, char_end: end }) => about.text.slice(start, end));
  for (const id of ["review-from", "review-to", "missing-from", "missing-to"]) fill(id, spelt);

  function press(name, text, mention, action) {
    const button = make("button", { type: "button", className: name, textContent: text });
    button.setAttribute("aria-label", `${text}: ${inWords(mention)}`);
    button.addEventListener("click", action);
    return button;
  }

  // The words of a sentence, to be chosen one by one, with what stands between them.
  function lineOf([start, end], n) {
    const line = make("p", { className: "text" });
    const number = make("button", { type: "button", className: "pick", textContent: n + 1 });
    number.setAttribute("aria-label", `Sentence ${n + 1}`);
    const key = `sentence-${n}`;
    number.disabled = !room.knows("choice", key); // its words have no times
    number.addEventListener("click", () => room.select("choice", key, true));
    line.append(number, " ");
    let at = start;
    about.words.forEach(({ char_start: first, char_end: last }, word) => {
      if (first < at || last > end) return;
      const piece = make("span", { textContent: about.text.slice(first, last) });
      piece.dataset.word = word;
      line.append(about.text.slice(at, first), piece);
      at = last;
    });
    line.append(about.text.slice(at, end));
    return line;
  }

  // The last sentence that does not begin behind a character.
  function sentenceOf(character) {
    return Math.max(about.sentences.findLastIndex(([start]) => start <= character), 0);
  }

  about.sentences.forEach((span, n) => {
    const list = make("ul");
    about.mentions.forEach((mention, number) => {
      if (sentenceOf(mention.char_start) !== n) return;
      const row = make("li", { className: "reviewed" });
      row.dataset.mention = number;
      const words = make("span", { className: "when", textContent: ` “${wordsOf(mention)}”` });
      const pick = press("pick", `${signs[mention.polarity]} ${mention.label}`, mention, () => {});
      pick.setAttribute("aria-label", inWords(mention));
      pick.append(words);
      const right = press("yes", "right", mention, () => say(number, mention));
      const none = press("no", "no mention", mention, () => say(number, null));
      const now = make("span", { className: "now-right" });
      row.append(pick, right, none, now);
      rows.set(number, { row, right, none, now });
      list.append(row);
    });
    byId("review-list").append(make("li", {}, lineOf(span, n), list));
  });
  byId("review-kept").hidden = keptPlace.isKept;
  byId("review-toggle").hidden = false;
  for (const id of ["review-from", "review-to"]) byId(id).parentElement.hidden = !spelt.length;
  byId("review-missing").hidden = !spelt.length;

  // The sentence of the list that holds a character.
  function lineAt(character) {
    return byId("review-list").children[sentenceOf(character)];
  }

  // ---- What is said ----

  function tell(text) {
    byId("review-state").textContent = text;
  }

  function say(number, right) {
    const fault = answers.say(about.mentions[number], right);
    if (fault) tell(`Not changed: ${fault}.`);
  }

  const rightOf = (number) => {
    const answer = answers.of(about.mentions[number]);
    return answer ? answer.right : about.mentions[number];
  };

  // The mention that is chosen, with a part of it changed.
  function change(part) {
    if (chosen !== null) say(chosen, { ...about.mentions[chosen], ...rightOf(chosen), ...part });
  }

  function spanOf(id) {
    const ends = ["from", "to"].map((end) => Number(byId(`${id}-${end}`).value));
    const [first, last] = [Math.min(...ends), Math.max(...ends)];
    return { char_start: about.words[first].char_start, char_end: about.words[last].char_end };
  }

  function setSpan(id, { char_start: start, char_end: end }) {
    const inside = spelt.map((_, n) => n).filter((n) => about.words[n].char_end > start
      && about.words[n].char_start < end);
    if (!inside.length) return;
    byId(`${id}-from`).value = inside[0];
    byId(`${id}-to`).value = inside.at(-1);
  }

  function addMissing() {
    const right = {
      ...spanOf("missing"), label: byId("missing-label").value, polarity: byId("missing-polarity").value,
    };
    const fault = answers.add(right);
    tell(fault ? `Not added: ${fault}.` : `Added: ${inWords(right)}.`);
  }

  // ---- What is shown ----

  function show() {
    rows.forEach(({ row, right, none, now }, number) => {
      const mention = about.mentions[number];
      const answer = answers.of(mention);
      const isSame = answer?.right && inWords(answer.right) === inWords(mention)
        && answer.right.char_start === mention.char_start;
      right.setAttribute("aria-pressed", Boolean(isSame));
      none.setAttribute("aria-pressed", Boolean(answer && !answer.right));
      now.textContent = answer?.right && !isSame ? `→ ${inWords(answer.right)}` : "";
      row.classList.toggle("answered", Boolean(answer));
      row.classList.toggle("chosen-one", number === chosen);
    });
    showAdded();
    showEditor();
    const { entry } = answers;
    byId("review-done").setAttribute("aria-pressed", entry.is_complete);
    if (document.activeElement !== byId("review-comment")) byId("review-comment").value = entry.comment;
    byId("review-text").checked = answers.withText();
    byId("review-name").value = answers.reviewer;
    const open = about.mentions.filter((one) => !answers.of(one)).length;
    tell(`${open} of ${about.mentions.length} mentions open; ${answers.done()} of ${about.n_readings} readings reviewed.`);
  }

  function showAdded() {
    byId("missing-list").replaceChildren(...answers.added().map((answer) => {
      const away = make("button", { type: "button", textContent: "Remove" });
      away.setAttribute("aria-label", `Remove ${inWords(answer.right)}`);
      away.addEventListener("click", () => answers.drop(answer));
      return make("li", {}, `${inWords(answer.right)} `, away);
    }));
  }

  function showEditor() {
    const mention = about.mentions[chosen];
    byId("review-edit").hidden = !mention;
    if (!mention) return;
    const right = rightOf(chosen) || mention;
    byId("review-polarity").value = right.polarity;
    byId("review-label").value = right.label;
    setSpan("review", right);
    const note = byId("review-note");
    if (document.activeElement !== note) note.value = answers.of(mention)?.comment || "";
    byId("review-undo").disabled = !answers.of(mention);
  }

  // ---- Hands and keys ----

  function toggle() {
    const isOn = byId("review").hidden;
    byId("review").hidden = !isOn;
    byId("review-toggle").setAttribute("aria-pressed", isOn);
    document.body.classList.toggle("reviewing", isOn);
    keptPlace.set(REVIEWING, String(isOn));
    room.emit("reviewing", isOn);
    show();
  }

  // Answer the mention that is chosen, or the first that is open; then go on to the next open one.
  function answer(kind) {
    if (byId("review").hidden) return;
    const isOpen = (n) => !answers.of(about.mentions[n]);
    const numbers = about.mentions.map((_, n) => n);
    const now = chosen ?? numbers.find(isOpen);
    if (now === undefined) return;
    say(now, kind === "right" ? about.mentions[now] : null);
    const next = numbers.find((n) => n > now && isOpen(n)) ?? numbers.find(isOpen);
    room.select("mention", next ?? now, true);
  }

  function nextPolarity(by) {
    if (byId("review").hidden || chosen === null) return;
    const words = Object.keys(signs);
    const now = words.indexOf((rightOf(chosen) || about.mentions[chosen]).polarity);
    change({ polarity: words[(now + by + words.length) % words.length] });
  }

  function save() {
    const file = answers.file();
    const address = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
    make("a", { href: address, download: "review.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
    const n = file.readings.length;
    const withText = file.readings.filter((one) => one.text).length;
    tell(`Saved: ${n} readings${withText ? `, ${withText} with their text` : ""}.`);
  }

  byId("review-edit").addEventListener("click", (event) => event.stopPropagation()); // no new choice
  const on = (id, what, action) => byId(id).addEventListener(what, action);
  on("review-toggle", "click", toggle);
  on("review-polarity", "change", (event) => change({ polarity: event.target.value }));
  on("review-label", "change", (event) => change({ label: event.target.value }));
  for (const end of ["from", "to"]) on(`review-${end}`, "change", () => change(spanOf("review")));
  on("review-note", "change", (event) => answers.note(about.mentions[chosen], event.target.value));
  on("review-undo", "click", () => answers.drop(answers.of(about.mentions[chosen])));
  on("missing-add", "click", addMissing);
  on("review-comment", "change", (event) => answers.comment(event.target.value));
  on("review-done", "click", () => answers.finish(!answers.entry.is_complete));
  on("review-text", "change", (event) => answers.wantText(event.target.checked));
  on("review-save", "click", save);
  on("review-load", "click", () => byId("review-file").click());
  on("review-file", "change", async (event) => {
    const [file] = event.target.files;
    if (file) tell(answers.load(await file.text()));
    event.target.value = "";
  });
  on("review-forget", "click", () => {
    if (confirm(`Forget all that ${answers.reviewer} reviewed of this run in this browser?`)) answers.forget();
  });
  on("review-name", "change", (event) => answers.become(event.target.value));

  document.addEventListener("click", (event) => { held = event.shiftKey ? held : null; }, true);
  room.on("select", ({ kind, id }) => {
    chosen = kind === "mention" ? id : null;
    if (kind === "mention" && rows.has(id)) {
      rows.get(id).row.append(byId("review-edit"));
      if (!byId("review").hidden) rows.get(id).row.scrollIntoView({ block: "nearest" });
    }
    if (kind === "word") {
      lineAt(about.words[id].char_start)?.append(byId("review-missing"));
      held ??= id;
      byId("missing-from").value = Math.min(held, id);
      byId("missing-to").value = Math.max(held, id);
    }
    show();
  });
  room.on("review", show);
  room.on("review-full", () => {
    byId("review-kept").hidden = false;
    byId("review-kept").textContent = "This browser has no room left: save, then forget all.";
  });
  addKey("q", "review, or not", toggle);
  addKey("y", "review: the mention is right; on to the next", () => answer("right"));
  addKey("n", "review: it is no mention; on to the next", () => answer("none"));
  addKey("u", "review: its next polarity; with Shift the one before", nextPolarity);
  if (keptPlace.get(REVIEWING) === "true") toggle();
  return { toggle, answer, lineAt };
}
