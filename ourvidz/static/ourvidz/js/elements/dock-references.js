// <dock-references>: the pictures that the dock starts from. They are chosen, dropped, pasted, or sent
// by a card ("dock:give"); what the chosen model cannot take is shown and left out.

import { fetchHtml, placeBeside } from "../lib/dom.js";
import { complain } from "../lib/library_actions.js";
import { recall, remember } from "../lib/store.js";
import { word } from "../lib/words.js";

const ROLES = { image: /image_to_image|edit|image_to_video|upscale\b|inpaint/, mask: /inpaint/, video: /continue_video|upscale_video/ };
const BEGINNING = 512 * 1024; // of a video: what we make says first how it was made

class DockReferences extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.list = this.querySelector("ul");
    for (const one of recall(this.key) ?? []) this.add(one);
    this.form.addEventListener("change", () => this.show());
    this.addEventListener("input", ({ target }) => this.tune(target.closest(".given")));
    this.addEventListener("click", ({ target }) => target.closest(".given__remove") && this.remove(target));
    document.addEventListener("dock:give", ({ detail }) => this.give(detail));
    this.addEventListener("click", ({ target }) => this.paint(target.closest(".given__paint")));
    document.addEventListener("dock:mask", ({ detail }) => this.mask(detail));
    document.addEventListener("dock:references", ({ detail }) => this.replace(detail));
    document.addEventListener("click", ({ target }) => this.pick(target.closest?.("#picker [data-give]")));
    this.picker.addEventListener("toggle", ({ newState }) => newState === "open" && this.fill());
    this.picker.querySelector("[data-upload]").addEventListener("change", ({ target }) => this.choose(target));
    document.addEventListener("dragover", (event) => this.over(event));
    document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || this.light(false));
    document.addEventListener("drop", (event) => this.take(event, event.dataTransfer));
    document.addEventListener("paste", (event) => this.take(event, event.clipboardData));
    this.list.addEventListener("keydown", (event) => this.order(event));
    this.list.addEventListener("dragstart", ({ target }) => (this.dragged = target.closest(".given")));
    this.list.addEventListener("dragover", (event) => this.drag(event));
    this.list.addEventListener("dragend", () => this.ordered());
    document.addEventListener("dragstart", ({ target }) => this.carry(target.closest?.("batch-list .card")));
    document.addEventListener("dragend", () => this.letGo());
    this.show();
  }

  // Models that take several look at them in this order.
  order(event) {
    const chip = event.target.closest(".given");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (["Delete", "Backspace"].includes(event.key) && event.target === chip) return this.remove(chip);
    if (!event.altKey || !step || event.target !== chip) return;
    event.preventDefault();
    const other = step < 0 ? chip.previousElementSibling : chip.nextElementSibling;
    other?.[step < 0 ? "before" : "after"](chip);
    chip.focus();
    this.keep();
  }

  drag(event) {
    const over = event.target.closest(".given");
    if (!this.dragged || this.hasFiles(event.dataTransfer) || !over || over === this.dragged) return;
    event.preventDefault();
    const chips = [...this.list.children];
    over[chips.indexOf(over) < chips.indexOf(this.dragged) ? "before" : "after"](this.dragged);
  }

  ordered() {
    this.dragged = null;
    this.keep();
  }

  // A picture of this page is dragged: it is given as it is, not uploaded once more.
  carry(card) {
    const picture = card?.querySelector(".card__media :is(img, video)");
    if (!picture) return;
    const { item: id, kind: role } = card.dataset;
    this.carried = { id, role, url: picture.poster || picture.src, name: card.ariaLabel };
  }

  over(event) {
    if (!this.carried && !this.hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.light(true);
  }

  letGo() {
    this.carried = null;
    this.light(false);
  }

  light(on) {
    this.form.toggleAttribute("data-over", on);
  }

  get key() {
    return `references.${this.dataset.session}`;
  }

  get picker() {
    return this.form.querySelector("#picker");
  }

  get preset() {
    return this.form.querySelector('[name="preset"]:checked');
  }

  hasFiles(transfer) {
    return [...(transfer?.types ?? [])].includes("Files");
  }

  take(event, transfer) {
    this.light(false);
    // What a table or a letter puts on the clipboard has a picture beside its text: the text is meant.
    const hasText = event.type === "paste" && transfer?.types.includes("text/plain");
    if (!this.carried && (!this.hasFiles(transfer) || hasText)) return;
    event.preventDefault();
    if (this.carried) this.give(this.carried);
    else this.uploadAll(transfer.files);
  }

  async choose(input) {
    this.picker.hidePopover();
    await this.uploadAll([...input.files]);
    input.value = "";
  }

  async uploadAll(files) {
    for (const file of files) await this.upload(file);
  }

  async send(url, file) {
    const body = new FormData();
    body.append("file", file, file.name ?? "beginning.mp4");
    const headers = { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
    return fetchHtml(url, { method: "POST", body, headers });
  }

  async upload(file) {
    if (file.type.startsWith("video/")) return this.recall(file);
    const { ok, status, html } = await this.send(this.dataset.upload, file);
    if (!status) return complain(status, html);
    const errors = document.getElementById("dock-errors");
    if (!ok) {
      errors.innerHTML = html;
      return;
    }
    errors.replaceChildren();
    const { recall: offer, ...one } = JSON.parse(html);
    document.getElementById("dock-recall").innerHTML = offer;
    this.give(one);
  }

  // A video is not uploaded, whatever its length: only its beginning is asked how it was made.
  async recall(file) {
    const { ok, status, html } = await this.send(this.dataset.recall, file.slice(0, BEGINNING));
    if (!status) return complain(status, html);
    const line = Object.assign(document.createElement("p"), { className: "field__error", textContent: word("no_video") });
    document.getElementById("dock-errors").replaceChildren(...(ok && html ? [] : [line]));
    document.getElementById("dock-recall").innerHTML = ok ? html : "";
  }

  pick(button) {
    if (!button) return;
    const { give: id, role, picture: url } = button.dataset;
    this.give({ id, role, url, name: button.title });
    this.picker.hidePopover();
  }

  async fill() {
    const { ok, html } = await fetchHtml(this.dataset.picker);
    if (!ok) return;
    this.picker.querySelector("[data-pictures]").innerHTML = html;
    const can = this.preset?.dataset.can ?? "";
    for (const one of this.picker.querySelectorAll("[data-give]")) one.hidden = !ROLES[one.dataset.role].test(can);
    placeBeside(this.picker, this.form.querySelector('[popovertarget="picker"]'));
  }

  // A newer picture takes the place of the oldest where the model takes no more.
  give(one) {
    if (this.querySelector(`[data-id="${one.id}"]`)) return;
    const most = Math.max(1, Number(this.preset?.dataset.takes ?? 1));
    const given = () => this.list.querySelectorAll('.given:not([data-role="mask"])');
    while (given().length >= most) this.drop(given()[0]);
    this.add(one);
    this.keep();
    this.form.elements.prompt.focus();
  }

  // A mask belongs to the first picture, and goes with it.
  drop(chip) {
    const first = this.list.querySelector('[data-role="image"]');
    if (chip === first) this.list.querySelector('[data-role="mask"]')?.remove();
    chip.remove();
  }

  paint(button) {
    const chip = button?.closest(".given");
    if (!chip) return;
    const { id, role, name } = chip.dataset;
    const detail = { id, role, name, url: `/media/${id}/original`, thumbnail: chip.querySelector("img").src };
    document.dispatchEvent(new CustomEvent("mask:paint", { detail }));
  }

  mask({ source, mask }) {
    document.dispatchEvent(new CustomEvent("dock:prefer", { detail: { can: "inpaint", model: source.model } }));
    for (const chip of [...this.list.children]) if (chip.dataset.id !== source.id) chip.remove();
    if (!this.list.children.length) this.add({ ...source, url: source.thumbnail ?? source.url });
    const range = this.list.firstElementChild.querySelector("input[type=range]");
    range.value = 1;
    this.tune(this.list.firstElementChild);
    this.add(mask);
    this.keep();
    this.form.elements.prompt.focus();
  }

  replace(given) {
    this.list.replaceChildren();
    for (const one of given) this.add(one);
    this.keep();
  }

  add({ id, role, url, name, strength = "0.6" }) {
    const chip = this.querySelector("template").content.firstElementChild.cloneNode(true);
    Object.assign(chip.dataset, { id, role, name: name ?? "" });
    Object.assign(chip.querySelector("img"), { src: url, alt: name ?? "" });
    chip.querySelector("input[type=range]").value = strength;
    this.list.append(chip);
    this.tune(chip);
  }

  tune(chip) {
    if (!chip) return;
    const range = chip.querySelector("input[type=range]");
    chip.querySelector("output").value = `${Math.round(range.value * 100)} %`;
    this.keep();
  }

  remove(target) {
    this.drop(target.closest(".given"));
    this.keep();
    this.form.elements.prompt.focus();
  }

  keep() {
    const chips = [...this.list.children].map((chip) => ({
      id: chip.dataset.id,
      role: chip.dataset.role,
      name: chip.dataset.name,
      url: chip.querySelector("img").src,
      strength: chip.querySelector("input[type=range]").value,
    }));
    remember(this.key, chips);
    this.show();
  }

  show() {
    const can = this.preset?.dataset.can ?? "";
    for (const chip of this.list.children) this.showChip(chip, can);
    this.list.hidden = !this.list.children.length;
    this.querySelector("p").hidden = !this.list.querySelector("[data-unusable]");
    const button = this.form.querySelector("button[data-takes]");
    button.disabled = !ROLES.image.test(can) && !ROLES.video.test(can);
  }

  showChip(chip, can) {
    const usable = ROLES[chip.dataset.role].test(can);
    const tunable = chip.dataset.role === "image" && can.includes("image_to_image");
    const input = chip.querySelector("[name=reference]");
    const { value } = chip.querySelector("input[type=range]");
    chip.toggleAttribute("data-unusable", !usable);
    chip.querySelector("label").hidden = !tunable;
    const first = chip === this.list.querySelector('[data-role="image"]');
    const canPaint = document.querySelector('[name="preset"][data-can~="inpaint"]');
    chip.querySelector(".given__paint").hidden = !first || !canPaint;
    input.disabled = !usable;
    input.value = [chip.dataset.id, chip.dataset.role, ...(tunable ? [value] : [])].join(":");
  }
}

customElements.define("dock-references", DockReferences);
