/** `<join-link>`: sends the code behind the # of an invitation's link by the form inside. */

export class JoinLink extends HTMLElement {
  connectedCallback() {
    window.addEventListener("hashchange", this);
    this.handleEvent();
  }
  disconnectedCallback() {
    window.removeEventListener("hashchange", this);
  }

  handleEvent() {
    const code = window.location.hash.slice(1);
    const form = this.querySelector("form");
    const field = form?.querySelector("input[name=code]");
    if (!code || !form || !(field instanceof HTMLInputElement)) return;
    // The address bar and the history forget the code before anything else is loaded.
    window.history.replaceState(null, "", window.location.pathname);
    field.value = code;
    form.requestSubmit();
  }
}
customElements.define("join-link", JoinLink);
