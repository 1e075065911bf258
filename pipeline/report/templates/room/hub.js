"use strict";
// hub.js: createHub() → { on, emit }. Parts of a page tell each other what happened:
//   hub.on("select", (what) => …)   hub.emit("select", what)
function createHub() {
  const listeners = {};
  return {
    on(name, listener) {
      (listeners[name] ||= []).push(listener);
    },
    emit(name, what) {
      for (const listener of listeners[name] || []) listener(what);
    },
  };
}
