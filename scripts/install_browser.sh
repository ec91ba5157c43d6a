#!/bin/sh
# Sees to it that there is a browser to verify models in: `make browser`. Debian's own Chromium where that is possible.
set -eu

for program in "${TFJS_WORKFLOW_BROWSER:-}" /usr/lib/chromium/chromium chromium chromium-browser google-chrome \
	google-chrome-stable microsoft-edge "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
	"/Applications/Chromium.app/Contents/MacOS/Chromium" \
	"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"; do
	if [ -n "$program" ] && command -v "$program" >/dev/null 2>&1; then
		echo "a browser is here: $program"
		exit 0
	fi
done

if ! command -v apt-get >/dev/null 2>&1 || ! grep -qs '^ID=debian' /etc/os-release; then
	# Ubuntu's package of that name is a snap, which cannot be driven with a profile of our own
	echo "no browser is here: install Chromium, Chrome or Edge, or set TFJS_WORKFLOW_BROWSER to the program of one" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "no browser is here; this installs one: sudo apt-get install chromium" >&2
	exit 1
fi
echo "installing chromium with apt-get"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium >/dev/null
echo "a browser is here: /usr/lib/chromium/chromium"
