
// ---- Curves: one model's lines are lit where it is pointed at, or chosen in the table. ----

function light_up(curves, model) {
  curves.classList.toggle("some", model !== null);
  for (const part of curves.querySelectorAll("[data-model]")) {
    part.classList.toggle("lit", part.dataset.model === model);
  }
}

function make_pick(curves, run, chosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pick";
  button.ariaPressed = "false";
  button.append(...run.childNodes);
  run.append(button);
  button.addEventListener("click", () => {
    const is_off = button.ariaPressed === "true";
    for (const other of curves.querySelectorAll(".pick")) other.ariaPressed = "false";
    button.ariaPressed = String(!is_off);
    chosen.model = is_off ? null : run.dataset.model;
    light_up(curves, chosen.model);
  });
}

function make_lit(curves) {
  const chosen = { model: null };
  const model_at = (target) => target.closest("[data-model]")?.dataset.model ?? chosen.model;
  for (const run of curves.querySelectorAll(".run")) make_pick(curves, run, chosen);
  curves.addEventListener("pointerover", (event) => light_up(curves, model_at(event.target)));
  curves.addEventListener("pointerleave", () => light_up(curves, chosen.model));
  curves.addEventListener("focusin", (event) => light_up(curves, model_at(event.target)));
  curves.addEventListener("focusout", () => light_up(curves, chosen.model));
}

document.querySelectorAll(".curves").forEach(make_lit);
