/** Ctrl+K, or a button `data-palette`, opens the commands; what lists them comes then. */

const palette = /** @type {HTMLDialogElement | null} */ (
  document.getElementById("palette")
);

const begin = async () => {
  if (palette === null || document.querySelector("dialog[open]")) return;
  // Open at once: what is typed while the list is on its way must not reach the page.
  palette.showModal();
  let isSure = false;
  const note = (/** @type {KeyboardEvent} */ { key }) => {
    isSure ||= key === "Enter";
  };
  palette.addEventListener("keydown", note);
  try {
    const { choose, fill } = await import("./palette.js");
    palette.removeEventListener("keydown", note);
    const rest = fill(palette);
    if (isSure) choose(palette);
    await rest;
  } catch {
    const status = palette.querySelector("[role=status]");
    if (status) status.textContent = palette.dataset["away"] ?? "";
  }
};

document.addEventListener("keydown", (event) => {
  const isK = event.key.toLowerCase() === "k" || event.code === "KeyK";
  const isHeld = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!isK || !isHeld || event.isComposing) return;
  event.preventDefault();
  if (event.repeat) return;
  if (palette?.open) palette.close();
  else begin();
});
document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("[data-palette]")) begin();
});
