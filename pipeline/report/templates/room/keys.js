// keys.js: keys that work anywhere on the page.
//   addKey(key, words, action)   `key` as KeyboardEvent.key has it; `words` say what it does

const TAKES_SPACE = "a, button, summary, input[type=checkbox]"; // for itself, when in focus
const keys = new Map();

function addKey(key, words, action) {
  keys.set(key, { words, action });
}

document.addEventListener("keydown", (event) => {
  const found = keys.get(event.key);
  if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.closest(TAKES_SPACE)) return;
  event.preventDefault();
  found.action(event);
});

addKey(" ", "play and pause", clock.toggle);
