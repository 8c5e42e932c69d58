// <zoom-pan>: one picture or video that can be looked at closely: wheel and pinch zoom where they point,
// a drag moves, a double click goes near and back. Those inside one [data-linked] show the same part.
// It tells "zoom:changed" {scale, x, y} and, while nothing is enlarged, "zoom:swipe" {step}.

const NEAREST = 12;
const SWIPE = 60;
const WHOLE = { scale: 1, x: 0, y: 0 };

class ZoomPan extends HTMLElement {
  connectedCallback() {
    this.pointers ??= new Map();
    this.view ??= WHOLE;
    if (this.listens) return;
    this.listens = true;
    this.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.addEventListener("pointerdown", (event) => this.down(event));
    this.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) this.addEventListener(name, (event) => this.up(event));
    this.addEventListener("dblclick", (event) => this.toggle(event));
    this.addEventListener("dragstart", (event) => event.preventDefault());
  }

  // Positions count from the middle.
  at({ clientX, clientY }) {
    const box = this.getBoundingClientRect();
    return { x: clientX - box.left - box.width / 2, y: clientY - box.top - box.height / 2 };
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.at(event));
  }

  toggle(event) {
    if (this.view.scale > 1) this.reset();
    else this.zoom(2.5, this.at(event));
  }

  zoom(factor, point = { x: 0, y: 0 }) {
    const { scale, x, y } = this.view;
    const next = Math.min(NEAREST, Math.max(1, scale * factor));
    const by = next / scale;
    this.show({ scale: next, x: point.x - (point.x - x) * by, y: point.y - (point.y - y) * by });
  }

  reset() {
    this.show(WHOLE);
  }

  down(event) {
    if (event.button) return;
    this.pointers.set(event.pointerId, this.at(event));
    if (this.pointers.size === 1) this.began = { ...this.at(event), scale: this.view.scale };
    else this.began = null;
    if (this.view.scale > 1 || this.pointers.size > 1) this.setPointerCapture(event.pointerId);
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.pointers.set(event.pointerId, now);
    if (others.length) this.pinch(before, now, others[0]);
    else if (this.view.scale > 1) this.drag(now.x - before.x, now.y - before.y);
  }

  pinch(before, now, other) {
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.zoom(apart(now) / apart(before), middle);
  }

  drag(across, down) {
    const { scale, x, y } = this.view;
    this.show({ scale, x: x + across, y: y + down });
  }

  up(event) {
    const { began } = this;
    this.pointers.delete(event.pointerId);
    if (event.type !== "pointerup" || !began || began.scale > 1 || event.pointerType !== "touch") return;
    const now = this.at(event);
    const across = now.x - began.x;
    if (Math.abs(across) < SWIPE || Math.abs(now.y - began.y) > Math.abs(across)) return;
    this.dispatchEvent(new CustomEvent("zoom:swipe", { bubbles: true, detail: { step: across < 0 ? 1 : -1 } }));
  }

  // What is inside never leaves its frame further than it is larger than that.
  show({ scale, x, y }, told = false) {
    const inside = this.firstElementChild;
    if (!inside) return;
    const room = (size, frame) => Math.max(0, (size * scale - frame) / 2);
    const limit = (value, most) => Math.min(most, Math.max(-most, value));
    const { width, height } = this.shown(inside);
    this.view = {
      scale,
      x: limit(x, room(width, this.clientWidth)),
      y: limit(y, room(height, this.clientHeight)),
    };
    inside.style.transform = `translate(${this.view.x}px, ${this.view.y}px) scale(${scale})`;
    this.toggleAttribute("data-near", scale > 1);
    if (told) return;
    for (const other of this.closest("[data-linked]")?.querySelectorAll("zoom-pan") ?? []) {
      if (other !== this) other.show(this.view, true);
    }
    this.dispatchEvent(new CustomEvent("zoom:changed", { bubbles: true, detail: this.view }));
  }

  // The size of the picture itself, inside the space that it is fitted into.
  shown(inside) {
    const wide = inside.naturalWidth || inside.videoWidth || inside.offsetWidth;
    const high = inside.naturalHeight || inside.videoHeight || inside.offsetHeight;
    const fit = Math.min(inside.offsetWidth / (wide || 1), inside.offsetHeight / (high || 1));
    return { width: wide * fit, height: high * fit };
  }
}

customElements.define("zoom-pan", ZoomPan);
