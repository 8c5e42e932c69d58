// <prompt-dock>: the form at the bottom. It remembers its draft, writes what its menus hold on their
// buttons, and takes over settings that a row or an example offers ("dock:use").

import { debounce, fetchHtml, followTwin, isTyping } from "../lib/dom.js";
import { recall, recallLater, remember, rememberLater } from "../lib/store.js";
import { span, word } from "../lib/words.js";

// What stands above the dock, however high it is.
const ABOVE = ".page--docked, .fade, .selection--above, .toasts";

// The beginning of a long text, up to its last whole word.
const whole = (text, length) => (text.length > length ? text.slice(0, length).replace(/\S*$/, "") : text);

class PromptDock extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.prompt = this.form.elements.prompt;
    this.messages = this.querySelector("#dock-messages");
    this.restore();
    this.set("project", recallLater("project") ?? "");
    if (!this.form.elements.project.value) this.set("project", "");
    this.show();
    this.listen();
    new ResizeObserver(() => this.measure()).observe(this);
  }

  listen() {
    const checkWords = debounce(() => this.checkWords(), 250);
    this.form.addEventListener("input", ({ target }) => this.changed(target, checkWords));
    this.form.addEventListener("change", () => this.show());
    this.addEventListener("submit", () => this.sending(), true);
    this.form.addEventListener("htmx:finally:request", ({ detail }) => this.answered(detail.ctx));
    document.addEventListener("htmx:error", () => this.complain(word("not_reached")));
    document.addEventListener("htmx:response:error", ({ detail }) => this.refused(detail.ctx));
    document.addEventListener("dock:prefer", ({ detail }) => this.prefer(detail));
    document.addEventListener("session:gone", ({ detail }) => this.carry(detail.go));
    this.prompt.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("click", ({ target }) => this.click(target));
    document.addEventListener("click", ({ target }) => this.offer(target.closest?.("[data-use], [data-prompt]")));
    document.addEventListener("keydown", (event) => this.shortcut(event));
    if (this.prompt.value) checkWords();
  }

  // --- The draft

  get draftKey() {
    return `draft.${this.dataset.session}`;
  }

  values() {
    const values = Object.fromEntries(new FormData(this.form));
    for (const name of ["key", "session", "csrfmiddlewaretoken", "reference", "project"]) delete values[name];
    return values;
  }

  restore() {
    const asked = Object.fromEntries(new URLSearchParams(location.search));
    const carried = recall("carried");
    const kept = recall(this.draftKey) ?? recallLater(this.draftKey);
    // What the library gives may be a part: the rest of the draft stays.
    const draft = carried ? { ...kept, ...carried } : kept;
    remember("carried", null);
    if (asked.prompt) this.take(asked);
    else if (draft) this.fill(draft);
  }

  keep() {
    const values = this.values();
    remember(this.draftKey, values);
    rememberLater(this.draftKey, values);
  }

  // The session was deleted elsewhere: what was written goes along to the one that takes its place.
  carry(go) {
    remember("carried", this.values());
    location.assign(go);
  }

  // The library links here with what the dock is to be filled with; a reload then keeps the draft.
  take(asked) {
    this.fill(asked.seed ? { ...asked, seed_kind: "fixed" } : asked);
    history.replaceState(history.state, "", location.pathname);
  }

  fill({ references, give, ...values }) {
    if (references) document.dispatchEvent(new CustomEvent("dock:references", { detail: references }));
    if (values.preset) this.set("preset", values.preset);
    this.togglePresets();
    if (give) document.dispatchEvent(new CustomEvent("dock:give", { detail: give }));
    for (const [name, value] of Object.entries(values)) this.set(name, value);
    if (values.shape) this.set(`shape.${this.preset?.value}`, values.shape);
    document.dispatchEvent(new CustomEvent("dock:filled"));
    this.grow();
    this.show();
    this.keep();
  }

  set(name, value) {
    const found = this.form.elements.namedItem(name) ?? [];
    const fields = (found.matches ? [found] : [...found]).filter((field) => !field.disabled);
    for (const field of fields) {
      if (field.type === "radio") field.checked = field.value === String(value);
      else if (field.type === "checkbox") field.checked = Boolean(value);
      else field.value = typeof value === "object" ? JSON.stringify(value) : value;
    }
  }

  changed(target, checkWords) {
    followTwin(this, target);
    if (target === this.prompt) {
      this.grow();
      checkWords();
    }
    if (target.name === "content_type") this.choosePreset(target.value);
    if (target.name === "seed") this.set("seed_kind", target.value ? "fixed" : "random");
    this.show();
    if (target.name === "project") rememberLater("project", target.value);
    if (["preset", "count"].includes(target.name)) {
      remember(`${target.name}.${this.values().content_type}`, target.value);
    }
    this.keep();
  }

  // --- What the buttons say

  show() {
    this.togglePresets();
    const preset = this.preset;
    if (!preset) return;
    const { count = "1", seed_kind: kind, seed } = this.values();
    this.label("preset", preset.dataset.name, preset.dataset.quality);
    this.label("count", `×${count}`);
    this.label("seed", kind === "fixed" && seed ? seed : word("random"));
    this.showShape();
    this.label("time", span("about", preset.dataset.seconds * count));
  }

  get preset() {
    return this.form.querySelector('[name="preset"]:checked');
  }

  label(name, text, small = null) {
    const place = this.querySelector(`[data-label="${name}"]`);
    if (!place) return;
    place.textContent = text;
    const more = place.parentNode.querySelector("small");
    if (more && small !== null) more.textContent = small;
  }

  showShape() {
    const chosen = this.form.querySelector('fieldset:not([disabled]) [name^="shape."]:checked');
    if (chosen) this.label("shape", chosen.dataset.ratio);
  }

  // Each kind remembers its model and how many at once; videos take long, so one until told otherwise.
  choosePreset(kind) {
    this.set("count", recall(`count.${kind}`) ?? (kind === "video" ? 1 : 4));
    const choices = [...this.form.querySelectorAll(`[data-kind="${kind}"] [name="preset"]`)];
    const last = recall(`preset.${kind}`);
    const chosen = choices.find((choice) => choice.value === last) ?? choices[0];
    if (chosen) chosen.checked = true;
  }

  // A model that can do what is wanted: the chosen one, the one that made the picture, or the first.
  prefer({ can, model }) {
    const able = [...this.form.querySelectorAll(`[name="preset"][data-can~="${can}"]`)];
    const best = able.find((one) => one.checked) ?? able.find((one) => one.value === model) ?? able[0];
    if (!best) return;
    this.set("content_type", best.closest("[data-kind]").dataset.kind);
    best.checked = true;
    best.dispatchEvent(new Event("change", { bubbles: true }));
    this.keep();
  }

  togglePresets() {
    const kind = this.form.querySelector('[name="content_type"]:checked')?.value;
    const slug = this.preset?.value;
    for (const set of this.form.querySelectorAll("[data-preset]")) {
      set.disabled = set.hidden = set.dataset.preset !== slug;
    }
    for (const choice of this.form.querySelectorAll("[data-kind]")) {
      choice.hidden = choice.dataset.kind !== kind;
    }
  }

  // --- Sending

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
    // To the cards, as though what had the focus were gone.
    if (event.key === "Escape" && !event.isComposing) document.dispatchEvent(new CustomEvent("focus:lost"));
    if (event.key === "ArrowUp" && event.altKey) this.recallPrompt(1);
    if (event.key === "ArrowDown" && event.altKey) this.recallPrompt(-1);
  }

  // The same request twice is one; another one, while the first is under way, has a key of its own.
  sending() {
    const asked = new FormData(this.form);
    asked.delete("key");
    const text = JSON.stringify([...asked]);
    if (this.asked && this.asked !== text) this.form.elements.key.value = crypto.randomUUID();
    this.asked = text;
  }

  answered({ response }) {
    if (!response) return;
    if (response.status < 400) this.sent();
    else this.showField(this.querySelector("#dock-errors [data-field]")?.dataset.field);
  }

  sent() {
    const { prompt } = this.values();
    remember("prompts", [prompt, ...(recall("prompts") ?? []).filter((old) => old !== prompt)].slice(0, 50));
    this.past = 0;
    this.asked = null;
    this.form.elements.key.value = crypto.randomUUID();
    this.querySelector("#dock-recall").replaceChildren();
    this.clearErrors();
    scrollTo({ top: 0, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  // The message stands in the dock; the field it is about is marked, and shown if a menu hides it.
  showField(name) {
    const field = name && (this.form.elements[name] ?? this.form.elements[`p.${name}`]);
    const input = field?.length && !field.matches ? [...field].find((each) => !each.disabled) : field;
    if (!input?.matches) return;
    input.setAttribute("aria-invalid", "true");
    input.closest("[popover]")?.showPopover();
    input.focus();
  }

  refused({ response, sourceElement }) {
    if (response.status >= 500) this.complain(word("too_much"));
    else if (!this.contains(sourceElement)) this.clearErrors();
  }

  clearErrors() {
    this.querySelector("#dock-errors").replaceChildren();
    this.form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  }

  complain(text) {
    const line = document.createElement("p");
    line.className = "field__error";
    line.textContent = text;
    this.querySelector("#dock-errors").replaceChildren(line);
  }

  recallPrompt(step) {
    const prompts = recall("prompts") ?? [];
    this.past = Math.max(0, Math.min(prompts.length, (this.past ?? 0) + step));
    if (this.past) this.fill({ prompt: prompts[this.past - 1] });
  }

  // --- Words, examples, settings of others

  async checkWords() {
    const { preset, prompt } = this.values();
    const query = String(new URLSearchParams({ preset, prompt: whole(prompt, 4000) }));
    if (!preset || query === this.checked) return;
    const { ok, html } = await fetchHtml(`${this.dataset.words}?${query}`);
    if (!ok || this.prompt.value !== prompt) return;
    this.checked = query;
    this.querySelector("#dock-words").innerHTML = html;
  }

  click(target) {
    const unavailable = target.closest(".segment")?.querySelector('[aria-disabled="true"]');
    if (unavailable) this.complain(unavailable.dataset.why);
    const known = target.closest("[data-word]");
    if (known) this.addWord(known.dataset.word);
    if (target.closest("[data-recalled]")) target.closest(".recall").remove();
    if (target.closest("[data-dice]")) this.fill({ seed: "", seed_kind: "random" });
  }

  addWord(text) {
    const before = this.prompt.value.trimEnd();
    this.fill({ prompt: before ? `${before} ${text}` : text });
    this.checkWords();
  }

  offer(button) {
    if (!button) return;
    const { use, prompt } = button.dataset;
    this.fill(use ? JSON.parse(use) : { prompt });
    if (button.closest(".recall")) button.setAttribute("aria-pressed", "true");
    this.clearErrors();
    this.checkWords();
    this.prompt.focus();
  }

  shortcut(event) {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "/" && event.key !== "p") return;
    event.preventDefault();
    this.prompt.focus();
  }

  // --- Geometry

  grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.prompt.style.height = "auto";
    this.prompt.style.height = `${this.prompt.scrollHeight}px`;
  }

  measure() {
    const height = `${this.offsetHeight}px`;
    for (const place of document.querySelectorAll(ABOVE)) place.style.setProperty("--dock-height", height);
  }
}

customElements.define("prompt-dock", PromptDock);
