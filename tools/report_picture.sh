#!/usr/bin/env bash
# docs/images/report.png: the upper part of the report of the Fashion example, as `./dev demo` makes
# it, 1280 wide. usage: tools/report_picture.sh [FOLDER of hone ship, else it is run now]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder="${1:-}"
if [ -z "$folder" ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  # 1 and 3 are verdicts, with a report as well.
  build/release/hone ship examples/fashion/hone.toml -o "$folder" || [ $? = 1 ] || [ $? = 3 ]
fi
python="build/venv/bin/python"
PYTHONPATH=tests/report "$python" - "$folder/report.html" docs/images/report.png <<'PY'
import sys
from browser import Browser
from PIL import Image
page, picture = sys.argv[1:]
browser = Browser()
browser.open(page, width=1280, height=1640)
browser.picture(picture, whole=False)
browser.close()
# A page has few colours: 256 of them are enough, and a third of the size.
Image.open(picture).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
PY
ls -l docs/images/report.png
