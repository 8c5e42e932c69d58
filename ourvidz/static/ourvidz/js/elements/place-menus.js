// Menus open beside the button that opened them. On a phone the stylesheet makes them sheets.

import { placeBeside } from "../lib/dom.js";

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    if (!target.matches?.(".menu[popover]")) return;
    const anchor = document.querySelector(`[popovertarget="${target.id}"]`);
    anchor?.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open" && anchor) placeBeside(target, anchor);
  },
  true,
);
