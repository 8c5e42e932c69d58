// htmx looks through the whole page for its attributes when it begins. That waits for the first paint; what
// comes later is looked through at once.

import { painted } from "./painted.js";

function postpone(event) {
  if (event.target !== document.body) return;
  event.preventDefault();
  painted.then(() => window.htmx.process(document.body));
}

document.addEventListener("htmx:before:process", postpone, { once: true });
