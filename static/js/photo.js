// The photo viewer: zoom and pan by wheel, drag, pinch and keys; overlay strength; previous and next.
// The sheet is one SVG in photo pixels, so photo, evidence and outlines can never drift apart:
// zooming only moves its viewBox.

const MAX_ZOOM_OF_PIXEL = 4; // one photo pixel never grows beyond this many screen pixels

class Viewer {
  constructor(root) {
    this.root = root;
    this.sheet = root.querySelector("[data-sheet]");
    this.photo = root.querySelector("[data-photo]");
    this.level = root.querySelector("[data-zoom-level]");
    this.width = this.sheet.viewBox.baseVal.width;
    this.height = this.sheet.viewBox.baseVal.height;
    this.pointers = new Map();
    this.zoom = 1;
    this.centre = { x: this.width / 2, y: this.height / 2 };
    root.classList.add("zooms");
    root.querySelectorAll("[data-needs-script]").forEach((part) => (part.hidden = false));
    this.listen();
    rememberOverlay(root);
    new ResizeObserver(() => this.draw()).observe(this.sheet);
  }

  listen() {
    const on = (type, handler, options) => this.sheet.addEventListener(type, handler, options);
    on("wheel", (event) => this.onWheel(event), { passive: false });
    on("dblclick", (event) => this.onDoubleClick(event));
    on("pointerdown", (event) => this.onDown(event));
    on("pointermove", (event) => this.onMove(event));
    on("pointerup", (event) => this.onUp(event));
    on("pointercancel", (event) => this.onUp(event));
    for (const button of this.root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.step(button.dataset.zoom));
    }
  }

  /** Screen pixels per photo pixel where the whole photo is shown. */
  get fit() {
    const box = this.sheet.getBoundingClientRect();
    return Math.min(box.width / this.width, box.height / this.height);
  }

  get maximum() {
    return Math.max(MAX_ZOOM_OF_PIXEL / this.fit, 2);
  }

  /** The photo point under a screen point. */
  at(clientX, clientY) {
    const box = this.sheet.getBoundingClientRect();
    const scale = this.fit * this.zoom;
    return {
      x: this.centre.x + (clientX - box.left - box.width / 2) / scale,
      y: this.centre.y + (clientY - box.top - box.height / 2) / scale,
    };
  }

  zoomTo(zoom, clientX, clientY) {
    const before = this.at(clientX, clientY);
    this.zoom = Math.min(Math.max(zoom, 1), this.maximum);
    const after = this.at(clientX, clientY);
    this.move(before.x - after.x, before.y - after.y);
  }

  move(x, y) {
    this.centre = { x: this.centre.x + x, y: this.centre.y + y };
    this.draw();
  }

  /** Show the same part of the photo, by shares of its width and height, as another viewer. */
  follow({ zoom, centre, width, height }) {
    this.zoom = zoom;
    this.centre = { x: (centre.x / width) * this.width, y: (centre.y / height) * this.height };
    this.draw(false);
  }

  draw(leads = true) {
    const box = this.sheet.getBoundingClientRect();
    const scale = this.fit * this.zoom;
    if (!(scale > 0)) return;
    const wide = box.width / scale;
    const high = box.height / scale;
    this.centre.x = within(this.centre.x, wide, this.width);
    this.centre.y = within(this.centre.y, high, this.height);
    const left = this.centre.x - wide / 2;
    const top = this.centre.y - high / 2;
    this.sheet.setAttribute("viewBox", `${left} ${top} ${wide} ${high}`);
    this.root.classList.toggle("zoomed", this.zoom > 1);
    if (this.level) this.level.value = `${Math.round(scale * devicePixelRatio * 100)} %`;
    if (this.zoom > 1.5) this.sharpen();
    if (leads) viewers.filter((each) => each !== this).forEach((each) => each.follow(this));
  }

  /** Put the original in place of the screen-sized image, once, when someone looks closely. */
  sharpen() {
    const address = this.sheet.dataset.full;
    if (!address) return;
    delete this.sheet.dataset.full;
    const original = new Image();
    original.decode ??= () => Promise.resolve();
    original.src = address;
    original.decode().then(() => this.photo.setAttribute("href", address), () => {});
  }

  step(kind) {
    const box = this.sheet.getBoundingClientRect();
    const factor = { in: 1.5, out: 1 / 1.5, fit: 0 }[kind];
    this.zoomTo(this.zoom * factor, box.left + box.width / 2, box.top + box.height / 2);
  }

  onWheel(event) {
    if (!event.ctrlKey && !this.root.closest(".workbench")) return;
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY * 0.002), event.clientX, event.clientY);
  }

  onDoubleClick(event) {
    const close = Math.min(Math.max(1 / this.fit, 3), this.maximum);
    this.zoomTo(this.zoom > 1 ? 1 : close, event.clientX, event.clientY);
  }

  onDown(event) {
    this.sheet.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    this.start = this.pointers.size === 1 ? event : null;
    this.root.classList.add("dragging");
  }

  onMove(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const other = [...this.pointers.values()].find((each) => each.pointerId !== event.pointerId);
    if (other) this.pinch(last, event, other);
    else this.drag(last, event);
    this.pointers.set(event.pointerId, event);
  }

  drag(last, event) {
    if (this.zoom === 1) return;
    const scale = this.fit * this.zoom;
    this.move((last.clientX - event.clientX) / scale, (last.clientY - event.clientY) / scale);
  }

  pinch(last, event, other) {
    const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY);
    const middleX = (event.clientX + other.clientX) / 2;
    const middleY = (event.clientY + other.clientY) / 2;
    this.zoomTo(this.zoom * (apart(event) / Math.max(apart(last), 1)), middleX, middleY);
  }

  onUp(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size === 0) this.root.classList.remove("dragging");
    if (event.type === "pointerup" && event.pointerType === "touch") this.swipe(event);
  }

  /** With the whole photo in view a sideways stroke turns the page. */
  swipe(event) {
    if (!this.start || this.zoom > 1) return;
    const x = event.clientX - this.start.clientX;
    const y = event.clientY - this.start.clientY;
    if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) turn(x < 0 ? "next" : "prev");
  }
}

