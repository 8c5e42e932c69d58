// <item-card>: a tile that follows its item. Moments (steps, previews, places in line) paint directly;
// a change of the item is fetched and morphed.

import { cardNow } from "../lib/cards.js";
import { morph } from "../lib/dom.js";
import { madeCard } from "../lib/made_card.js";
import { span, word } from "../lib/words.js";

const PATIENCE = 250; // milliseconds

class ItemCard extends HTMLElement {
  get frame() {
    return this.querySelector(".card");
  }

  async refresh() {
    // Its row may have left meanwhile: what is gone is not asked for.
    if (!this.isConnected) return;
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    const asked = cardNow(this.frame.dataset.item, this.dataset.url);
    const { ok, status, html } = await asked.finally(() => (this.fetching = false));
    if (status === 404) this.leave();
    else if (ok) await this.become(html);
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  get making() {
    return this.frame?.dataset.status === "generating";
  }

  // The row beside it tells the size and the words: where those are others now, the row is fetched too.
  async become(html) {
    const told = () => this.querySelector(".card__space")?.getAttribute("viewBox") + this.frame?.ariaLabel;
    const [before, wasMaking] = [told(), this.making];
    await morph(this, html);
    if (wasMaking && !this.making) this.arrive();
    if (told() !== before || (this.making && !wasMaking)) document.dispatchEvent(new CustomEvent("page:refresh"));
    else if (wasMaking && !this.making) document.dispatchEvent(new CustomEvent("batches:changed"));
  }

  // Only what was waited for comes softly: a page that opens shows its pictures at once.
  arrive() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.querySelector(".card__media img")?.animate({ opacity: [0, 1] }, { duration: 180, easing: "ease-out" });
  }

  // That its job began changes one word here, and what can be done with what waits is over; everything
  // else is fetched.
  follow({ status, job_status, picture } = {}) {
    const { dataset } = this.frame;
    // Often all that wait are canceled because their session is cleared: they leave a moment later.
    if (job_status === "canceled") return this.later();
    if (picture && this.fetchPicture(picture)) return this.later();
    const begins = dataset.jobStatus === "queued" && job_status === "running" && dataset.status === status;
    if (!begins || this.fetching) return this.refresh();
    dataset.jobStatus = job_status;
    this.dropTools();
    this.showPlate(word("starting"));
  }

  // What was waited for is asked for first and alone: fetched beside each other, both come later.
  // Returns whether the card can do without its text until then.
  fetchPicture(source) {
    const picture = new Image();
    const html = this.making && !this.fetching ? madeCard(this.frame, source) : null;
    if (html) picture.onload = () => this.making && !this.fetching && this.become(html);
    picture.src = source;
    return Boolean(html);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), PATIENCE);
  }

  dropTools() {
    const tools = this.querySelector(".card__tools");
    const hadFocus = tools?.contains(document.activeElement);
    tools?.remove();
    if (hadFocus) this.frame.focus();
  }

  leave() {
    const batch = this.closest(".batch");
    this.remove();
    if (batch && !batch.querySelector("item-card")) batch.remove();
    document.dispatchEvent(new CustomEvent("batches:changed"));
  }

  showProgress({ step, of, preview }) {
    if (!this.making) return;
    const percent = Math.round((100 * step) / Math.max(of, 1));
    const ring = this.querySelector(".card__ring");
    ring.hidden = false;
    ring.setAttribute("aria-valuenow", percent);
    ring.querySelector("circle:last-child").setAttribute("stroke-dasharray", `${percent} 100`);
    ring.querySelector("span").textContent = `${percent}%`;
    this.showPlate();
    if (preview) this.showPreview(preview);
  }

  showPreview(source) {
    const picture = this.querySelector(".card__preview");
    picture.src = source;
    picture.hidden = false;
  }

  showPlace({ place, seconds }) {
    const { jobStatus, paused } = this.frame.dataset;
    if (jobStatus !== "queued" || paused !== undefined) return;
    const lines = [place === 1 ? word("next") : word("place", place)];
    if (seconds != null) lines.push(span("in", seconds));
    this.showPlate(...lines);
  }

  showPlate(...lines) {
    const spans = lines.map((text) => Object.assign(document.createElement("span"), { textContent: text }));
    this.querySelector(".card__plate")?.replaceChildren(...spans);
  }
}

customElements.define("item-card", ItemCard);
