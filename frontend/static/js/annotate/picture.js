/** Zoom, pan, brightness and contrast of the picture that is shown. */

/** @param {HTMLElement} place */
export const makePicture = (place) => {
  let zoom = 1;
  let at = { x: 0, y: 0 };
  const draw = () => {
    place.style.setProperty("--zoom", String(zoom));
    place.style.setProperty("--x", `${at.x}px`);
    place.style.setProperty("--y", `${at.y}px`);
  };
  const scale = (/** @type {number} */ factor) => {
    zoom = Math.min(12, Math.max(0.25, zoom * factor));
    draw();
  };
  const fit = () => {
    zoom = 1;
    at = { x: 0, y: 0 };
    draw();
  };
  place.addEventListener(
    "wheel",
    (event) => {
      if (!place.querySelector("img")) return;
      event.preventDefault();
      scale(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    },
    { passive: false },
  );
  place.addEventListener("pointermove", (event) => {
    if (event.buttons !== 1 || !place.querySelector("img")) return;
    at = { x: at.x + event.movementX, y: at.y + event.movementY };
    draw();
  });
  for (const slider of document.querySelectorAll("input[data-filter]")) {
    slider.addEventListener("input", () => {
      const { value } = /** @type {HTMLInputElement} */ (slider);
      place.style.setProperty(`--${slider.getAttribute("data-filter")}`, value);
    });
  }
  return { scale, fit };
};
