// <change-job>: the dialog that edits a waiting job. Any button with data-change opens it; what is
// refused comes back beside its field.

import { fetchHtml, followTwin, post } from "../lib/dom.js";
import { word } from "../lib/words.js";

class ChangeJob extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.place = this.querySelector("[data-form]");
    this.asked = ({ target }) => this.open(target.closest?.("[data-change]"));
    document.addEventListener("click", this.asked);
    this.addEventListener("submit", (event) => this.send(event));
    this.addEventListener("input", ({ target }) => followTwin(this, target));
    this.dialog.addEventListener("close", () => this.closed());
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.asked);
  }

  async open(button) {
    if (!button) return;
    this.button = button;
    const { html } = await fetchHtml(button.dataset.change);
    this.show(html);
    this.dialog.showModal();
    const prompt = this.querySelector("textarea");
    prompt?.focus();
    prompt?.setSelectionRange(prompt.value.length, prompt.value.length);
  }

  show(html) {
    if (html) this.place.innerHTML = html;
    else this.complain();
  }

  complain() {
    const line = Object.assign(document.createElement("p"), { className: "field__error", textContent: word("not_reached") });
    (this.querySelector('[role="alert"]') ?? this.place).replaceChildren(line);
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    this.sending = true;
    const { ok, html } = await post(event.target.action, new FormData(event.target));
    this.sending = false;
    if (ok) return this.dialog.close();
    this.show(html);
    const wrong = this.querySelector('[aria-invalid="true"]');
    wrong?.focus();
    wrong?.closest(".field").scrollIntoView({ block: "nearest" });
  }

  // The row or the card may have been drawn anew meanwhile.
  closed() {
    this.place.replaceChildren();
    const { change } = this.button.dataset;
    document.querySelector(`[data-change="${change}"]`)?.focus();
  }
}

customElements.define("change-job", ChangeJob);
