// <live-feed data-head data-url>: the one socket of this tab. It tells the document
//   feed:change {seq, event, ids, fields}: rows changed; fetch how they look;
//   feed:moment {event, fields}: only true now; paint it;
//   feed:gap {from, to}: changes were missed; fetch once more what is shown;
//   feed:state {state}: connecting, live or offline, which data-state says too.
// It comes back by itself, however it was lost.

import { painted } from "../lib/painted.js";
import { recall, remember } from "../lib/store.js";

const NOT_SIGNED_IN = 4401;
// Milliseconds. The server's heart beats every 25 s; two beats may be missed.
const SILENCE = 60_000;
const ANSWER = 8_000;
const LATELY = 5_000;
// Of two transactions, the later one may be told first: so long is the earlier one waited for.
const OVERTAKEN = 300;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
const RELOADS_APART = 60_000;

class LiveFeed extends HTMLElement {
  connectedCallback() {
    this.head = Number(this.dataset.head) || 0;
    this.told = this.head;
    this.early = new Map();
    this.tries = 0;
    this.show("connecting");
    // The tab saw more than this page knows: the page was kept by the browser.
    const seen = recall("head");
    if (seen > this.head) setTimeout(() => this.tell("gap", { from: this.head, to: seen }));
    this.listening = new AbortController();
    const { signal } = this.listening;
    addEventListener("online", () => this.wake(), { signal });
    addEventListener("offline", () => this.wake(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.wake(), { signal });
    addEventListener("pagehide", () => this.close(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.wake(LATELY), { signal });
    painted.then(() => this.isConnected && !this.socket && this.open());
  }

  disconnectedCallback() {
    this.listening.abort();
    this.close();
  }

  open() {
    clearTimeout(this.reopening);
    const url = new URL(this.dataset.url || "/ws/", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(url));
    socket.onopen = () => socket === this.socket && this.greet();
    socket.onmessage = ({ data }) => socket === this.socket && this.hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.lose(socket, code);
    this.expect(ANSWER);
  }

  close() {
    clearTimeout(this.reopening);
    clearTimeout(this.watch);
    const { socket } = this;
    this.socket = null;
    this.lost = true;
    socket?.close();
  }

  // Something about the network or the tab changed: ask the socket, unless it spoke within the time
  // given; where there is none, try again without a pause.
  wake(lately = 0) {
    this.tries = 0;
    if (!this.socket) this.open();
    else if (this.socket.readyState !== WebSocket.OPEN) return;
    else if (Date.now() - this.heard >= lately) this.greet();
  }

  greet() {
    this.socket.send(JSON.stringify({ type: "hello", head: this.head }));
    this.expect(ANSWER);
  }

  // Closing a dead socket can take minutes, so nobody waits for it.
  expect(milliseconds) {
    clearTimeout(this.watch);
    const { socket } = this;
    this.watch = setTimeout(() => {
      this.lose(socket);
      socket.close();
    }, milliseconds);
  }

  lose(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.lost = true;
    clearTimeout(this.watch);
    this.show("offline");
    const pause = Math.min(FIRST_PAUSE * 2 ** this.tries++, LONGEST_PAUSE);
    this.reopening = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
    if (code === NOT_SIGNED_IN) this.signedOut();
  }

  // The server shows the sign-in form; never in a circle, whatever is wrong.
  signedOut() {
    if (Date.now() - (recall("reloaded") ?? 0) < RELOADS_APART) return;
    remember("reloaded", Date.now());
    location.reload();
  }

  hear(message) {
    this.heard = Date.now();
    this.expect(SILENCE);
    const { type, head } = message;
    if (type === "hello") this.arrive(head);
    else if (type === "heartbeat") this.wait(head);
    else if (type === "moment") this.tell("moment", message);
    else if (type === "change" && message.seq > this.head) {
      this.early.set(message.seq, message);
      this.wait(message.seq);
    }
  }

  // After a loss everything is fetched, since a fetch may have been lost with the socket.
  arrive(head) {
    this.tries = 0;
    const first = this.dataset.state !== "live";
    if (this.lost || head < this.head || (first && head > this.head)) this.skip(head);
    else this.wait(head);
    this.lost = false;
    this.show("live");
  }

  // The feed has come to `seq`: tell what is next in line, and wait a little for what is not here.
  wait(seq) {
    this.told = Math.max(this.told, seq);
    for (let next; (next = this.early.get(this.head + 1)); ) {
      this.early.delete(next.seq);
      this.keep(next.seq);
      this.tell("change", next);
    }
    if (this.told <= this.head) return;
    this.patience ??= setTimeout(() => {
      this.patience = null;
      if (this.told > this.head) this.skip(this.told);
    }, OVERTAKEN);
  }

  skip(to) {
    const from = this.head;
    this.told = to;
    this.early.clear();
    this.keep(to);
    this.tell("gap", { from, to });
  }

  keep(head) {
    this.head = head;
    remember("head", head);
  }

  show(state) {
    if (this.dataset.state === state) return;
    this.dataset.state = state;
    this.tell("state", { state });
  }

  tell(what, detail) {
    document.dispatchEvent(new CustomEvent(`feed:${what}`, { detail }));
  }
}

customElements.define("live-feed", LiveFeed);
