/** Zoom, pan, brightness and contrast of the picture that is shown. */

const MAX_ZOOM = 16;
const MIN_ZOOM = 0.5;

/** @param {HTMLElement} place */
export const makePicture = (place) => {
  let zoom = 1;
  let offset = { x: 0, y: 0 };
  /** Fingers and pens that touch the picture. @type {Map<number, {x: number, y: number}>} */
  const pointers = new Map();

  const image = () => place.querySelector("img");
  const draw = () => {
    const shown = image();
    // Never so far that nothing is left to see.
    const reach = (/** @type {number} */ size) => (size * zoom) / 2;
    const limit = (/** @type {number} */ value, /** @type {number} */ most) =>
      Math.min(most, Math.max(-most, value));
    offset = {
      x: limit(offset.x, reach(shown?.offsetWidth ?? 0)),
      y: limit(offset.y, reach(shown?.offsetHeight ?? 0)),
    };
    place.style.setProperty("--zoom", String(zoom));
    place.style.setProperty("--x", `${offset.x}px`);
    place.style.setProperty("--y", `${offset.y}px`);
    place.classList.toggle("zoomed", zoom > 1);
  };

  /** Zoom and keep what is under a point where it is. @param {number} factor @param {{x: number, y: number}} [point] */
  const scale = (factor, point) => {
    const shown = image();
    if (!shown) return;
    const before = zoom;
    zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom * factor));
    const box = shown.getBoundingClientRect();
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    const from = point ?? { x: middle.x - offset.x, y: middle.y - offset.y };
    const grown = zoom / before - 1;
    offset = {
      x: offset.x - (from.x - middle.x) * grown,
      y: offset.y - (from.y - middle.y) * grown,
    };
    draw();
  };

  const move = (/** @type {number} */ x, /** @type {number} */ y) => {
    offset = { x: offset.x + x, y: offset.y + y };
    draw();
  };

  const fit = () => {
    if (zoom === 1 && offset.x === 0 && offset.y === 0) return;
    zoom = 1;
    offset = { x: 0, y: 0 };
    draw();
  };

  place.addEventListener(
    "wheel",
    (event) => {
      if (!(event.target instanceof HTMLImageElement)) return;
      event.preventDefault();
      scale(event.deltaY < 0 ? 1.15 : 1 / 1.15, event);
    },
    // A passive listener may not keep the page from scrolling.
    { passive: false },
  );
  place.addEventListener("dblclick", (event) => {
    if (!(event.target instanceof HTMLImageElement)) return;
    if (zoom > 1) fit();
    else scale(2.5, event);
  });
  place.addEventListener("pointerdown", (event) => {
    if (!(event.target instanceof HTMLImageElement) || event.button !== 0) return;
    // The drag goes on when the pointer leaves the picture.
    event.target.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
  });
  place.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = (/** @type {{x: number, y: number}} */ p) =>
        Math.hypot(p.x - other.x, p.y - other.y) || 1;
      scale(apart(event) / apart(before), {
        x: (event.x + other.x) / 2,
        y: (event.y + other.y) / 2,
      });
    } else move(event.x - before.x, event.y - before.y);
    pointers.set(event.pointerId, { x: event.x, y: event.y });
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    place.addEventListener(kind, (event) => {
      pointers.delete(/** @type {PointerEvent} */ (event).pointerId);
    });
  }

  /** @type {NodeListOf<HTMLInputElement>} */
  const sliders = document.querySelectorAll("input[data-filter]");
  const filter = (/** @type {HTMLInputElement} */ slider) =>
    place.style.setProperty(`--${slider.dataset["filter"]}`, slider.value);
  for (const slider of sliders) slider.addEventListener("input", () => filter(slider));
  const plain = () => {
    for (const slider of sliders) {
      slider.value = "1";
      filter(slider);
    }
  };
  return { scale, move, fit, plain };
};
