// Draws a mark on the photo: while the form is open a stroke of the pointer fills its four numbers.

const panel = document.querySelector("[data-mark]");
const sheet = document.querySelector("[data-sheet]");
const drawn = document.querySelector("[data-drawn]");
const fields = panel?.querySelector("form").elements;
let start = null;

/** The photo point under the pointer, in percent of width and height. */
function at(event) {
  const photo = drawn.ownerSVGElement.getScreenCTM().inverse();
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(photo);
  return [x, y].map((value) => Math.min(Math.max(Math.round(value * 1e4) / 100, 0), 100));
}

function show() {
  const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((name) => fields[name].value / 100);
  const isBox = fields.shape.value === "box";
  const points = isBox ? [x1, y1, x2, y1, x2, y2, x1, y2] : [x1, y1, x2, y2];
  drawn.setAttribute("points", panel.open ? points.join(" ") : "");
}

function onDown(event) {
  if (!panel.open || event.button !== 0 || !event.isPrimary) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  sheet.setPointerCapture(event.pointerId);
  start = at(event);
  [fields.x1.value, fields.y1.value] = start;
  onMove(event);
}

function onMove(event) {
  if (!start) return;
  event.stopImmediatePropagation();
  [fields.x2.value, fields.y2.value] = at(event);
  show();
}

function onUp(event) {
  if (!start) return;
  event.stopImmediatePropagation();
  start = null;
  panel.scrollIntoView({ block: "nearest" });
}

if (panel && sheet) {
  sheet.addEventListener("pointerdown", onDown, true);
  sheet.addEventListener("pointermove", onMove, true);
  sheet.addEventListener("pointerup", onUp, true);
  panel.addEventListener("input", show);
  panel.querySelector("[data-needs-script]").hidden = false;
  panel.addEventListener("toggle", () => {
    document.body.classList.toggle("marking", panel.open);
    show();
  });
}
