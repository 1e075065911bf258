// view.js: one radiograph with what lies over it, moved and enlarged as one. Knows nothing of gaze.
//   createView(plate, [height, width]) → {
//     place(layer, frame)   lay a picture, canvas or svg that is drawn in a Letterbox over the image
//     at(event)   [x, y] under a pointer in pixels of the image (0 is the middle of the first)
//     zoomBy(factor, event)   about the pointer, else about the middle; zoom 1 fits the plate
//     panBy(x, y)   by so many pixels of the screen
//     show({ zoom, x, y })   zoom, and the pixel of the image in the middle of the plate
//     look()   the same, of now
//     fit()
//     on("look", ({ zoom, x, y }) => …)   after each move by hand: give it to `show` of another view
//     on("hover", (event) => …), on("leave", …)   the pointer, when nothing is dragged
//     onDrag   null, or (event, dx, dy) => true where a drag was taken for something else
//   }
// `plate` holds one element of class "plane", and that the layers. Many views may be on a page. A wheel,
// a drag and two fingers are heard; keys and buttons belong to the page.

const MOST = 8; // pixels of the screen for one of the image, at most
const LINE_PX = 16; // wheels of some browsers count lines
const STILL_PX = 4; // a pointer that moved less was a click

function createView(plate, [height, width]) {
  const plane = plate.querySelector(".plane");
  const { on, emit } = createHub();
  const view = { on, place, at, zoomBy, panBy, show, look, fit, onDrag: null };
  let zoom = 1;
  let x = width / 2; // edges of the image are 0 and `width`
  let y = height / 2;

  const fitting = () => Math.min(plate.clientWidth / width, plate.clientHeight / height);

  function clamp(middle, side, shown) {
    return shown >= side ? side / 2 : Math.min(Math.max(middle, shown / 2), side - shown / 2);
  }

  function draw() {
    const scale = fitting() * zoom;
    if (!(scale > 0)) return;
    x = clamp(x, width, plate.clientWidth / scale);
    y = clamp(y, height, plate.clientHeight / scale);
    plane.style.width = `${width * scale}px`;
    plane.style.height = `${height * scale}px`;
    plane.style.left = `${plate.clientWidth / 2 - x * scale}px`;
    plane.style.top = `${plate.clientHeight / 2 - y * scale}px`;
    plane.style.setProperty("--px", 1 / scale);
    plate.classList.toggle("zoomed", zoom > 1);
  }

  function place(layer, frame) {
    const { scale, pad_x_px: padX, pad_y_px: padY } = frame;
    const share = (length, side) => `${(100 * length) / (scale * side)}%`;
    layer.style.left = share(-padX, width);
    layer.style.top = share(-padY, height);
    layer.style.width = share(frame.width, width);
    layer.style.height = share(frame.height, height);
  }

  // Where a pointer is, in pixels of the image counted from its edge.
  function under(event) {
    const box = plane.getBoundingClientRect();
    const scale = box.width / width;
    return [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale];
  }

  function at(event) {
    const [left, top] = under(event);
    const inside = left >= 0 && top >= 0 && left < width && top < height;
    return inside ? [Math.floor(left), Math.floor(top)] : null;
  }

  function look() {
    return { zoom, x: x - 0.5, y: y - 0.5 };
  }

  function show(wanted) {
    const most = Math.max(MOST / fitting(), 1);
    zoom = Math.min(Math.max(wanted.zoom, 1), most);
    x = wanted.x + 0.5;
    y = wanted.y + 0.5;
    draw();
  }

  function moved(wanted) {
    show(wanted);
    emit("look", look());
  }

  function zoomBy(factor, event) {
    const [left, top] = event ? under(event) : [x, y];
    const before = zoom;
    show({ zoom: zoom * factor, x: x - 0.5, y: y - 0.5 });
    const ratio = before / zoom;
    moved({ zoom, x: left + (x - left) * ratio - 0.5, y: top + (y - top) * ratio - 0.5 });
  }

  function panBy(right, down) {
    const scale = fitting() * zoom;
    moved({ zoom, x: x - 0.5 - right / scale, y: y - 0.5 - down / scale });
  }

  function fit() {
    moved({ zoom: 1, x: width / 2, y: height / 2 });
  }

  // ---- Hands: one pointer drags, two pinch ----

  const pointers = new Map();
  let dragging = false;
  const centre = () => {
    const held = [...pointers.values()];
    const mean = (name) => held.reduce((sum, one) => sum + one[name], 0) / held.length;
    return { clientX: mean("clientX"), clientY: mean("clientY") };
  };
  const apart = () => {
    const [one, other] = [...pointers.values()];
    return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  };

  plate.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, event);
    if (pointers.size === 1) dragging = false;
  });
  plate.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      emit("hover", event);
      return;
    }
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!dragging && Math.hypot(dx, dy) < STILL_PX) return;
    if (!dragging) plate.setPointerCapture(event.pointerId);
    dragging = true;
    if (pointers.size === 2) {
      const [middle, distance] = [centre(), apart()];
      pointers.set(event.pointerId, event);
      const next = centre();
      if (distance > 0) zoomBy(apart() / distance, next);
      panBy(next.clientX - middle.clientX, next.clientY - middle.clientY);
      return;
    }
    pointers.set(event.pointerId, event);
    if (!view.onDrag?.(event, dx, dy)) panBy(dx, dy);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    plate.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  plate.addEventListener("pointerleave", (event) => emit("leave", event));
  plate.addEventListener("click", (event) => {
    if (dragging) event.stopPropagation(); // it ends a drag, and chooses nothing
    dragging = false;
  }, true);
  plate.addEventListener("wheel", (event) => {
    event.preventDefault();
    const down = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    zoomBy(Math.exp(-down * (event.ctrlKey ? 0.01 : 0.002)), event); // a pinch on a pad comes as Ctrl
  }, { passive: false });

  plate.classList.add("placed");
  new ResizeObserver(draw).observe(plate);
  draw();
  return view;
}
