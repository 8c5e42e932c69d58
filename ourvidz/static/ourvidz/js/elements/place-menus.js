// Menus open beside the button that opened them, and stay there when the page around them is brought up to
// date. On a phone the stylesheet makes them sheets.

import { placeBeside } from "../lib/dom.js";

const anchorOf = (menu) => document.querySelector(`[popovertarget="${menu.id}"]`);

document.addEventListener(
  "toggle",
  ({ target, newState }) => {
    if (!target.matches?.(".menu[popover]")) return;
    const anchor = anchorOf(target);
    anchor?.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open" && anchor) placeBeside(target, anchor);
  },
  true,
);

document.addEventListener("htmx:after:swap", () => {
  const menu = document.querySelector(".menu:popover-open");
  const anchor = menu && anchorOf(menu);
  if (!anchor) return;
  anchor.setAttribute("aria-expanded", "true");
  placeBeside(menu, anchor);
});
