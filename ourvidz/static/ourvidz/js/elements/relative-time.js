// <relative-time datetime="…">: "2 minutes ago", exact on hover, in the person's language.

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["week", 604800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

const written = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });

class RelativeTime extends HTMLElement {
  connectedCallback() {
    this.paint();
    this.timer = setInterval(() => this.paint(), 60000);
    // Who brings a row to what the server says, brings the server's exact time too.
    this.observer = new MutationObserver(() => this.paint());
    this.observer.observe(this, { childList: true, characterData: true, subtree: true, attributeFilter: ["datetime"] });
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.observer.disconnect();
  }

  paint() {
    const seconds = (new Date(this.getAttribute("datetime")) - Date.now()) / 1000;
    const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
    const value = unit === "second" ? 0 : Math.round(seconds / size);
    const text = written.format(value, unit);
    if (this.textContent !== text) this.textContent = text;
  }
}

customElements.define("relative-time", RelativeTime);
