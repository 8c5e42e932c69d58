// <lora-list>: which LoRAs a picture is made with, each with its weight. What the form sends is one
// input with a list; the rows are how people see it.

class LoraList extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=hidden]");
    this.choice = this.querySelector("[data-choice]");
    this.addEventListener("input", (event) => this.typed(event));
    this.addEventListener("click", ({ target }) => this.click(target));
    this.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("dock:filled", () => this.show());
    this.show();
  }

  get chosen() {
    try {
      return JSON.parse(this.input.value || "[]");
    } catch {
      return [];
    }
  }

  get most() {
    return Number(this.dataset.max) || 4;
  }

  keep(chosen) {
    this.input.value = chosen.length ? JSON.stringify(chosen) : "";
    this.show();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  add() {
    const source = this.choice.value.trim();
    const { chosen } = this;
    if (!source || chosen.length >= this.most || chosen.some((one) => one.source === source)) return;
    this.choice.value = "";
    this.keep([...chosen, { source, weight: 1 }]);
    this.choice.focus();
  }

  click(target) {
    if (target.closest("[data-add]")) this.add();
    const row = target.closest("[data-remove]")?.closest("li");
    if (row) this.keep(this.chosen.filter((one) => one.source !== row.dataset.source));
  }

  key(event) {
    if (event.key !== "Enter" || event.target !== this.choice) return;
    event.preventDefault();
    this.add();
  }

  typed(event) {
    if (event.target === this.input) return;
    event.stopPropagation();
    const row = event.target.closest("li");
    if (!row) return;
    const weight = Number(event.target.value);
    row.querySelector("output").value = weight.toFixed(2);
    const chosen = this.chosen.map((one) => (one.source === row.dataset.source ? { ...one, weight } : one));
    this.input.value = JSON.stringify(chosen);
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    const list = this.querySelector("ul");
    const { chosen } = this;
    list.replaceChildren(...chosen.map((one) => this.row(one)));
    list.hidden = !chosen.length;
    this.querySelector("[data-add]").disabled = chosen.length >= this.most;
  }

  row({ source, weight = 1 }) {
    const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
    row.dataset.source = source;
    row.querySelector("span").textContent = source;
    const range = row.querySelector("input");
    range.value = weight;
    range.ariaLabel = `${range.ariaLabel}: ${source}`;
    row.querySelector("output").value = Number(weight).toFixed(2);
    return row;
  }
}

customElements.define("lora-list", LoraList);
