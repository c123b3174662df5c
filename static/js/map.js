// The map of structures: each entry of the list beside it as a marker with its badge.

const frame = document.querySelector("[data-map]");
const FEW = 12;
const places = [...document.querySelectorAll("[data-place]")];

function marker(entry) {
  const link = entry.querySelector("a");
  const badge = entry.querySelector(".badge").cloneNode(true);
  const icon = L.divIcon({ html: badge, className: "pin", iconSize: null });
  const made = L.marker(entry.dataset.place.split(",").map(Number), { icon, riseOnHover: true });
  const open = ({ originalEvent: event }) => {
    if (event.type === "click" || event.key === "Enter") location.assign(link.href);
  };
  made.on("click keydown", open);
  made.on("add", () => {
    made.getElement().setAttribute("role", "link");
    made.getElement().setAttribute("aria-label", `${link.textContent}: ${badge.textContent.trim()}`);
  });
  // A few structures carry their names (text: a string would be HTML); of many, the one pointed at.
  const permanent = places.length <= FEW;
  return made.bindTooltip(new Text(link.textContent), { direction: "top", offset: [0, -12], permanent });
}

if (frame) {
  frame.hidden = false;
  const { tiles, credit } = frame.dataset;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const options = { attributionControl: Boolean(credit), zoomSnap: 0.5, maxZoom: 19 };
  const map = L.map(frame, { ...options, fadeAnimation: !still, zoomAnimation: !still });
  map.attributionControl?.setPrefix(false);
  if (tiles) L.tileLayer(tiles, { attribution: credit, maxZoom: 19 }).addTo(map);
  L.control.scale().addTo(map);
  const pins = L.featureGroup(places.map(marker)).addTo(map);
  map.fitBounds(pins.getBounds(), { maxZoom: 15, padding: [84, 72] });
}
