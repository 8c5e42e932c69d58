// <compare-slider>: two pictures or videos over each other; a handle says how much of the second is seen.
// Inside it: the first, the second, and an input of type range.

class CompareSlider extends HTMLElement {
  connectedCallback() {
    const handle = this.querySelector(":scope > input");
    if (!handle) return;
    handle.addEventListener("input", () => this.show(handle.value));
    this.show(handle.value);
  }

  show(value) {
    this.style.setProperty("--at", value / 100);
  }
}

customElements.define("compare-slider", CompareSlider);
