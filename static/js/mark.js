// Draws a mark on the photo: while the form is open a stroke of the pointer fills its four numbers.

const part = (name) => document.querySelector(`[data-${name}]`);
let fields = null; // of the open form
let drawing = false;

/** The photo point under the pointer, in percent of width and height. */
function at(event) {
  const photo = part("drawn").ownerSVGElement.getScreenCTM().inverse();
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(photo);
  return [x, y].map((value) => Math.min(Math.max(Math.round(value * 1e4) / 100, 0), 100));
}

function show() {
  const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((name) => (fields?.[name].value ?? 0) / 100);
  const isBox = fields?.shape.value === "box";
  const points = isBox ? [x1, y1, x2, y1, x2, y2, x1, y2] : [x1, y1, x2, y2];
  part("drawn")?.setAttribute("points", fields ? points.join(" ") : "");
}

function onDown(event) {
  const sheet = event.target.closest("[data-sheet]");
  if (!fields || !sheet || event.button !== 0 || !event.isPrimary) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  sheet.setPointerCapture(event.pointerId);
  drawing = true;
  [fields.x1.value, fields.y1.value] = at(event);
  onMove(event);
}

function onMove(event) {
  if (!drawing) return;
  event.stopImmediatePropagation();
  [fields.x2.value, fields.y2.value] = at(event);
  show();
}

function onUp(event) {
  if (!drawing) return;
  event.stopImmediatePropagation();
  drawing = false;
}

function onToggle({ target }) {
  const panel = part("mark");
  fields = panel?.open ? panel.querySelector("form").elements : null;
  document.body.classList.toggle("marking", Boolean(fields));
  if (fields && target === panel) part("sheet").scrollIntoView({ block: "nearest" });
  show();
}

document.addEventListener("pointerdown", onDown, true);
document.addEventListener("pointermove", onMove, true);
document.addEventListener("pointerup", onUp, true);
document.addEventListener("input", show);
document.addEventListener("toggle", onToggle, true);
document.addEventListener("turned", onToggle);
