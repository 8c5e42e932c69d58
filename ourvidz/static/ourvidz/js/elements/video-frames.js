// <video-frames data-fps>: the bar of a video, or of several that move together: play, one frame back and
// on, scrub, loop. Its markup is _frames_bar.html; the first video leads.

class VideoFrames extends HTMLElement {
  connectedCallback() {
    this.scrub = this.querySelector(".frames input[type=range]");
    if (this.listens || !this.scrub) return;
    this.listens = true;
    this.scrub.addEventListener("input", () => this.seek(this.scrub.value / 1000));
    this.addEventListener("click", ({ target }) => this.act(target.closest("[data-frame]")?.dataset.frame));
    const { leader } = this;
    for (const name of ["loadedmetadata", "seeked", "pause"]) leader.addEventListener(name, () => this.show());
    leader.addEventListener("play", () => this.run());
    leader.addEventListener("ended", () => this.show());
    if (leader.readyState) this.show();
  }

  get videos() {
    return [...this.querySelectorAll("video")];
  }

  get leader() {
    return this.querySelector("video");
  }

  get fps() {
    return Number(this.dataset.fps) || 16;
  }

  get count() {
    return Math.max(1, Math.round((this.leader.duration || 0) * this.fps));
  }

  get frame() {
    return Math.min(this.count - 1, Math.floor(this.leader.currentTime * this.fps + 0.001));
  }

  act(name) {
    if (!name) return;
    if (name === "play") this.toggle();
    else if (name === "loop") this.loop();
    else this.step(Number(name));
  }

  toggle() {
    const { paused } = this.leader;
    for (const video of this.videos) paused ? video.play().catch(() => {}) : video.pause();
    if (!paused) this.together();
  }

  loop() {
    const on = !this.leader.loop;
    for (const video of this.videos) video.loop = on;
    this.show();
  }

  // The middle of a frame is shown as that frame by every browser.
  step(by) {
    this.seekTo((this.frame + by + this.count) % this.count);
  }

  seek(part) {
    this.seekTo(Math.min(this.count - 1, Math.floor(part * this.count)));
  }

  seekTo(frame) {
    for (const video of this.videos) {
      video.pause();
      video.currentTime = (frame + 0.5) / this.fps;
    }
  }

  together() {
    for (const video of this.videos) video.currentTime = this.leader.currentTime;
  }

  run() {
    this.show();
    if (this.leader.paused || !this.isConnected) return;
    for (const video of this.videos) {
      if (Math.abs(video.currentTime - this.leader.currentTime) > 0.15) video.currentTime = this.leader.currentTime;
    }
    requestAnimationFrame(() => this.run());
  }

  show() {
    const { paused, loop } = this.leader;
    this.scrub.value = this.count > 1 ? (1000 * this.frame) / (this.count - 1) : 0;
    this.scrub.ariaValueText = `${this.frame + 1} / ${this.count}`;
    this.querySelector(".frames output").value = `${this.frame + 1} / ${this.count}`;
    this.querySelector('[data-frame="play"]').toggleAttribute("data-playing", !paused);
    this.querySelector('[data-frame="loop"]').setAttribute("aria-pressed", String(loop));
  }
}

customElements.define("video-frames", VideoFrames);
