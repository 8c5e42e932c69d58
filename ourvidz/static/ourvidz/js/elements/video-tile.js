// <video-tile>: a video in a tile. It moves while it is pointed at or its card has the focus, and stands
// still otherwise: many videos at once would make the page and the laptop warm.

class VideoTile extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.listening = new AbortController();
    const listen = (name, act) => this.closest("article").addEventListener(name, act, this.listening);
    for (const name of ["pointerenter", "focusin"]) listen(name, () => this.play());
    for (const name of ["pointerleave", "focusout"]) listen(name, () => this.rest());
  }

  disconnectedCallback() {
    this.listening.abort();
  }

  play() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.video.play().catch(() => {});
  }

  rest() {
    this.video.pause();
    this.video.currentTime = 0;
  }
}

customElements.define("video-tile", VideoTile);
