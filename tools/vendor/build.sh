#!/bin/sh
# Make the bundles in src/sdgen/web/static/vendor anew from the versions that package-lock.json names, with their licences.
# Who uses or changes sdgen has no need of this; who raises a version runs it and commits what it makes.
set -eu
cd "$(dirname "$0")"
made=../../src/sdgen/web/static/vendor
npm ci --silent
for name in codemirror zoom; do
    node_modules/.bin/esbuild "$name.js" --bundle --minify --format=esm --target=es2022 --legal-comments=none \
        --log-level=warning --metafile="node_modules/$name.json" --outfile="$made/$name.js"
done
node licences.js node_modules/codemirror.json node_modules/zoom.json > "$made/LICENSES.txt"
