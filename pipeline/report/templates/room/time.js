// time.js: the moment that the page shows, and playing.
//   clock.now()   seconds from the start of the reading
//   clock.set(seconds)   shows the fixations up to then, the word that is said, the part on screen
//   clock.pause(), clock.toggle(), clock.faster(by)
//   room.on("time", ({ time, last, over }) => …)   after each change; `last` is the last fixation begun
//   room.on("play", (playing) => …)

const TAIL = 5; // fixations joined by the trail
const WORD_S = 0.15; // a word of no length is lit for this long
const MARGIN_PX = 80; // between the cursor and the right edge of the timeline
const DRIFT_S = 0.15; // between the voice and the page, at most
const STEP_S = 0.5; // between frames where the system asks for less motion
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const clock = createClock();

function createClock() {
  const onsets = {
    fixation: data.fixations.map((one) => one[0]),
    word: data.words.map((one) => one[0]),
  };
  const circles = all("#fixations circle");
  const numbers = all("[data-step]");
  const bars = { fixation: all("[data-fixations]"), word: all("[data-words]") };
  const voice = byId("voice");
  const spoken = new Map(); // pieces of the text, by their word
  all("[data-word]").forEach((one) => {
    const number = Number(one.dataset.word);
    spoken.set(number, [...(spoken.get(number) || []), one]);
  });
  let time = data.duration_s;
  let litWord = -1;
  let litFixations = "";
  let playing = null; // { stretches still to play, clock at the last frame }

  // The last of rising times that is not after t, or -1.
  function lastAt(times, t) {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= t) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  function set(t) {
    time = Math.min(Math.max(t, 0), data.duration_s);
    const slider = byId("time");
    slider.value = time;
    slider.setAttribute("aria-valuetext", `${time.toFixed(1)} of ${data.duration_s.toFixed(1)} s`);
    byId("clock").textContent = `${time.toFixed(1)} s`;
    const x = time * data.px_per_s;
    byId("cursor").setAttribute("x1", x);
    byId("cursor").setAttribute("x2", x);
    const last = lastAt(onsets.fixation, time);
    showFixations(last);
    const word = lastAt(onsets.word, time);
    const said = word >= 0 && time <= Math.max(data.words[word][1], data.words[word][0] + WORD_S);
    showWord(said ? word : -1);
    room.emit("time", { time, last, over: time >= data.duration_s });
  }

  function showFixations(last) {
    const now = last >= 0 && time <= data.fixations[last][1] ? last : -1;
    const over = time >= data.duration_s;
    const state = `${last} ${now} ${over}`;
    if (state === litFixations) return;
    litFixations = state;
    circles.forEach((one, at) => {
      one.classList.toggle("later", at > last);
      one.classList.toggle("now", at === now);
    });
    bars.fixation.forEach((one, at) => one.classList.toggle("now", at === now));
    if (!circles.length) return;
    numbers.forEach((one, at) => one.classList.toggle("later", at > last));
    const steps = data.fixations.slice(0, last + 1);
    byId("steps").setAttribute("points", steps.map(([, , x, y]) => `${x},${y}`).join(" "));
    const trail = over ? [] : data.fixations.slice(Math.max(last - TAIL + 1, 0), last + 1);
    byId("trail").setAttribute("points", trail.map(([, , x, y]) => `${x},${y}`).join(" "));
    showOnScreen(last < 0 || over ? [null] : data.fixations[last].slice(4));
  }

  // The part of the image that was on screen, where that was not all of it.
  function showOnScreen([xMin, yMin, xMax, yMax]) {
    const known = xMin !== null && (xMax - xMin < data.size[1] - 1 || yMax - yMin < data.size[0] - 1);
    const box = known ? { x: xMin, y: yMin, width: xMax - xMin, height: yMax - yMin } : { width: 0 };
    Object.entries(box).forEach(([name, value]) => byId("shown").setAttribute(name, value));
  }

  function showWord(word) {
    if (word === litWord) return;
    for (const [number, on] of [[litWord, false], [word, true]]) {
      const bar = bars.word[number];
      [...(spoken.get(number) || []), ...(bar ? [bar] : [])].forEach((one) => {
        one.classList.toggle("now", on);
      });
    }
    litWord = word;
  }

  // Scroll the timeline so that a stretch of time is in view, its beginning above all.
  function reveal(begin, end) {
    const scroll = byId("scroll");
    const left = begin * data.px_per_s;
    const right = end * data.px_per_s;
    const seen = scroll.scrollLeft + scroll.clientWidth - MARGIN_PX;
    const inside = left >= scroll.scrollLeft && right <= seen;
    if (!inside) scroll.scrollLeft = Math.max(left - scroll.clientWidth / 4, 0);
  }

  // ---- Playing, at the speed of the reading or another ----

  const speed = () => Number(byId("speed").value);

  function faster(by) {
    const { options, selectedIndex } = byId("speed");
    const next = Math.min(Math.max(selectedIndex + by, 0), options.length - 1);
    byId("speed").selectedIndex = next;
    speak();
  }

  // The voice follows the page, not the other way round: stretches, steps and speeds are the page's.
  function speak() {
    if (!voice) return;
    const wanted = time - data.audio_offset_s;
    voice.playbackRate = speed();
    voice.muted = !byId("speak").checked;
    if (Math.abs(voice.currentTime - wanted) > DRIFT_S * speed()) voice.currentTime = Math.max(wanted, 0);
    const audible = playing && wanted >= 0 && wanted < (voice.duration || Infinity);
    if (audible && voice.paused) voice.play().catch(() => { byId("speak").checked = false; });
    if (!audible && !voice.paused) voice.pause();
  }

  function play(stretches) {
    playing = { stretches, clock: performance.now() };
    set(stretches[0][0]);
    byId("play").textContent = "Pause";
    speak();
    room.emit("play", true);
    requestAnimationFrame(step);
  }

  function pause() {
    playing = null;
    byId("play").textContent = "Play";
    speak();
    room.emit("play", false);
  }

  function toggle() {
    if (playing) pause();
    else play([[time >= data.duration_s ? 0 : time, data.duration_s]]);
  }

  function step(now) {
    if (!playing) return;
    const passed = (now - playing.clock) / 1000;
    if (passed < (calm.matches ? STEP_S : 0)) {
      requestAnimationFrame(step);
      return;
    }
    playing.clock = now;
    const end = playing.stretches[0][1];
    const next = time + Math.max(passed, 0) * speed();
    set(Math.min(next, end));
    speak();
    reveal(time, time);
    if (next >= end) {
      playing.stretches.shift();
      if (!playing.stretches.length) {
        pause();
        return;
      }
      set(playing.stretches[0][0]);
    }
    requestAnimationFrame(step);
  }

  function playWindows() {
    const windows = room.selected.windows.map((number) => data.windows[number]);
    const stretches = windows.map((one) => [one.start_s, one.end_s]);
    if (stretches.length) play(stretches.sort((a, b) => a[0] - b[0]));
  }

  // When what is chosen begins and ends: its windows, else its sentence, else everything.
  function span({ kind, windows: numbers, span_s: own }) {
    const windows = numbers.map((number) => data.windows[number]);
    if (!windows.length || (kind !== "choice" && own)) return own || [0, data.duration_s];
    return [
      Math.min(...windows.map((one) => one.start_s)),
      Math.max(...windows.map((one) => one.end_s)),
    ];
  }

  room.on("select", (selected) => {
    pause();
    byId("play-window").disabled = selected.windows.length === 0;
    const [begin, end] = span(selected);
    // What is chosen on the radiograph leaves the other marks there, so that they can be chosen next.
    const stays = selected.kind === "ellipse" || (selected.kind === "fixation" && begin <= time);
    if (!stays) set(end);
    reveal(begin, end);
  });

  byId("play").addEventListener("click", toggle);
  byId("play-window").addEventListener("click", playWindows);
  byId("time").addEventListener("input", (event) => {
    pause();
    set(Number(event.target.value));
    reveal(time, time);
  });
  for (const id of ["speed", "speak"]) byId(id)?.addEventListener("change", speak);
  byId("timeline").addEventListener("click", (event) => {
    const sentence = event.target.closest("[data-sentences]");
    if (event.target.closest(".bar") && !sentence) return; // chosen as what it is
    pause();
    if (sentence) room.select("choice", `sentence-${sentence.dataset.sentences}`, true);
    else set((event.clientX - byId("timeline").getBoundingClientRect().left) / data.px_per_s);
  });

  return { now: () => time, set, pause, toggle, faster };
}
