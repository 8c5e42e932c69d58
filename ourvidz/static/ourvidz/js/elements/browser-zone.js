// <browser-zone>: fills its hidden field with the browser's time zone, so that times are right from the
// first page on.

class BrowserZone extends HTMLElement {
  connectedCallback() {
    this.querySelector("input").value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }
}

customElements.define("browser-zone", BrowserZone);
