// <queue-pill>: "1 running · 2 waiting · ready in 14 s", painted from moments of the feed. The feed
// speaks every two seconds to people who wait, so its silence means that nothing is left.

import { span, word } from "../lib/words.js";

const SILENCE = 7000;

class QueuePill extends HTMLElement {
  connectedCallback() {
    this.heard = ({ detail }) => detail.event === "queue.places" && this.show(detail);
    document.addEventListener("feed:moment", this.heard);
  }

  disconnectedCallback() {
    document.removeEventListener("feed:moment", this.heard);
    clearTimeout(this.timer);
  }

  show(moment) {
    const { running = 0, waiting = 0, paused = 0, ready_in: readyIn } = moment.fields ?? moment;
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
