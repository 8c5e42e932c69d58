// <offline-banner>: says that the network or the server is gone, and leaves by itself when it is back.
// A reconnect of a moment is not worth a word.

const PATIENCE = 2500;

class OfflineBanner extends HTMLElement {
  connectedCallback() {
    addEventListener("offline", () => this.show(true));
    addEventListener("online", () => this.show(false));
    document.addEventListener("feed:state", ({ detail }) => this.follow(detail.state));
    this.show(!navigator.onLine);
  }

  follow(state) {
    clearTimeout(this.timer);
    if (state === "live") this.show(false);
    if (state === "offline") this.timer = setTimeout(() => this.show(true), PATIENCE);
  }

  show(gone) {
    this.hidden = !gone;
  }
}

customElements.define("offline-banner", OfflineBanner);
