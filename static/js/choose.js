// The contact sheet: counts what is chosen, chooses a whole page, and a range with the Shift key.

const form = document.querySelector("[data-choose]");
const boxes = [...(form?.querySelectorAll('input[name="photo"]') ?? [])];
const all = form?.querySelector("[data-all]");
let last = null;

function count() {
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelector("[data-chosen]").textContent = interpolate(gettext("%s of %s chosen"), [chosen, boxes.length]);
  all.checked = chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
}

function onClick(event) {
  const here = boxes.indexOf(event.target);
  if (event.shiftKey && last !== null) {
    const [from, to] = [Math.min(here, last), Math.max(here, last)];
    boxes.slice(from, to + 1).forEach((box) => (box.checked = event.target.checked));
  }
  last = here;
  count();
}

if (form) {
  all.closest("label").hidden = false;
  boxes.forEach((box) => box.addEventListener("click", onClick));
  all.addEventListener("change", () => {
    boxes.forEach((box) => (box.checked = all.checked));
    count();
  });
  count();
}
