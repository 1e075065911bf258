// answers.js: what a reader says of one reading, in the form of review.json, and where it is kept.
//   about   of the reading (see report/reviewing.py); null where it has no text
//   answers.of(mention)   { found, right, comment } of a mention of the page, or undefined
//   answers.added()   answers whose `found` is null: mentions that the labeler missed
//   answers.say(mention, right)   `right` is a mention, or null where there is none; gives a reason
//     where that cannot be, else ""
//   answers.add(right), answers.drop(answer), answers.note(mention, comment)
//   answers.window(n), answers.move(n, start_s, end_s)   of windows of the page
//   answers.finish(isComplete), answers.entry   what is kept of the reading
//   answers.file(), answers.load(text)   all readings of this run, as a file and from one
//   answers.reviewer, answers.become(name)   each reviewer has answers of their own
//   room.on("review", …)   after each change
// Kept in localStorage under run, reviewer and reading: pages of a folder share it, and so do all files
// of this browser, so that the name of the run keeps runs apart. Without it nothing outlives the page.

const about = data.review;
const REVIEWER = "gazescribe reviewer";
const keptPlace = createPlace();
const answers = about && createAnswers();

function createPlace() {
  const own = new Map();
  const memory = {
    isKept: false,
    get: (key) => own.get(key) ?? null,
    set: (key, value) => own.set(key, value),
    drop: (key) => own.delete(key),
    keys: () => [...own.keys()],
  };
  try {
    const store = localStorage;
    store.setItem("gazescribe", "");
    store.removeItem("gazescribe");
    return {
      isKept: true,
      get: (key) => store.getItem(key),
      set: (key, value) => {
        try {
          store.setItem(key, value);
        } catch { // full
          room.emit("review-full");
        }
      },
      drop: (key) => store.removeItem(key),
      keys: () => Object.keys(store),
    };
  } catch { // switched off
    return memory;
  }
}

