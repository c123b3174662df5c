#!/bin/sh
# Copies the pinned browser files out of their npm packages: sh static/vendor/update.sh
# To move a version: edit package.json, run `npm install --package-lock-only` here, then this script.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$work"
(cd "$work" && npm ci --silent --ignore-scripts)

grep -v sourceMappingURL "$work/node_modules/htmx.org/dist/htmx.min.js" > "$here/htmx/htmx.min.js"
cp "$work/node_modules/htmx.org/LICENSE" "$here/htmx/LICENSE"
mkdir -p "$here/leaflet"
grep -v sourceMappingURL "$work/node_modules/leaflet/dist/leaflet.js" > "$here/leaflet/leaflet.js"
cp "$work/node_modules/leaflet/dist/leaflet.css" "$work/node_modules/leaflet/LICENSE" "$here/leaflet"
cp "$work/node_modules/lucide-static/LICENSE" "$here/lucide/LICENSE"

# One symbol per line of icons.txt: "name", or "meaning=name" where a state of the product picks its icon.
# The stroke width stays out of the symbol so that the style sheet decides it.
{
  printf '<svg xmlns="http://www.w3.org/2000/svg">\n'
  grep -v -e '^#' -e '^$' "$here/lucide/icons.txt" | while IFS='=' read -r id icon; do
    printf '<symbol id="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" ' "$id"
    printf 'stroke-linecap="round" stroke-linejoin="round">'
    sed -n '/^>/,/^<\/svg>/p' "$work/node_modules/lucide-static/icons/${icon:-$id}.svg" \
      | sed -e '1d' -e '$d' -e 's/^ *//' | tr -d '\n'
    printf '</symbol>\n'
  done
  printf '</svg>\n'
} > "$here/lucide/sprite.svg"

(cd "$here" && find htmx leaflet lucide -type f | LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
