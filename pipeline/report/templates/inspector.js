"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const TAIL = 5; // fixations joined by the trail
  const WORD_S = 0.15; // a word of no length is lit for this long
  const MANY = 60; // fixations of a choice that would hide its heatmap
  const TAKES_SPACE = "a, button, summary, input[type=checkbox]"; // for itself, when in focus
  const MARGIN_PX = 80; // between the cursor and the right edge of the timeline
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // ---- Heatmaps: the rule of docs/format.md, at the size of the picture ----

  // One axis of a Gaussian at the centres of the frame's pixels; `first` is where it begins.
  function profile(centre, sigma, clipMin, clipMax, length, pad, scale) {
    const half = 0.5 / scale;
    const toModel = (x) => (x + 0.5) * scale + pad - 0.5;
    const first = Math.max(0, Math.floor(toModel(Math.max(centre - 8 * sigma, clipMin - 1))));
    const last = Math.min(length - 1, Math.ceil(toModel(Math.min(centre + 8 * sigma, clipMax))));
    const values = new Float32Array(Math.max(last - first + 1, 0));
    const height = data.amplitude === "mass" ? 1 / (Math.sqrt(2 * Math.PI) * sigma) : 1;
    for (let n = 0; n < values.length; n += 1) {
      const at = (first + n - pad + 0.5) / scale - 0.5;
      const z = (at - centre) / sigma;
      const covered = Math.min(at + half, clipMax - 0.5) - Math.max(at - half, clipMin - 0.5);
      const share = Math.min(Math.max(covered * scale, 0), 1);
      values[n] = z * z <= 64 ? Math.exp(-0.5 * z * z) * share * height : 0;
    }
    return { first, values };
  }

  function drawWindow({ gaussians, peak }) {
    const { width, height, scale, pad_x_px: padX, pad_y_px: padY } = data.frame;
    const map = new Float32Array(width * height);
    for (const [x, y, sigmaX, sigmaY, weight, xMin, yMin, xMax, yMax] of peak > 0 ? gaussians : []) {
      const across = profile(x, sigmaX, xMin, xMax, width, padX, scale);
      const down = profile(y, sigmaY, yMin, yMax, height, padY, scale);
      const { length } = across.values;
      for (let n = 0; n < down.values.length; n += 1) {
        const factor = (down.values[n] * weight) / peak;
        const start = (down.first + n) * width + across.first;
        for (let m = 0; m < length; m += 1) map[start + m] += factor * across.values[m];
      }
    }
    return map;
  }

  const maps = new Map(); // of the windows drawn before
  function windowMap(number) {
    if (!maps.has(number)) maps.set(number, drawWindow(data.windows[number]));
    return maps.get(number);
  }

  // Windows are each divided by their maximum at full size, then joined by the larger value.
  function heatmap(windows) {
    if (windows.length === 1) return windowMap(windows[0]);
    const joined = new Float32Array(data.frame.width * data.frame.height);
    for (const number of windows) {
      const drawn = windowMap(number);
      for (let at = 0; at < drawn.length; at += 1) {
        if (drawn[at] > joined[at]) joined[at] = drawn[at];
      }
    }
    return joined;
  }

  const palette = Uint8Array.from(data.colours.match(/../g), (pair) => parseInt(pair, 16));

  function paint(map) {
    const context = canvas.getContext("2d");
    const picture = context.createImageData(canvas.width, canvas.height);
    const pixels = picture.data;
    for (let at = 0; at < map.length; at += 1) {
      const share = Math.min(map[at], 1);
      const colour = 3 * Math.round(share * 255);
      pixels[4 * at] = palette[colour];
      pixels[4 * at + 1] = palette[colour + 1];
      pixels[4 * at + 2] = palette[colour + 2];
      pixels[4 * at + 3] = Math.round(255 * data.strength * Math.sqrt(share));
    }
    context.putImageData(picture, 0, 0);
  }

  // ---- Choosing ----

  const canvas = byId("heat");
  const circles = all("#fixations circle");
  const bars = { fixation: all("[data-fixations]"), word: all("[data-words]") };
  const nothing = { windows: [], ellipses: [], said: data.nothing };
  let chosen = nothing;

  function choose(key, byHand) {
    chosen = data.choices[key] || nothing;
    const windows = new Set(chosen.windows);
    const fixations = new Set(chosen.windows.flatMap((number) => data.windows[number].fixations));
    byId(key).checked = true;
    const facts = byId(`facts-${key}`) || byId("facts-nothing");
    all(".facts").forEach((one) => { one.hidden = one !== facts; });
    all("[data-window], [data-windows]").forEach((one) => {
      one.classList.toggle("lit", windows.has(Number(one.dataset.window ?? one.dataset.windows)));
    });
    all("[data-sentences]").forEach((one) => {
      one.classList.toggle("lit", key === `sentence-${one.dataset.sentences}`);
    });
    all("[data-ellipse]").forEach((one) => {
      one.classList.toggle("lit", chosen.ellipses.includes(Number(one.dataset.ellipse)));
    });
    for (const drawn of [circles, bars.fixation]) {
      drawn.forEach((one, at) => one.classList.toggle("lit", fixations.has(at)));
    }
    document.body.classList.toggle("some", windows.size > 0);
    document.body.classList.toggle("many", fixations.size > MANY);
    byId("play-window").disabled = windows.size === 0;
    byId("said").textContent = chosen.said;
    if (canvas) {
      paint(heatmap(chosen.windows));
      canvas.setAttribute("aria-label", `Heatmap. ${chosen.said}`);
    }
    const [begin, end] = span();
    setTime(end);
    reveal(begin, end);
    if (byHand) history.replaceState(null, "", `#${key}`);
  }

  // When what is chosen begins and ends: its windows, else its sentence, else everything.
  function span() {
    const windows = chosen.windows.map((number) => data.windows[number]);
    if (windows.length) {
      return [
        Math.min(...windows.map((one) => one.start_s)),
        Math.max(...windows.map((one) => one.end_s)),
      ];
    }
    return chosen.span_s || [0, data.duration_s];
  }

  // ---- Time ----

  const onsets = {
    fixation: data.fixations.map((one) => one[0]),
    word: data.words.map((one) => one[0]),
  };
  let litWord = -1;
  let litFixations = "";
  const spoken = new Map();
  all("[data-word]").forEach((one) => {
    const number = Number(one.dataset.word);
    spoken.set(number, [...(spoken.get(number) || []), one]);
  });
  let time = data.duration_s;

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

  function setTime(t) {
    time = Math.min(Math.max(t, 0), data.duration_s);
    const slider = byId("time");
    slider.value = time;
    slider.setAttribute("aria-valuetext", `${time.toFixed(1)} of ${data.duration_s.toFixed(1)} s`);
    byId("clock").textContent = `${time.toFixed(1)} s`;
    const x = time * data.px_per_s;
    byId("cursor").setAttribute("x1", x);
    byId("cursor").setAttribute("x2", x);
    showFixations(lastAt(onsets.fixation, time));
    const word = lastAt(onsets.word, time);
    const said = word >= 0 && time <= Math.max(data.words[word][1], data.words[word][0] + WORD_S);
    showWord(said ? word : -1);
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
    if (!canvas) return;
    const trail = over ? [] : data.fixations.slice(Math.max(last - TAIL + 1, 0), last + 1);
    byId("trail").setAttribute("points", trail.map(([, , x, y]) => `${x},${y}`).join(" "));
    showView(last < 0 || over ? [null] : data.fixations[last].slice(4));
  }

  // The part of the image that was on screen, where that was not all of it.
  function showView([xMin, yMin, xMax, yMax]) {
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

  // ---- Playing, at the speed of the reading ----

  let playing = null; // { stretches still to play, clock and time at the last frame }

  function play(stretches) {
    playing = { stretches, clock: performance.now() };
    setTime(stretches[0][0]);
    byId("play").textContent = "Pause";
    requestAnimationFrame(step);
  }

  function pause() {
    playing = null;
    byId("play").textContent = "Play";
  }

  function step(clock) {
    if (!playing) return;
    const passed = (clock - playing.clock) / 1000;
    if (passed < (calm.matches ? 0.5 : 0)) {
      requestAnimationFrame(step);
      return;
    }
    playing.clock = clock;
    const end = playing.stretches[0][1];
    const next = time + Math.max(passed, 0);
    setTime(Math.min(next, end));
    reveal(time, time);
    if (next >= end) {
      playing.stretches.shift();
      if (!playing.stretches.length) {
        pause();
        return;
      }
      setTime(playing.stretches[0][0]);
    }
    requestAnimationFrame(step);
  }

  byId("play").addEventListener("click", () => {
    if (playing) pause();
    else play([[time >= data.duration_s ? 0 : time, data.duration_s]]);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest(TAKES_SPACE)) return;
    event.preventDefault();
    byId("play").click();
  });
  byId("play-window").addEventListener("click", () => {
    const windows = chosen.windows.map((number) => data.windows[number]);
    const stretches = windows.map((one) => [one.start_s, one.end_s]);
    if (stretches.length) play(stretches.sort((a, b) => a[0] - b[0]));
  });
  byId("time").addEventListener("input", (event) => {
    pause();
    setTime(Number(event.target.value));
    reveal(time, time);
  });

  // ---- Hands on the page ----

  all("input[name=choice]").forEach((one) => {
    one.addEventListener("change", () => {
      pause();
      choose(one.value, true);
    });
  });
  all("[data-layer]").forEach((one) => {
    one.addEventListener("change", () => {
      const layer = byId(one.dataset.layer);
      if (layer) layer.classList.toggle("off", !one.checked);
    });
  });
  byId("timeline").addEventListener("click", (event) => {
    pause();
    const sentence = event.target.closest("[data-sentences]");
    if (sentence) choose(`sentence-${sentence.dataset.sentences}`, true);
    else setTime((event.clientX - byId("timeline").getBoundingClientRect().left) / data.px_per_s);
  });

  const start = () => {
    const named = decodeURIComponent(location.hash.slice(1));
    const known = named === "nothing" || Object.hasOwn(data.choices, named);
    choose(known ? named : document.querySelector("input[name=choice]:checked").value, false);
  };
  addEventListener("hashchange", start);
  window.inspector = { heatmap, data };
  start();
})();
