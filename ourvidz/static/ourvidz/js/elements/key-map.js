// <key-map>: the list of all keys, opened with "?" or from the header.

import { isTyping } from "../lib/dom.js";

class KeyMap extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    document.addEventListener("click", ({ target }) => target.closest?.("[data-keys]") && this.open());
    document.addEventListener("keydown", (event) => {
      if (event.key === "?" && !isTyping(event.target)) this.open();
    });
  }

  open() {
    if (!this.dialog.open) this.dialog.showModal();
  }
}

customElements.define("key-map", KeyMap);
