// <selection-bar>: what can be done with the selected tiles. The grid says which they are.

import { actOn, moveValues } from "../lib/library_actions.js";

class SelectionBar extends HTMLElement {
  connectedCallback() {
    this.ids = [];
    this.changed = ({ detail }) => this.show(detail);
    this.asked = ({ detail }) => this.act(detail.act, detail.ids, { starred: detail.starred });
    document.addEventListener("selection:changed", this.changed);
    document.addEventListener("selection:act", this.asked);
    this.addEventListener("click", ({ target }) => this.click(target.closest("[data-do]")));
    this.querySelector("[data-tag]")?.addEventListener("submit", (event) => this.tag(event));
    this.querySelector("[data-move]")?.addEventListener("submit", (event) => this.move(event));
  }

  disconnectedCallback() {
    document.removeEventListener("selection:changed", this.changed);
    document.removeEventListener("selection:act", this.asked);
  }

  show(ids) {
    this.ids = ids;
    if (!ids.length && this.contains(document.activeElement)) document.dispatchEvent(new CustomEvent("focus:lost"));
    this.hidden = ids.length === 0;
    this.querySelector("[data-count]").textContent = ids.length;
    document.documentElement.toggleAttribute("data-selecting", ids.length > 0);
  }

  click(button) {
    if (!button) return;
    if (button.dataset.do === "clear") this.clear();
    else this.act(button.dataset.do, this.ids, { starred: true });
  }

  async act(name, ids, values = {}) {
    const button = this.querySelector(`[data-do="${name}"]`);
    if (!button || !ids.length) return;
    if (name === "download") return this.download(button.dataset.url, ids);
    const url = button.dataset.url;
    if (await actOn(url, { ...values, media: ids.join(",") })) this.clear();
  }

  // One file comes as it is, several in one archive.
  download(url, ids) {
    const link = document.createElement("a");
    link.href = ids.length > 1 ? `${url}?media=${ids.join(",")}` : `/media/${ids[0]}/download`;
    link.download = "";
    document.body.append(link);
    link.click();
    link.remove();
  }

  async move(event) {
    event.preventDefault();
    const values = moveValues(event.target, event.submitter);
    if (!values) return;
    values.set("media", this.ids.join(","));
    event.target.closest("[popover]").hidePopover();
    if (await actOn(event.target.action, values)) this.clear();
    event.target.reset();
  }

  async tag(event) {
    event.preventDefault();
    const { names } = event.target.elements;
    if (!names.value.trim()) return names.focus();
    const act = event.submitter?.value === "off" ? "off" : "add";
    event.target.closest("[popover]").hidePopover();
    if (await actOn(event.target.action, { media: this.ids.join(","), [act]: names.value })) this.clear();
    event.target.reset();
  }

  clear() {
    document.dispatchEvent(new CustomEvent("selection:clear"));
  }
}

customElements.define("selection-bar", SelectionBar);
