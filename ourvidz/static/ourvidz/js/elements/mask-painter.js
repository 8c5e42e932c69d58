// <mask-painter>: over a picture, what of it is to be made anew is painted: brush and eraser, undo,
// invert, by mouse, finger, pen or keys. The mask goes to the server in the picture's own size, white
// where it is painted, and to the dock with its picture ("dock:mask").

import { fetchHtml } from "../lib/dom.js";
import { word } from "../lib/words.js";

const STEP = 12; // what an arrow key moves the brush by, in pixels of the screen

class MaskPainter extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.canvas = this.querySelector("canvas");
    this.size = this.querySelector("[data-size]");
    this.spot = this.querySelector(".mask__spot");
    document.addEventListener("mask:paint", ({ detail }) => this.open(detail));
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => (this.stroke = null));
    this.canvas.addEventListener("pointerleave", () => (this.spot.hidden = true));
    this.size.addEventListener("input", () => this.point(this.at));
    this.addEventListener("click", ({ target }) => this.act(target.closest("[data-mask]")?.dataset.mask));
    this.dialog.addEventListener("keydown", (event) => this.key(event));
  }

  async open(source) {
    this.source = source;
    this.ready = false;
    this.done = [];
    this.tool = "brush";
    const picture = this.querySelector(".mask__picture img");
    picture.src = source.url;
    this.dialog.showModal();
    await picture.decode().catch(() => {});
    this.canvas.width = picture.naturalWidth;
    this.canvas.height = picture.naturalHeight;
    this.style.setProperty("--wide", picture.naturalWidth);
    this.style.setProperty("--high", picture.naturalHeight);
    this.at = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    this.ready = true;
    this.show();
    this.canvas.focus({ preventScroll: true });
  }

  get ink() {
    return this.canvas.getContext("2d");
  }

  // Pixels of the picture for one of the screen.
  get ratio() {
    return this.canvas.width / (this.canvas.getBoundingClientRect().width || 1);
  }

  get width() {
    return Number(this.size.value) * this.ratio;
  }

  where({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return { x: (clientX - box.left) * this.ratio, y: (clientY - box.top) * this.ratio };
  }

  // --- Painting: what was done is a list, so that undo takes the last of it away.

  down(event) {
    if (event.button || !this.ready) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus({ preventScroll: true });
    this.begin(this.where(event));
  }

  begin(point) {
    this.stroke = { tool: this.tool, width: this.width, points: [point] };
    this.done.push(this.stroke);
    this.draw(this.stroke);
    this.show();
  }

  move(event) {
    this.point(this.where(event));
    if (!this.stroke) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) this.stroke.points.push(this.where(each));
    this.draw(this.stroke);
  }

  draw({ tool, width, points }) {
    const { ink } = this;
    const colour = getComputedStyle(this).getPropertyValue("--paint");
    if (tool === "invert" || tool === "clear") {
      ink.globalCompositeOperation = tool === "clear" ? "destination-out" : "source-out";
      ink.fillStyle = colour;
      ink.fillRect(0, 0, this.canvas.width, this.canvas.height);
      return;
    }
    ink.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
    Object.assign(ink, { lineWidth: width, lineCap: "round", lineJoin: "round", strokeStyle: colour });
    ink.beginPath();
    ink.moveTo(points[0].x, points[0].y);
    for (const { x, y } of points) ink.lineTo(x, y);
    ink.stroke();
  }

  undo() {
    this.done.pop();
    this.ink.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const one of this.done) this.draw(one);
  }

  // --- Hands

  act(name) {
    if (!name) return;
    if (name === "brush" || name === "eraser") this.tool = name;
    else if (name === "undo") this.undo();
    else if (name === "done") this.finish();
    else this.whole(name);
    this.show();
  }

  whole(tool) {
    this.done.push({ tool, points: [] });
    this.draw(this.done.at(-1));
  }

  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const undo = event.key === "z" && (event.ctrlKey || event.metaKey);
    const act = { b: "brush", e: "eraser", i: "invert" }[event.key];
    const onCanvas = event.target === this.canvas;
    if (undo) this.act("undo");
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (act) this.act(act);
    else if (event.key === "[" || event.key === "]") this.resize(event.key === "]" ? 1.25 : 0.8);
    else if (onCanvas && move) this.steer(move, event.shiftKey);
    else if (onCanvas && event.key === " ") this.begin(this.at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  resize(by) {
    this.size.value = Number(this.size.value) * by;
    this.point(this.at);
  }

  // With Shift the brush paints where it goes.
  steer([across, down], paints) {
    const limit = (value, most) => Math.min(most, Math.max(0, value));
    const from = this.at;
    const x = limit(from.x + across * STEP * this.ratio, this.canvas.width);
    const y = limit(from.y + down * STEP * this.ratio, this.canvas.height);
    if (paints) {
      this.begin(from);
      this.stroke.points.push({ x, y });
      this.draw(this.stroke);
      this.stroke = null;
    }
    this.point({ x, y });
  }

  point(at) {
    this.at = at;
    this.spot.hidden = false;
    const { style } = this.spot;
    style.width = style.height = `${this.size.value}px`;
    style.left = `${at.x / this.ratio}px`;
    style.top = `${at.y / this.ratio}px`;
  }

  show() {
    for (const name of ["brush", "eraser"]) {
      this.querySelector(`[data-mask="${name}"]`).setAttribute("aria-pressed", String(this.tool === name));
    }
    for (const name of ["undo", "done", "clear"]) this.querySelector(`[data-mask="${name}"]`).disabled = !this.done.length;
  }

  // --- The mask

  async finish() {
    const blob = await new Promise((done) => this.blackAndWhite().toBlob(done, "image/png"));
    const body = new FormData();
    body.append("file", blob, "mask.png");
    body.append("purpose", "mask");
    const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
    const { ok, html } = await fetchHtml(this.dataset.url, { method: "POST", body, headers });
    const errors = this.querySelector(".mask__errors");
    if (!ok) {
      errors.innerHTML = html || word("not_saved");
      return;
    }
    errors.replaceChildren();
    this.dialog.close();
    document.dispatchEvent(new CustomEvent("dock:mask", { detail: { source: this.source, mask: JSON.parse(html) } }));
  }

  blackAndWhite() {
    const made = document.createElement("canvas");
    made.width = this.canvas.width;
    made.height = this.canvas.height;
    const ink = made.getContext("2d");
    const fill = (operation, colour) => {
      ink.globalCompositeOperation = operation;
      ink.fillStyle = colour;
      ink.fillRect(0, 0, made.width, made.height);
    };
    ink.drawImage(this.canvas, 0, 0);
    fill("source-in", "white");
    fill("destination-over", "black");
    return made;
  }
}

customElements.define("mask-painter", MaskPainter);
