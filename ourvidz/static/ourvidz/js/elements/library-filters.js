// <library-filters>: the search field and its filters. The grid follows while one types; the address
// keeps up, so that a reload and a link show the same list.

import { debounce, fetchHtml, isTyping } from "../lib/dom.js";

class LibraryFilters extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.field = this.form.elements.q;
    const later = debounce(() => this.apply().catch(() => {}), 220);
    this.field.addEventListener("input", later);
    this.form.addEventListener("change", ({ target }) => target !== this.field && this.chosen(target));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.target.querySelector(":popover-open")?.hidePopover();
      this.apply();
    });
    for (const name of ["keydown", "pointerdown"]) this.form.addEventListener(name, ({ key }) => (this.walks = key?.startsWith("Arrow")));
    this.querySelector("[data-size]").addEventListener("click", () => this.resize());
    this.slash = (event) => this.shortcut(event);
    document.addEventListener("keydown", this.slash);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.slash);
  }

  get grid() {
    return document.querySelector("media-grid");
  }

  chosen(radio) {
    const label = this.querySelector(`[data-filter="${radio.name}"]`);
    if (!label) return this.chosenMore();
    label.textContent = radio.dataset.text ?? label.dataset.label;
    if (radio.name !== "sort") label.closest("button").toggleAttribute("data-on", Boolean(radio.value));
    // Arrow keys choose what they pass: Enter or Escape closes.
    if (!this.walks) radio.closest("[popover]").hidePopover();
    this.apply();
  }

  chosenMore() {
    const on = this.form.querySelector("#filter-more :checked:not([value=''])");
    this.querySelector("[data-more]").toggleAttribute("data-on", Boolean(on));
    this.apply();
  }

  async apply() {
    const values = new URLSearchParams(new FormData(this.form));
    for (const [name, value] of [...values]) {
      if (!value || (name === "sort" && value === "newest")) values.delete(name);
    }
    const query = String(values);
    this.querySelector("[data-saves]").hidden = [...values.keys()].every((name) => name === "sort");
    this.wanted = query;
    history.replaceState(history.state, "", location.pathname + (query && `?${query}`));
    values.set("fragment", "grid");
    const { ok, html } = await fetchHtml(`${location.pathname}?${values}`);
    if (!ok || this.wanted !== query) return;
    document.dispatchEvent(new CustomEvent("selection:clear"));
    await this.grid.show(html);
  }

  resize() {
    const small = this.grid.dataset.size !== "small";
    document.cookie = `tiles=${small ? "small" : "large"}; path=/library/; max-age=31536000; samesite=lax`;
    if (small) this.grid.dataset.size = "small";
    else delete this.grid.dataset.size;
  }

  shortcut(event) {
    if (event.key === "Escape" && event.target === this.field) document.dispatchEvent(new CustomEvent("focus:lost"));
    if (event.key !== "/" || isTyping(event.target) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.field.select();
  }
}

customElements.define("library-filters", LibraryFilters);
