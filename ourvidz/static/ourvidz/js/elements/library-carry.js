// Links with data-carry take something along to the workspace's dock: what is to be filled in, or a picture
// to start from. Without scripts they lead to what their address alone can say.

import { remember } from "../lib/store.js";

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-carry]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  remember("carried", JSON.parse(link.dataset.carry));
  location.assign(new URL(link.href).pathname);
});