/** Keep a centre so that a view of `span` stays inside `whole`, or in its middle where it is larger. */
function within(centre, span, whole) {
  if (span >= whole) return whole / 2;
  return Math.min(Math.max(centre, span / 2), whole - span / 2);
}

function turn(direction) {
  document.querySelector(`a[rel="${direction}"]`)?.click();
}

/** Overlay switches keep their setting from photo to photo. */
function remember(input, apply) {
  const key = `hairline.${input.name}`;
  const setting = input.type === "checkbox" ? "checked" : "value";
  input[setting] = JSON.parse(sessionStorage.getItem(key)) ?? input[setting];
  input.addEventListener("input", () => {
    sessionStorage.setItem(key, JSON.stringify(input[setting]));
    apply?.();
  });
  apply?.();
}

function rememberOverlay(root) {
  for (const box of root.querySelectorAll('.viewer-bar input[type="checkbox"]')) remember(box);
  const strength = root.querySelector('[name="opacity"]');
  const overlay = root.querySelector("[data-overlay]");
  if (strength) remember(strength, () => (overlay.style.opacity = strength.value / 100));
}

function onKey(event, viewer) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const slides = event.target.type === "range"; // the slider keeps its arrow keys, and no others
  if (slides && event.key.startsWith("Arrow")) return;
  if (event.target.closest('input:not([type="checkbox"], [type="range"]), textarea, select, dialog')) return;
  const actions = {
    o: () => viewers.forEach(({ root }) => root.querySelector('[name="overlay"]')?.click()),
    "+": () => viewer.step("in"),
    "=": () => viewer.step("in"),
    "-": () => viewer.step("out"),
    0: () => viewer.step("fit"),
    ArrowLeft: () => turn("prev"),
    ArrowRight: () => turn("next"),
  };
  const action = actions[event.key] ?? actions[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
}

let viewers = []; // two where photos are compared: they move together

function start() {
  const roots = [...document.querySelectorAll("[data-viewer]")];
  viewers = roots.map((root) => (root.viewer ??= new Viewer(root)));
}

start();
document.addEventListener("turned", start);
document.addEventListener("keydown", (event) => viewers[0] && onKey(event, viewers[0]));
