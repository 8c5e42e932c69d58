// Buttons with data-opens open the dialog of that id; data-close closes the dialog it stands in.

document.addEventListener("click", ({ target }) => {
  const opener = target.closest?.("[data-opens]");
  const closer = target.closest?.("dialog [data-close]");
  if (opener) {
    opener.closest("[popover]")?.hidePopover();
    document.getElementById(opener.dataset.opens)?.showModal();
  }
  closer?.closest("dialog").close();
});
