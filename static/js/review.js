// Keys of the review queue. Every key presses a control that is on the page, so what a key does,
// a finger can do too: `data-key` on a control names its key.

const part = (name) => document.querySelector(`[data-${name}]`);
let answered = false;

function press(key) {
  const causes = part("causes");
  if (/^[1-9]$/.test(key) && !causes?.open) return false;
  const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!control || control.disabled) return false;
  control.matches("input") ? control.focus() : control.click();
  if (control.closest("summary") && causes?.open) causes.querySelector("button")?.focus();
  return true;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const help = part("help");
  const folds = document.querySelectorAll("[data-causes], [data-mark]");
  if (event.key === "Escape") return folds.forEach((fold) => (fold.open = false));
  if (event.target.closest("input:not([type='checkbox'], [type='range']), textarea, select")) return;
  if (event.key === "?") return help?.open ? help.close() : help?.showModal();
  if (help?.open) return;
  if (press(event.key.toLowerCase())) event.preventDefault();
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help-open]")) part("help").showModal();
});

// The causes open where they are seen, below a phone's window too.
document.addEventListener("toggle", ({ target }) => {
  if (target.open && target === part("causes")) target.scrollIntoView({ block: "nearest" });
}, true);

// One answer per photo: a second press while the first is on its way does nothing.
document.addEventListener("submit", (event) => {
  if (answered) event.preventDefault();
  answered = true;
});
// The next photo, and a page brought back by the browser's Back button, may be answered.
document.addEventListener("turned", () => (answered = false));
window.addEventListener("pageshow", () => (answered = false));
