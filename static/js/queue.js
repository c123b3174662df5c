// The review queue without waiting: the next photos are fetched and decoded beforehand, so one is on
// the screen the moment a key is pressed, and the answer goes out behind it. An answer that was not
// recorded brings its photo back with the reason. Without this script each answer loads a page.

const DEPTH = 3;
const PAUSE = 700; // ms without keys after a photo came back: they were meant for another one
const acted = new Set(); // photos that were answered or put off
const ahead = new Map(); // photo → a promise of its page, or of null where it waits no more
const lost = document.querySelector("[data-lost]");
let [sending, unsent, deafUntil] = [Promise.resolve(), 0, 0];

const part = (name, root = document) => root.querySelector(`[data-${name}]`);

async function load(photo) {
  const address = new URL(location);
  ["last", "evidence"].forEach((name) => address.searchParams.delete(name));
  address.searchParams.set("at", photo);
  const page = new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html");
  const main = document.adoptNode(page.querySelector("main"));
  // A parsed document loads nothing; in this one an address that is written anew does.
  const images = [...main.querySelectorAll("[data-sheet] > image")];
  images.forEach((image) => image.setAttribute("href", image.getAttribute("href")));
  await Promise.all(images.map((image) => image.decode?.().catch(() => {})));
  return part("queued", main)?.dataset.queued === photo ? { main, photo } : null;
}

/** Fetch what comes next; returns those photos, nearest first. */
function prepare() {
  const coming = part("queued")?.dataset.upcoming.split(" ").filter((id) => id && !acted.has(id));
  const near = coming?.slice(0, DEPTH) ?? [];
  for (const id of near) if (!ahead.has(id)) ahead.set(id, load(id).catch(() => void ahead.delete(id)));
  return near;
}

function show({ main, photo }, link, left) {
  const key = document.activeElement?.dataset?.key;
  part("last", main).replaceChildren(...part("last").childNodes);
  part("remaining", main).textContent = left;
  main.querySelectorAll("[data-coming]").forEach((item) => acted.has(item.dataset.coming) && item.remove());
  document.querySelector("main").replaceWith(main);
  const address = new URL(link);
  address.searchParams.set("at", photo);
  history.pushState(null, "", address);
  document.dispatchEvent(new Event("turned"));
  (main.querySelector(`[data-key="${key}"]`) ?? main.querySelector("h1")).focus({ preventScroll: true });
  scrollTo(0, 0);
  prepare();
}

/** Show the next photo in place of the page at `link`, which is loaded where none is at hand. */
async function turn(link, isSent) {
  acted.add(part("queued").dataset.queued);
  const left = part("remaining").textContent - (isSent === true ? 0 : 1);
  for (const id of prepare()) {
    const page = await ahead.get(id);
    if (page) return show(page, link, left);
    if (page === null) acted.add(id);
  }
  if (await isSent) location.assign(link);
}

async function send(form, body, from) {
  const headers = { Accept: "application/json" };
  const request = { method: "POST", body, headers, redirect: "error", keepalive: true };
  const answer = await fetch(form.action, request).catch(() => null);
  const { last, sentence } = (await answer?.json().catch(() => null)) ?? {};
  unsent -= 1;
  if (!last) return bringBack(from, sentence ?? lost.dataset[answer ? "refused" : "away"]);
  if (!unsent) part("last").innerHTML = last;
  return ahead.delete(from.photo) || true;
}

function bringBack(from, sentence) {
  const notice = lost.content.firstElementChild.cloneNode(true);
  notice.querySelector("p").textContent = `${from.main.querySelector("h1").textContent}: ${sentence}`;
  acted.delete(from.photo);
  deafUntil = performance.now() + PAUSE;
  from.main.querySelector("[role=alert]")?.remove();
  part("queued", from.main).prepend(notice);
  if (!unsent) part("last").replaceChildren();
  show(from, location.href, Number(part("remaining").textContent) + 1);
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-answer]")) return;
  event.preventDefault();
  const from = { main: document.querySelector("main"), photo: part("queued").dataset.queued };
  const body = new FormData(event.target, event.submitter);
  part("last").textContent = gettext("Saving …");
  unsent += 1;
  sending = sending.then(() => send(event.target, body, from));
  turn(new URL(body.get("next"), location), sending);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-later], a[rel=next]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  turn(link.href, true);
});
const rest = (event) => performance.now() < deafUntil && event.stopImmediatePropagation();
window.addEventListener("keydown", rest, true);
window.addEventListener("popstate", () => location.reload());
window.addEventListener("beforeunload", (event) => unsent && event.preventDefault());
prepare();
