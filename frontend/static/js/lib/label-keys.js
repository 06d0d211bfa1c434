/** `<label-keys>`: a key presses the button inside that names it in `data-key`. */
export class LabelKeys extends HTMLElement {
  connectedCallback() {
    this.ownerDocument.addEventListener("keydown", this);
  }
  disconnectedCallback() {
    this.ownerDocument.removeEventListener("keydown", this);
  }
  /** @param {KeyboardEvent} event */
  handleEvent(event) {
    const target = event.target;
    const typing =
      target instanceof HTMLElement && target.matches("input, textarea, select");
    if (
      typing ||
      event.repeat ||
      event.isComposing ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    for (const button of this.querySelectorAll("button")) {
      if (button.dataset.key === event.key) {
        event.preventDefault();
        button.click();
        return;
      }
    }
  }
}
customElements.define("label-keys", LabelKeys);
