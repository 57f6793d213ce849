#!/usr/bin/env bash
# Brings what a fresh Debian or Ubuntu lacks, and does nothing when it is there:
#
#   scripts/need.sh [go] [postgres] [redis] [chromium] [fonts] [go-tools]
#
# As root it installs Debian packages. Anybody else gets the same packages unpacked
# into the user's cache, with the libraries they need and a small starter for each
# program; nothing outside the cache is touched, and sudo is never used. On another
# system it says in one line what to install.
set -euo pipefail

readonly GO_MINOR=26
readonly OLDEST_POSTGRES=15
readonly GOLANGCI_LINT=2.15.0

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly REPO
readonly TOOLS=$REPO/.cache/tools
readonly PKG=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/xuegong/pkg
readonly ROOT=$PKG/root # what the packages hold, as if it were /

fail() { echo "need.sh: $*" >&2; exit 1; }
say() { echo "need.sh: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# ---- what counts as present -------------------------------------------------

has_postgres() {
	local initdb
	[ -n "${PG_BINDIR:-}" ] && return
	[ -x "$PKG/bin/initdb" ] && return
	for initdb in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb; do
		[ -x "$initdb" ] && [ "$("$initdb" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge $OLDEST_POSTGRES ] && return
	done
	return 1
}

has_redis() { have redis-server || have valkey-server || [ -x "$PKG/bin/redis-server" ]; }

# A browser that only tells its reader to install a snap does not count.
has_chromium() {
	local browser
	for browser in chromium chromium-browser google-chrome google-chrome-stable "$PKG/bin/chromium"; do
		have "$browser" && "$browser" --version 2>/dev/null | grep -q '[0-9]' && return
	done
	return 1
}

has_fonts() {
	[ -n "$(find /usr/share/fonts /usr/local/share/fonts "$ROOT/usr/share/fonts" "${HOME}/.fonts" "${HOME}/.local/share/fonts" \
		\( -iname '*cjk*' -o -iname '*noto*sc*' -o -iname 'wqy*' -o -iname 'sourcehan*' \) -print -quit 2>/dev/null)" ]
}

# ---- Debian packages --------------------------------------------------------

package_of() {
	case $1 in
	postgres) echo postgresql ;;
	redis) echo redis-server ;;
	chromium) echo chromium ;;
	fonts) echo fonts-noto-cjk ;;
	esac
}

# Root installs, without starting servers: ours are private, and a machine that only
# tests needs none on a port.
install_as_root() {
	local policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
	fi
	apt-get update -qq >&2 &&
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
			-o Dpkg::Options::=--force-confold "$@" >&2
}

# Anybody else unpacks the packages and all they depend on that is not installed.
# apt gets lists and a cache of its own, because those of the machine are root's.
unpack() (
	apt=(apt-get -q -o Dir::State::lists="$PKG/apt/lists" -o Dir::Cache="$PKG/apt/cache"
		-o Debug::NoLocking=1 -o APT::Sandbox::User= -o APT::Install-Recommends=0)
	mkdir -p "$PKG"/apt/{lists,cache/archives}/partial "$PKG/apt/debs" "$PKG/bin" "$ROOT"
	exec 9>"$PKG/lock"
	flock 9
	"${apt[@]}" update >&2 || return
	closure=$("${apt[@]}" -s install "$@" | awk '$1 == "Inst" { print $2 }') || return
	cd "$PKG/apt/debs"
	# shellcheck disable=SC2086 # package names, one word each
	"${apt[@]}" download $closure >&2 || return
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$ROOT" || return
		rm "$deb"
	done
	write_starters
)

