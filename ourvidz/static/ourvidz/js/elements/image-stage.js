// <image-stage>: the picture alone, large. Arrows walk through the page's pictures, Escape leaves.

class ImageStage extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    document.addEventListener("click", (event) => this.maybeOpen(event));
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("click", ({ target }) => this.click(target));
    this.dialog.addEventListener("close", () => this.current?.closest(".card")?.focus());
  }

  get links() {
    return [...document.querySelectorAll("batch-list a[data-act=open]")];
  }

  maybeOpen(event) {
    const link = event.target.closest?.("batch-list a[data-act=open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.show(link);
    this.dialog.showModal();
  }

  show(link) {
    if (!link) return;
    this.current = link;
    const inner = link.querySelector("img, video").cloneNode();
    inner.src = link.href;
    inner.loading = "eager";
    this.querySelector(".stage__picture").replaceChildren(inner);
    this.querySelector(".stage__prompt").textContent = inner.alt || inner.getAttribute("aria-label");
  }

  walk(step) {
    this.show(this.links[this.links.indexOf(this.current) + step]);
  }

  key({ key }) {
    if (key === "ArrowRight") this.walk(1);
    if (key === "ArrowLeft") this.walk(-1);
    if (key === "s") this.current.closest(".card").querySelector('[data-act="save"]')?.click();
  }

  click(target) {
    const button = target.closest("[data-step]");
    if (button) this.walk(Number(button.dataset.step));
    else if (target.closest(".stage__picture, [data-close]")) this.dialog.close();
  }
}

customElements.define("image-stage", ImageStage);
