// Sends photos one a request, three at a time, and keeps one ledger row per file.
// Without this script the page's plain form sends one photo at a time.

const AT_ONCE = 3;
const PHOTO_NAME = /\.(jpe?g|jfif|mpo|png|webp|hei[cf]|tiff?)$/i;
const DRAWABLE = /^image\/(jpeg|png|webp)$/;

const form = document.querySelector("[data-upload]");
const drop = document.querySelector("[data-drop]");
const ledger = document.querySelector("[data-ledger]");
const blank = document.querySelector("[data-blank-row]");
const sum = document.querySelector("[data-sum]");
const items = [];
const seen = new Set();
let leftOut = 0;

// --- The ledger ---------------------------------------------------------------------------------

function setState(item, state, note = "", link = null) {
  item.state = state;
  item.row.dataset.state = state;
  const place = item.row.querySelector(".row-note");
  place.textContent = note;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = state === "duplicate" ? "Open the original" : "Open";
    place.append(" ", anchor);
  }
  summarise();
}

function addRow(file) {
  const row = blank.content.firstElementChild.cloneNode(true);
  row.querySelector(".row-name").textContent = file.webkitRelativePath || file.name;
  const item = { file, row, state: "waiting" };
  row.querySelector("[data-retry]").addEventListener("click", () => retry(item));
  row.querySelector(".row-note").textContent = size(file.size);
  ledger.append(row);
  return item;
}

function size(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function summarise() {
  const count = (...states) => items.filter((item) => states.includes(item.state)).length;
  const open = count("waiting", "sending");
  const stored = count("stored");
  const parts = [`${stored} of ${items.length} stored`];
  if (count("duplicate")) parts.push(`${count("duplicate")} already here`);
  if (count("refused")) parts.push(`${count("refused")} refused`);
  if (count("failed")) parts.push(`${count("failed")} not sent`);
  if (leftOut) parts.push(`${leftOut} other files left out`);
  sum.hidden = items.length === 0;
  sum.querySelector("[data-sum-words]").textContent = parts.join(" · ");
  const bar = sum.querySelector("progress");
  bar.max = Math.max(items.length, 1);
  bar.value = items.length - open - count("failed");
  sum.querySelector("[data-retry-all]").hidden = count("failed") === 0;
  sum.querySelector("[data-done]").hidden = open > 0 || stored + count("duplicate") === 0;
  sum.querySelector("[data-busy]").hidden = open === 0;
}

async function drawThumbnail(item) {
  if (!DRAWABLE.test(item.file.type)) return;
  try {
    const picture = await createImageBitmap(item.file, { resizeWidth: 120, resizeQuality: "low" });
    const canvas = document.createElement("canvas");
    canvas.width = 96;
    canvas.height = 72;
    const scale = Math.max(96 / picture.width, 72 / picture.height);
    const [wide, high] = [picture.width * scale, picture.height * scale];
    canvas.getContext("2d").drawImage(picture, (96 - wide) / 2, (72 - high) / 2, wide, high);
    picture.close();
    item.row.querySelector(".thumb").replaceWith(canvas);
  } catch {
    // A file the browser cannot draw keeps its icon; the server decides whether it is a photo.
  }
}

// --- Sending ------------------------------------------------------------------------------------

async function digest(file) {
  // crypto.subtle exists on secure pages only; without it the server's own digest has to do.
  if (!window.crypto?.subtle) return "";
  const bytes = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function post(item, sha256) {
  return new Promise((resolve) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set("sha256", sha256);
    body.set("photo", item.file, item.file.name);
    const request = new XMLHttpRequest();
    const bar = item.row.querySelector("progress");
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      bar.value = (100 * event.loaded) / Math.max(event.total, 1);
    });
    request.addEventListener("load", () => resolve(request));
    for (const fault of ["error", "abort", "timeout"]) {
      request.addEventListener(fault, () => resolve(null));
    }
    request.send(body);
  });
}

function read(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return null;
  }
}

function settle(item, request) {
  if (!request) return setState(item, "failed", "The network was lost. The photo was not stored.");
  const answer = read(request);
  if (!answer) {
    const signedOut = request.status === 200 || request.status === 403;
    const why = signedOut ? "You are signed out. Sign in again in another tab." : "The site had a fault.";
    return setState(item, "failed", `${why} The photo was not stored.`);
  }
  const state = request.status >= 500 ? "failed" : answer.state;
  const note = state === "stored" ? size(item.file.size) : (answer.sentence ?? "");
  setState(item, state, note, answer.photo_url ?? null);
  if (state === "stored") document.body.dispatchEvent(new Event("photo-stored"));
}

async function send(item) {
  setState(item, "sending", size(item.file.size));
  drawThumbnail(item);
  let sha256;
  try {
    sha256 = await digest(item.file);
  } catch {
    setState(item, "failed", "The file cannot be read. Was it moved or is the card out?");
    return;
  }
  settle(item, await post(item, sha256));
}

function pump() {
  while (items.filter((item) => item.state === "sending").length < AT_ONCE) {
    const item = items.find((each) => each.state === "waiting");
    if (!item) return;
    send(item).finally(pump);
  }
}

function retry(item) {
  item.row.querySelector("progress").value = 0;
  setState(item, "waiting");
  pump();
}

function retryAll() {
  items.filter((item) => item.state === "failed").forEach(retry);
}

// --- Choosing files -----------------------------------------------------------------------------

function add(files, { fromFolder = false } = {}) {
  for (const file of files) {
    const mark = `${file.webkitRelativePath}/${file.name}/${file.size}/${file.lastModified}`;
    if (seen.has(mark)) continue;
    if (fromFolder && !PHOTO_NAME.test(file.name)) {
      leftOut += 1;
      continue;
    }
    seen.add(mark);
    items.push(addRow(file));
  }
  summarise();
  pump();
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((yes, no) => entry.file(yes, no))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // readEntries gives at most a hundred at a time and an empty list at the end.
    const batch = await new Promise((yes, no) => reader.readEntries(yes, no));
    if (batch.length === 0) return (await Promise.all(found.map(filesIn))).flat();
    found.push(...batch);
  }
}

async function onDrop(event) {
  event.preventDefault();
  drop.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  if (!entries.some((entry) => entry?.isDirectory)) return add(event.dataTransfer.files);
  const found = await Promise.all(entries.filter(Boolean).map(filesIn));
  add(found.flat(), { fromFolder: true });
}

function listen() {
  for (const input of drop.querySelectorAll('input[type="file"]')) {
    input.addEventListener("change", () => {
      add([...input.files], { fromFolder: input.webkitdirectory });
      input.value = "";
    });
  }
  for (const button of drop.querySelectorAll("[data-picks]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.picks).click());
  }
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", onDrop);
  sum.querySelector("[data-retry-all]").addEventListener("click", retryAll);
  window.addEventListener("online", retryAll);
  window.addEventListener("beforeunload", (event) => {
    if (items.some((item) => ["waiting", "sending"].includes(item.state))) event.preventDefault();
  });
}

form.hidden = true;
drop.hidden = false;
listen();
