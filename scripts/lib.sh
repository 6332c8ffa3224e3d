# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # used where it is sourced
# What the scripts beside it share. To be sourced after `set -eu`; sets
#   top     the source tree
#   work    where builds go: $BUILD_ROOT, else build/, which git ignores
# and never writes to a tree that somebody configured in place.

top=$(cd "$(dirname "$0")/.." && pwd -P)
work=${BUILD_ROOT:-$top/build}
# not with our prefix: the programs refuse variables that look misspelt
unset BUILD_ROOT

# Some that run this have no tools on the path of a plain user's cron.
PATH=$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

BUILD_PACKAGES="gcc make libc6-dev autoconf automake pkg-config \
libevent-dev libjansson-dev libssl-dev liblmdb-dev libmsgpack-dev check \
python3 curl"
TEST_PACKAGES="$BUILD_PACKAGES binutils clang clang-format-14 \
libclang-rt-14-dev llvm mandoc openssl python3-cryptography xz-utils"

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "packages are missing and there is no sudo; as root: $*"
	fi
}

is_installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -qx installed
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

# need PACKAGE...: install what is not there. Asks the network for nothing
# when nothing is missing.
need() {
	if ! command -v dpkg-query >/dev/null; then
		say "Not a Debian system: these are taken to be there: $*"
		return
	fi
	missing=
	for package; do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "Installing:$missing"
	# shellcheck disable=SC2086 # a list
	if apt install -y --no-install-recommends $missing; then
		return
	fi
	say "Trying again with new package lists"
	apt update || true
	# shellcheck disable=SC2086 # a list
	apt install -y --no-install-recommends $missing ||
		die "apt-get could not install:$missing"
}

# Set $source to a tree that can be built from elsewhere: this one, or a copy
# of it when it is configured in place (automake refuses two builds then).
use_source() {
	mkdir -p "$work" || die "$work cannot be written"
	[ -w "$work" ] || die "$work cannot be written: made by another user?"
	source=$top
	if [ -e "$top/config.status" ]; then
		source=$work/source
		rm -rf "$source"
		mkdir -p "$source"
		(cd "$top" && tar -cf - --exclude=./build --exclude=./.git \
			--exclude='*.o' --exclude='*.a' --exclude=.deps \
			--exclude=.dirstamp --exclude='*.log' --exclude='*.trs' \
			--exclude=config.status --exclude=./config.h \
			--exclude=./Makefile --exclude=./stamp-h1 \
			--exclude=./ccoind --exclude=./ccoin \
			--exclude=./ccoin-init --exclude=./ccoin-discovery \
			--exclude=./autom4te.cache .) |
			(cd "$source" && tar -xf -)
	fi
	if ! [ -e "$source/configure" ]; then
		say "Making configure"
		"$source/bootstrap" >&2
	fi
}

# configure_in DIR ARGUMENT...: unless it was done with the same arguments.
configure_in() {
	dir=$1
	shift
	mkdir -p "$dir"
	if [ -e "$dir/config.status" ] && [ -e "$dir/Makefile" ] &&
		[ "$(cat "$dir/.arguments" 2>/dev/null)" = "$source $*" ]; then
		return 0
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && "$source/configure" -q "$@") || return
	printf '%s\n' "$source $*" >"$dir/.arguments"
}

cores() {
	nproc 2>/dev/null || echo 2
}

# build_unless_built NAME TARGET ARGUMENT...: the programs that a long run
# uses, in $CCOIN_BUILD. When nobody has set that: TARGET, configured with the
# arguments, in $work/NAME.
build_unless_built() {
	if [ -z "${CCOIN_BUILD:-}" ]; then
		CCOIN_BUILD=$work/$1
		goal=$2
		shift 2
		# shellcheck disable=SC2086 # a list
		need $BUILD_PACKAGES python3-cryptography
		use_source
		configure_in "$CCOIN_BUILD" "$@" >&2
		make -C "$CCOIN_BUILD" -s -j"$(cores)" "$goal" >&2
	fi
	export CCOIN_BUILD
}
