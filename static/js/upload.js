// Sends photos one a request, three at a time, and keeps one ledger row per file.
// Before a photo is sent its SHA-256 is asked for, so that a reload, a lost network or a second try
// sends only what is missing. Without this script the page's plain form sends one photo at a time.

import { Ledger } from "./ledger.js";

const AT_ONCE = 3;
const ASKED_AT_ONCE = 10;
const ASKED_AT_RELOAD = 100; // as many as the site answers at once
const LONGEST_PAUSE = 30; // seconds between tries while the network or the site is away
const SILENCE = 120_000; // milliseconds without a sign: the connection died, as while a laptop slept
const MOST_FAULTS = 5; // a photo at which the site fails this often waits for a person
const PHOTO_NAME = /\.(jpe?g|jfif|mpo|png|webp|hei[cf]|tiff?)$/i;
const AWAY = gettext("No answer from the site. Trying again by itself.");
const SIGNED_OUT = gettext(
  "You are signed out. Sign in again, then choose the photos again: only what is missing is sent.",
);

const form = document.querySelector("[data-upload]");
const drop = document.querySelector("[data-drop]");
const token = form.elements.csrfmiddlewaretoken.value;
const ledger = new Ledger(document, form.dataset.upload);
const claimed = new Map(); // address of a photo → the row that brought it
let pause = 0; // seconds until the next try, 0 while the site answers
let timer = null;
let asking = false;

// --- What is already there ------------------------------------------------------------------------

async function digest(file) {
  const bytes = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hash some waiting photos and ask once about all of them. */
async function ask(batch) {
  batch.forEach((item) => ledger.set(item, "checking"));
  for (const item of batch) {
    try {
      item.sha256 ||= await digest(item.file);
    } catch {
      ledger.set(item, "failed", gettext("The file cannot be read. Was it moved or is the card out?"));
    }
  }
  const readable = batch.filter((item) => item.state === "checking");
  if (readable.length) learn(readable, await known(readable));
}

async function known(batch) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", token);
  body.set("sha256", batch.map((item) => item.sha256).join(" "));
  try {
    const answer = await fetch(form.dataset.known, {
      method: "POST",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(SILENCE),
      body,
    });
    return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
  } catch {
    return { status: 0 };
  }
}

function learn(batch, answer) {
  if (answer.known) {
    pause = 0;
    for (const item of batch) {
      const found = answer.known[item.sha256];
      if (found) arrived(item, found);
      else ledger.set(item, "ready");
    }
  } else if (answer.status === 0 || answer.status >= 500) {
    hold(batch);
  } else {
    batch.forEach((item) => ledger.set(item, "failed", SIGNED_OUT));
  }
}

/** After a reload: what was on its way may have arrived. */
async function lookAgain() {
  const unsure = ledger.in("missing").filter((item) => item.sha256);
  for (let from = 0; from < unsure.length; from += ASKED_AT_RELOAD) {
    const batch = unsure.slice(from, from + ASKED_AT_RELOAD);
    const found = (await known(batch)).known ?? {};
    batch.filter((item) => found[item.sha256]).forEach((item) => arrived(item, found[item.sha256]));
  }
}

// --- Sending --------------------------------------------------------------------------------------

function post(item) {
  return new Promise((resolve) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", token);
    body.set("sha256", item.sha256 ?? "");
    body.set("photo", item.file, item.file.name);
    const request = new XMLHttpRequest();
    const bar = item.row.querySelector("progress");
    const begin = performance.now();
    request.open("POST", form.action);
    request.timeout = SILENCE;
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      request.timeout = event.timeStamp - begin + SILENCE;
      bar.value = (100 * event.loaded) / Math.max(event.total, 1);
    });
    request.addEventListener("loadend", () => resolve(request));
    request.send(body);
  });
}

function read(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

async function send(item) {
  ledger.set(item, "sending");
  const request = await post(item);
  const answer = read(request);
  if (request.status === 0) return hold([item]);
  if (request.status === 429) return hold([item], answer.sentence, request.getResponseHeader("Retry-After"));
  if (request.status >= 500) return fault(item, answer.sentence);
  if (!answer.state) return ledger.set(item, "failed", SIGNED_OUT);
  pause = 0;
  arrived(item, answer);
}

/** Note the site's answer. A second file with the bytes of another row is not counted twice. */
function arrived(item, answer) {
  const first = claimed.get(answer.photo_url);
  const state = answer.state === "stored" && first && first !== item ? "duplicate" : answer.state;
  if (answer.photo_url && !first) claimed.set(answer.photo_url, item);
  ledger.set(item, state, state === "stored" ? "" : answer.sentence, answer.photo_url);
  if (state === "stored") document.body.dispatchEvent(new Event("photo-stored"));
}

function fault(item, sentence) {
  item.faults = (item.faults ?? 0) + 1;
  if (item.faults < MOST_FAULTS) return hold([item], sentence);
  ledger.set(item, "failed", sentence ?? gettext("The site had a fault. The photo was not stored."));
}

/** Let these photos wait for the site; what reached it all the same is asked for first. */
function hold(batch, sentence, least) {
  batch.forEach((item) => ledger.set(item, "waiting", sentence ?? AWAY));
  if (timer) return;
  pause = Math.min(Math.max(least ?? 1, 2 * pause), LONGEST_PAUSE);
  timer = setTimeout(resume, pause * 1000);
}

function resume() {
  clearTimeout(timer);
  timer = null;
  pump();
}

/** Keep one question and three photos under way. */
function pump() {
  if (timer) return;
  const waiting = ledger.in("waiting");
  if (!window.crypto?.subtle) {
    waiting.forEach((item) => ledger.set(item, "ready"));
  } else if (!asking && waiting.length && ledger.in("ready").length < ASKED_AT_ONCE) {
    asking = true;
    ask(waiting.slice(0, pause ? 1 : ASKED_AT_ONCE)).finally(() => {
      asking = false;
      pump();
    });
  }
  const free = AT_ONCE - ledger.in("sending").length;
  for (const item of ledger.in("ready").slice(0, Math.max(free, 0))) send(item).finally(pump);
}

function again(items) {
  for (const item of items) {
    item.faults = 0;
    ledger.set(item, "waiting");
  }
  resume();
}

// --- Choosing files -------------------------------------------------------------------------------

function add(files, { fromFolder = false } = {}) {
  const path = (file) => file.webkitRelativePath || file.name;
  const sorted = [...files].sort((one, two) => path(one).localeCompare(path(two)));
  for (const file of sorted) {
    if (fromFolder && !PHOTO_NAME.test(file.name)) ledger.leftOut += 1;
    else ledger.add(file, again);
  }
  ledger.summarise();
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
      add(input.files, { fromFolder: input.webkitdirectory });
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
  ledger.onRetryAll(again);
  window.addEventListener("online", resume);
  window.addEventListener("beforeunload", (event) => {
    if (ledger.in("waiting", "checking", "ready", "sending").length) event.preventDefault();
  });
}

form.hidden = true;
drop.hidden = false;
document.querySelector("[data-insecure]").hidden = Boolean(window.crypto?.subtle);
listen();
lookAgain();
