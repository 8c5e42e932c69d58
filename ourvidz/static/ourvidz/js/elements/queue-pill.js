// <queue-pill>: "1 running · 2 waiting · ready in 14 s", painted from moments of the feed. The feed
// speaks every two seconds to people who wait, so its silence means that nothing is left; what ends
// between two moments is counted at once.

import { span, word } from "../lib/words.js";

const SILENCE = 7000;
// One that was canceled may have run or waited; the next moment tells.
const ENDS = ["succeeded", "failed"];

class QueuePill extends HTMLElement {
  connectedCallback() {
    this.heard = ({ detail }) => detail.event === "queue.places" && this.show(detail);
    this.ended = ({ detail }) => detail.event === "item.changed" && ENDS.includes(detail.fields.job_status) && this.end();
    document.addEventListener("feed:moment", this.heard);
    document.addEventListener("feed:change", this.ended);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:moment", this.heard);
    document.removeEventListener("feed:change", this.ended);
    clearTimeout(this.timer);
  }

  // One less at work; or, of what ended sooner than it was told to begin, one less that waits.
  end() {
    const { running = 0, waiting = 0 } = this.told ?? {};
    if (running + waiting === 0) return;
    this.show(running ? { ...this.told, running: running - 1 } : { ...this.told, waiting: waiting - 1 });
  }

  show(moment) {
    this.told = moment.fields ?? moment;
    const { running = 0, waiting = 0, paused = 0, ready_in: readyIn } = this.told;
    const pill = this.querySelector(".pill");
    pill.toggleAttribute("data-idle", running + waiting + paused === 0);
    pill.toggleAttribute("data-running", running > 0);
    const counts = { running, queue_waiting: waiting, queue_paused: paused };
    const [first, ...rest] = Object.entries(counts).filter(([, count]) => count).map(([name, count]) => word(name, count));
    if (running + waiting && readyIn != null) rest.push(span("ready", readyIn));
    pill.querySelector("strong").textContent = first ?? word("queue_waiting", 0);
    pill.querySelector(".pill__more").textContent = rest.map((text) => ` · ${text}`).join("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => pill.setAttribute("data-idle", ""), SILENCE);
  }
}

customElements.define("queue-pill", QueuePill);
