#!/bin/sh
# Find the browser of the page tests, or install it where that needs no question.
#   --print   print the path of the browser found, install nothing; exit 1 when there is none
# Without a browser and without root: say the one line to run and exit 0 (page tests skip), but exit 1 with CI=true.
set -eu

find_browser() {
    if [ -n "${CHROMIUM:-}" ]; then
        command -v "$CHROMIUM" && return 0
        echo "CHROMIUM=$CHROMIUM is not a program that can be run" >&2
        return 1
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    app="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    [ -x "$app" ] && echo "$app" && return 0
    return 1
}

# Playwright's own node does not start on a minimal Debian without libatomic1.
has_libatomic() {
    [ "$(uname -s)" != Linux ] || ! command -v ldconfig >/dev/null || ldconfig -p | grep -q 'libatomic\.so\.1'
}

# Without a Chinese font a page is drawn as boxes.
has_chinese_font() {
    ! command -v fc-list >/dev/null || [ -n "$(fc-list :lang=zh family | head -n 1)" ]
}

if [ "${1:-}" = --print ]; then
    find_browser
    exit
fi

# A name that was given and is wrong is a mistake to mend, not something to install around.
if [ -n "${CHROMIUM:-}" ]; then
    find_browser >/dev/null || exit 1
fi
if found=$(find_browser) && has_libatomic && has_chinese_font; then
    exit 0
fi
[ -n "${found:-}" ] && wanted="fonts-noto-cjk libatomic1" || wanted="chromium fonts-noto-cjk libatomic1"
PATH="$PATH:/usr/sbin:/sbin"

if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        as_root="none"
    fi
    if [ "$as_root" != none ]; then
        echo "installing for the page tests: $wanted"
        log=$(mktemp)
        # shellcheck disable=SC2086  # $as_root and $wanted are lists of words on purpose
        if $as_root apt-get update -q -o DPkg::Lock::Timeout=300 >"$log" 2>&1 &&
            $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $wanted >>"$log" 2>&1; then
            rm -f "$log"
            exit 0
        fi
        tail -n 15 "$log" >&2
        rm -f "$log"
        echo "apt-get could not install: $wanted (its last lines are above)" >&2
    else
        echo "The page tests need a browser. Run once:  sudo apt-get install --no-install-recommends $wanted" >&2
    fi
else
    echo "The page tests need a browser: install Chrome or Chromium, or set CHROMIUM=/path/to/it," >&2
    echo "or run  .venv/bin/playwright install chromium  and set CHROMIUM to what it installed." >&2
fi
[ "${CI:-}" = true ] && exit 1
echo "Going on without: the page tests are skipped." >&2
