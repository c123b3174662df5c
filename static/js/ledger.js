// The ledger of an upload: one row per file with its state, the sum over all, and the list of what
// did not go through. What was chosen is remembered on this device, so that after a reload the page
// still knows how many of how many are stored.

const SHOWN_AS = { checking: "waiting", ready: "waiting", missing: "failed" };
const OPEN = ["waiting", "checking", "ready", "sending"];
const ENDED = ["stored", "duplicate", "refused"];
const KEPT = ["mark", "path", "state", "note", "sha256"];
const DRAWABLE = /^image\/(jpeg|png|webp)$/;
const CHOOSE_AGAIN = gettext("Not sent before the page was closed. Choose it again.");

export class Ledger {
  constructor(page, name) {
    this.list = page.querySelector("[data-ledger]");
    this.blank = page.querySelector("[data-blank-row]");
    this.sum = page.querySelector("[data-sum]");
    this.key = `hairline.upload.${name}`;
    this.items = new Map();
    this.leftOut = 0;
    this.part("save").addEventListener("click", () => this.save());
    this.part("forget").addEventListener("click", () => this.forget());
    this.recall();
  }

  part(name) {
    return this.sum.querySelector(`[data-${name}]`);
  }

  in(...states) {
    return [...this.items.values()].filter((item) => states.includes(item.state));
  }

  onRetryAll(retry) {
    this.part("retry-all").addEventListener("click", () => retry(this.in("failed")));
  }

  /** Take a chosen file; one that the ledger remembers from before a reload takes its old row. */
  add(file, retry) {
    const path = file.webkitRelativePath || file.name;
    const mark = `${path}/${file.size}/${file.lastModified}`;
    const known = this.items.get(mark);
    if (known?.file) return;
    const item = known ?? this.row(mark, path);
    item.file = file;
    item.row.querySelector("[data-retry]").addEventListener("click", () => retry([item]));
    this.set(item, "waiting");
  }

  row(mark, path) {
    const row = this.blank.content.firstElementChild.cloneNode(true);
    row.querySelector(".row-name").textContent = path;
    this.list.append(row);
    const item = { mark, path, row, state: "waiting", note: "" };
    this.items.set(mark, item);
    return item;
  }

  set(item, state, note = "", link = null) {
    Object.assign(item, { state, note });
    const shown = SHOWN_AS[state] ?? state;
    item.row.dataset.state = state;
    for (const part of item.row.querySelectorAll("[data-for]")) {
      part.hidden = part.dataset.for !== shown;
    }
    item.row.querySelector("progress").hidden = state !== "sending";
    item.row.querySelector("[data-retry]").hidden = state !== "failed";
    const place = item.row.querySelector(".row-note");
    place.textContent = note || (item.file ? size(item.file.size) : "");
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = state === "duplicate" ? gettext("Open the original") : gettext("Open");
      place.append(" ", anchor);
    }
    if (state === "sending") this.draw(item);
    this.changed();
  }

  /** Redraw the sum and remember the rows, once for all changes of a moment. */
  changed() {
    this.pending ??= setTimeout(() => {
      this.pending = null;
      this.summarise();
    }, 0);
  }

  summarise() {
    const count = (...states) => this.in(...states).length;
    const [open, stored, missing] = [count(...OPEN), count("stored"), count("missing")];
    const parts = [interpolate(gettext("%s of %s stored"), [stored, this.items.size])];
    for (const [state, words] of [
      ["duplicate", gettext("%s already here")],
      ["refused", gettext("%s refused")],
      ["failed", gettext("%s not sent")],
      ["missing", gettext("%s to choose again: only those are sent")],
    ]) {
      if (count(state)) parts.push(interpolate(words, [count(state)]));
    }
    if (this.leftOut) parts.push(interpolate(gettext("%s other files left out"), [this.leftOut]));
    this.sum.hidden = this.items.size === 0;
    this.part("sum-words").textContent = parts.join(" · ");
    const bar = this.sum.querySelector("progress");
    bar.max = Math.max(this.items.size, 1);
    bar.value = count(...ENDED);
    this.part("retry-all").hidden = count("failed") === 0;
    this.part("save").hidden = count("failed", "refused", "missing") === 0;
    this.part("done").hidden = open + missing > 0 || stored + count("duplicate") === 0;
    this.part("busy").hidden = open === 0;
    this.part("forget").hidden = open > 0;
    this.remember();
  }

  // --- Over a reload ------------------------------------------------------------------------------

  remember() {
    const rows = [...this.items.values()].map((item) => KEPT.map((name) => item[name]));
    const isDone = this.in("stored", "duplicate").length === rows.length;
    try {
      if (isDone) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify(rows));
    } catch {
      // A full or closed store costs only the memory of a reload.
    }
  }

  recall() {
    const rows = JSON.parse(localStorage.getItem(this.key) ?? "[]");
    for (const [mark, path, state, note, sha256] of rows) {
      const item = Object.assign(this.row(mark, path), { sha256 });
      if (ENDED.includes(state)) this.set(item, state, note);
      else this.set(item, "missing", CHOOSE_AGAIN);
    }
  }

  forget() {
    this.items.clear();
    this.list.replaceChildren();
    this.leftOut = 0;
    this.summarise();
  }

  // --- What did not go through --------------------------------------------------------------------

  save() {
    const failed = this.in("failed", "refused", "missing");
    const lines = failed.map(({ path, state, note }) => [path, state, note].map(cell).join(","));
    const text = ["file,state,reason", ...lines, ""].join("\r\n");
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    anchor.download = "not-uploaded.csv";
    anchor.click();
    URL.revokeObjectURL(anchor.href);
  }

  async draw({ file, row }) {
    if (!DRAWABLE.test(file.type)) return;
    try {
      const picture = await createImageBitmap(file, { resizeWidth: 120, resizeQuality: "low" });
      const canvas = document.createElement("canvas");
      canvas.width = 96;
      canvas.height = 72;
      const scale = Math.max(96 / picture.width, 72 / picture.height);
      const [wide, high] = [picture.width * scale, picture.height * scale];
      canvas.getContext("2d").drawImage(picture, (96 - wide) / 2, (72 - high) / 2, wide, high);
      picture.close();
      row.querySelector(".thumb").replaceWith(canvas);
    } catch {
      // A file the browser cannot draw keeps its icon; the server decides whether it is a photo.
    }
  }
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A cell of a CSV file that no spreadsheet takes for a formula. */
function cell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
