// <copy-text data-text="…">: its button copies the text, and says so for a moment.

import { word } from "../lib/words.js";

class CopyText extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", () => this.copy());
  }

  async copy() {
    await navigator.clipboard.writeText(this.dataset.text);
    this.setAttribute("data-copied", word("copied"));
    setTimeout(() => this.removeAttribute("data-copied"), 1600);
  }
}

customElements.define("copy-text", CopyText);