function createAnswers() {
  let reviewer = keptPlace.get(REVIEWER) || anonymous();
  const prefixOf = (name) => `gazescribe review ${about.run} ${encodeURIComponent(name)} `;
  const prefix = () => prefixOf(reviewer);
  const keyOf = (one) => `${prefix()}${one.dataset}/${one.reading_id}`;
  const samePlace = (one, other) => Boolean(one && other) && one.label === other.label
    && one.char_start === other.char_start && one.char_end === other.char_end;
  let entry = nothing();
  keptPlace.set(REVIEWER, reviewer);
  takeUp();

  function anonymous() {
    const bytes = crypto.getRandomValues(new Uint8Array(3));
    return `reader-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }

  // What is kept of this reading, unless its text has changed since.
  function takeUp() {
    const kept = read(keyOf(about));
    entry = kept?.text_sha256 === about.text_sha256 ? kept : nothing();
    checkEnd();
  }

  // Another reviewer begins anew; who only takes a name in place of the anonymous word goes on.
  function become(name) {
    const before = prefix();
    const wasAnonymous = /^reader-[0-9a-f]{6}$/.test(reviewer);
    reviewer = name.trim() || anonymous();
    keptPlace.set(REVIEWER, reviewer);
    const own = keptPlace.keys().filter((key) => key.startsWith(before));
    if (wasAnonymous && !entries().length) {
      for (const key of own) {
        keptPlace.set(`${prefix()}${key.slice(before.length)}`, keptPlace.get(key));
        keptPlace.drop(key);
      }
    }
    takeUp();
    room.emit("review");
  }

  function nothing() {
    const { reading_id, dataset, text_sha256 } = about;
    return {
      reading_id, dataset, text_sha256, reviewed_at: "", is_complete: false,
      mentions: [], windows: [], comment: "",
    };
  }

  function read(key) {
    try {
      return JSON.parse(keptPlace.get(key));
    } catch {
      return null; // written by something else
    }
  }

  const isEmpty = () => !entry.is_complete && !entry.comment && !entry.mentions.length
    && !entry.windows.length;

  function keep() {
    entry.reviewed_at = new Date().toISOString();
    checkEnd();
    if (withText()) Object.assign(entry, { text: about.text, sentences: about.sentences });
    else {
      delete entry.text;
      delete entry.sentences;
    }
    if (isEmpty()) keptPlace.drop(keyOf(entry));
    else keptPlace.set(keyOf(entry), JSON.stringify(entry));
    room.emit("review");
  }

  // Other rules may have found what nobody has looked at: the reading is not at its end then.
  function checkEnd() {
    if (about.mentions.some((one) => !of(one))) entry.is_complete = false;
  }

  function of(mention) {
    return entry.mentions.find((one) => samePlace(one.found, mention))
      || entry.mentions.find((one) => samePlace(one.right, mention));
  }

  // The polarity that another answer gives the same words and label, if one does.
  function taken(right, answer) {
    const other = entry.mentions.find((one) => one !== answer && samePlace(one.right, right));
    return other?.right.polarity;
  }

  // Why an answer cannot stand beside the others; "" where it can.
  function contradiction(mention, right, answer) {
    const others = entry.mentions.filter((one) => one !== answer);
    if (!right) {
      return others.some((one) => samePlace(one.right, mention)) ? "another answer makes it right" : "";
    }
    const polarity = taken(right, answer);
    if (polarity && polarity !== right.polarity) {
      return `these words are ${right.label}, ${polarity}, in another answer`;
    }
    const isDenied = others.some((one) => !one.right && samePlace(one.found, right));
    return isDenied ? `these words are no ${right.label}, in another answer` : "";
  }

  function say(mention, right) {
    const answer = of(mention) || { found: mention, right: null };
    const fault = contradiction(mention, right, answer);
    if (fault) return fault;
    answer.right = right;
    if (!entry.mentions.includes(answer)) entry.mentions.push(answer);
    keep();
    return "";
  }

  function add(right) {
    const mention = about.mentions.find((one) => samePlace(one, right));
    if (mention) return say(mention, right);
    const own = entry.mentions.find((one) => !one.found && samePlace(one.right, right));
    const answer = own || { found: null, right };
    const fault = contradiction(null, right, answer);
    if (fault) return fault;
    answer.right = right;
    if (!own) entry.mentions.push(answer);
    keep();
    return "";
  }

  function drop(answer) {
    entry.mentions = entry.mentions.filter((one) => one !== answer);
    keep();
  }

  function note(mention, comment) {
    if (!of(mention)) say(mention, mention);
    of(mention).comment = comment;
    keep();
  }

  const windowOf = (n) => {
    const { kind, char_start: start, char_end: end } = about.windows[n];
    return entry.windows.find((one) => one.kind === kind && one.char_start === start && one.char_end === end);
  };

  function move(n, start_s, end_s) {
    const round = (time) => Math.round(100 * Math.min(Math.max(time, 0), data.duration_s)) / 100;
    const found = { start_s: data.windows[n].start_s, end_s: data.windows[n].end_s };
    const right = { start_s: round(start_s), end_s: Math.max(round(end_s), round(start_s)) };
    const known = windowOf(n);
    const isBack = ["start_s", "end_s"].every((edge) => Math.abs(right[edge] - found[edge]) < 0.005);
    if (isBack) entry.windows = entry.windows.filter((one) => one !== known);
    else if (known) known.right = right;
    else entry.windows.push({ ...about.windows[n], found, right });
    keep();
  }

  // What was not answered is right as it was found.
  function finish(isComplete) {
    if (isComplete) {
      for (const mention of about.mentions.filter((one) => !of(one))) {
        const polarity = taken(mention) || mention.polarity;
        entry.mentions.push({ found: mention, right: { ...mention, polarity } });
      }
    }
    entry.is_complete = isComplete;
    keep();
  }

  const entries = () => keptPlace.keys().filter((key) => key.startsWith(prefix())).sort()
    .map(read).filter((one) => one?.reading_id);

  const withText = () => keptPlace.get(`${prefix()}text`) === "true";

  // Text that is not wanted any more is taken out of all readings.
  function wantText(isWanted) {
    keptPlace.set(`${prefix()}text`, String(isWanted));
    for (const one of entries()) {
      if (!isWanted && one.text) {
        delete one.text;
        delete one.sentences;
        keptPlace.set(keyOf(one), JSON.stringify(one));
      }
    }
    if (entry.reviewed_at) keep();
  }

  function file() {
    const others = entries().filter((one) => keyOf(one) !== keyOf(entry));
    const readings = isEmpty() ? others : [...others, entry]; // which a full browser has not kept
    const program = document.querySelector("meta[name=generator]").content;
    return { review: 1, program, reviewer, saved_at: new Date().toISOString(), readings };
  }

  // Of two answers on one reading the later stays.
  function load(text) {
    let loaded;
    try {
      loaded = JSON.parse(text);
    } catch {
      return "This is no review.json.";
    }
    if (loaded?.review !== 1 || !Array.isArray(loaded.readings)) return "This is no review.json.";
    become(String(loaded.reviewer));
    const readings = loaded.readings.filter((one) => one?.reading_id && Array.isArray(one.mentions));
    for (const one of readings) {
      const kept = read(keyOf(one));
      if (!kept || kept.reviewed_at < one.reviewed_at) keptPlace.set(keyOf(one), JSON.stringify(one));
    }
    takeUp();
    room.emit("review");
    return `${readings.length} readings of ${reviewer} are loaded.`;
  }

  function forget() {
    keptPlace.keys().filter((key) => key.startsWith(prefix())).forEach(keptPlace.drop);
    entry = nothing();
    room.emit("review");
  }

  return {
    of, say, add, drop, note, move, finish, file, load, forget, withText, wantText, become,
    window: windowOf,
    added: () => entry.mentions.filter((one) => !one.found && !about.mentions.some((m) => samePlace(m, one.right))),
    comment: (words) => { entry.comment = words; keep(); },
    done: () => entries().filter((one) => one.is_complete).length,
    get entry() { return entry; },
    get reviewer() { return reviewer; },
  };
}
