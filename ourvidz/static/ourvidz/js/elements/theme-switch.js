// <theme-switch>: walks through system, light, dark. The server reads the cookie, so the next page
// comes in the right theme from its first byte.

import { post } from "../lib/dom.js";
import { word } from "../lib/words.js";

const THEMES = ["system", "light", "dark"];

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    this.button.addEventListener("click", () => this.choose(this.next));
    this.label(document.documentElement.dataset.theme);
  }

  get next() {
    const current = document.documentElement.dataset.theme;
    return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
  }

  choose(theme) {
    document.documentElement.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    this.label(theme);
    if (this.dataset.url) post(this.dataset.url, { theme });
  }

  label(theme) {
    this.dataset.theme = theme;
    this.button.title = word(`theme_${theme}`);
    this.button.setAttribute("aria-label", word(`theme_${theme}`));
  }
}

customElements.define("theme-switch", ThemeSwitch);