# A starter runs an unpacked program with the unpacked libraries and fonts.
write_starters() {
	local dirs=() dir file
	for dir in "$ROOT"/{,usr/}lib/*-linux-gnu* "$ROOT"/usr/lib/*-linux-gnu*/{nss,pulseaudio,blas,lapack}; do
		[ -d "$dir" ] && dirs+=("$dir")
	done
	cat >"$PKG/fonts.conf" <<-XML
		<?xml version="1.0"?>
		<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
		<fontconfig>
		  <include ignore_missing="yes">$([ -e /etc/fonts/fonts.conf ] || echo "$ROOT")/etc/fonts/fonts.conf</include>
		  <dir>$ROOT/usr/share/fonts</dir>
		  <cachedir>$PKG/fontcache</cachedir>
		</fontconfig>
	XML
	for file in "$ROOT"/usr/lib/postgresql/*/bin/{initdb,postgres} "$ROOT/usr/bin/redis-server" "$ROOT/usr/lib/chromium/chromium"; do
		[ -x "$file" ] || continue
		{
			echo '#!/bin/sh'
			printf 'export LD_LIBRARY_PATH=%q\n' "$(IFS=:; echo "${dirs[*]}")"
			# shellcheck disable=SC2016 # expanded when the starter runs
			printf 'export FONTCONFIG_FILE="${FONTCONFIG_FILE:-%s}"\n' "$PKG/fonts.conf"
			printf 'exec %q "$@"\n' "$file"
		} >"$PKG/bin/$(basename "$file").new"
		chmod 755 "$PKG/bin/$(basename "$file").new"
		mv "$PKG/bin/$(basename "$file").new" "$PKG/bin/$(basename "$file")"
	done
}

how_to_get() {
	case $1 in
	postgres) echo "PostgreSQL $OLDEST_POSTGRES or newer (or set PG_BINDIR to the folder of its initdb)" ;;
	redis) echo "redis-server (Debian: redis-server, Homebrew: redis)" ;;
	chromium) echo "Chromium or Google Chrome as a program on PATH (Debian: chromium; on Ubuntu, whose chromium is a snap: google-chrome)" ;;
	fonts) echo "a Chinese font (Debian: fonts-noto-cjk)" ;;
	esac
}

bring() {
	local missing=("$@") packages=() thing log
	for thing in "$@"; do packages+=("$(package_of "$thing")"); done
	if have apt-get && have dpkg-deb; then
		say "bringing ${packages[*]}"
		log=$(mktemp)
		if [ "$(id -u)" = 0 ]; then
			install_as_root "${packages[@]}" 2>"$log" || tail -n 5 "$log" >&2
		else
			unpack "${packages[@]}" 2>"$log" || tail -n 5 "$log" >&2
		fi
		rm -f "$log"
		missing=()
		for thing in "$@"; do "has_$thing" || missing+=("$thing"); done
	fi
	for thing in "${missing[@]}"; do
		# The program itself has a second source of PostgreSQL, and says so when that fails.
		[ "$thing" = postgres ] && { say "no PostgreSQL here: a pinned build will be fetched"; continue; }
		fail "missing: $(how_to_get "$thing")"
	done
}

# ---- Go ---------------------------------------------------------------------

need_go() {
	local minor
	have go || fail "Go is missing: install Go 1.$GO_MINOR or newer (go.dev/doc/install) and put its bin folder on PATH"
	minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
	[ "$minor" -ge "$GO_MINOR" ] 2>/dev/null ||
		fail "$(go env GOVERSION) is too old: install Go 1.$GO_MINOR or newer (go.dev/doc/install)"
}

need_go_tools() {
	need_go
	if ! "$TOOLS/golangci-lint" version 2>/dev/null | grep -q "version v\?$GOLANGCI_LINT "; then
		say "building golangci-lint $GOLANGCI_LINT"
		GOBIN=$TOOLS go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$GOLANGCI_LINT" ||
			fail "golangci-lint $GOLANGCI_LINT could not be built"
	fi
}

# -----------------------------------------------------------------------------

absent=()
for thing in "$@"; do
	case $thing in
	go) need_go ;;
	go-tools) need_go_tools ;;
	postgres | redis | chromium | fonts) "has_$thing" || absent+=("$thing") ;;
	*) fail "unknown: $thing (one of go postgres redis chromium fonts go-tools)" ;;
	esac
done
[ ${#absent[@]} = 0 ] || bring "${absent[@]}"
