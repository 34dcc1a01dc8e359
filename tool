#!/bin/sh
# ./tool run | test | build | install | fmt | lint | bench | fuzz | packages
# Thin over CMakePresets.json. Installs what is missing (Debian 12) and asks for root where it has to.
set -eu
cd "$(dirname "$0")"

packages="g++ cmake ninja-build ccache mold pkg-config git python3 ca-certificates
 libsqlite3-dev libcurl4-openssl-dev libssl-dev libboost1.81-dev rapidjson-dev libtomlplusplus-dev
 libisal-dev libzstd-dev libseccomp-dev libmnl-dev libnftables-dev libprotozero-dev zlib1g-dev
 libgtest-dev libgmock-dev libbenchmark-dev busybox-static"
test_packages="clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev docker-registry docker.io runc
 iproute2 nftables strace apache2-utils openssl curl tar"

say() { printf '\n== %s\n' "$*"; }
as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing PACKAGE... - through apt, and only what dpkg does not know yet
install_missing() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	as_root apt-get -qq update
	# shellcheck disable=SC2086  # a list of words
	as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -y install --no-install-recommends $missing >/dev/null
}

build() { # PRESET [TARGET...]
	preset=$1; shift
	cmake --preset "$preset" >"/tmp/tare-configure-$preset.$$" 2>&1 || { cat "/tmp/tare-configure-$preset.$$"; return 1; }
	rm -f "/tmp/tare-configure-$preset.$$"
	cmake --build "build/$preset" -- "$@"
}

# Files that git knows or would know: generated and ignored ones are not ours to judge.
sources() { git ls-files -co --exclude-standard -- 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'tests/*.h' 'bench/*.cpp' 'bench/*.h'; }

# shellcheck disable=SC2086
cmd_packages() { install_missing $packages $test_packages; }

cmd_build() {
	# shellcheck disable=SC2086
	install_missing $packages
	say "build (${1:-release})"
	build "${1:-release}"
}

cmd_fmt() { sources | xargs -r clang-format-19 -i; }

cmd_fmt_check() {
	say "format"
	sources | xargs -r clang-format-19 --dry-run --Werror
}

cmd_lint() {
	say "lint"
	build release
	sources | grep '\.cpp$' | grep -v '_fuzz\.cpp$' |
		xargs -r -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/release
}

cmd_fuzz() {
	say "fuzz (${1:-10} s each)"
	build fuzz
	for target in build/fuzz/fuzz/*; do
		[ -x "$target" ] && [ -f "$target" ] || continue
		corpus=$(mktemp -d)
		"$target" -max_total_time="${1:-10}" -rss_limit_mb=1024 -print_final_stats=0 "$corpus" >"$corpus.log" 2>&1 ||
			{ tail -40 "$corpus.log"; return 1; }
		printf '%s: ok\n' "$(basename "$target")"
		rm -rf "$corpus" "$corpus.log"
	done
}

run_tests() { # PRESET CTEST-ARGUMENTS...
	preset=$1; shift
	(cd "build/$preset" && ctest --output-on-failure --timeout 600 "$@")
}

cmd_test() {
	cmd_packages
	cmd_fmt_check
	cmd_build release
	say "style, unit, root and e2e tests (release)"
	as_root sh -c 'cd build/release && ctest --output-on-failure --timeout 600 2>&1' | tee build/release/test.log
	python3 tests/summary.py build/release/test.log
	say "unit tests (address and undefined behaviour sanitizers)"
	build asan
	run_tests asan -L unit
	python3 tests/summary.py build/release/test.log --closing
}

cmd_run() {
	cmd_build release
	exec packaging/first-run build/release/bin
}

cmd_install() {
	cmd_build release
	as_root env DESTDIR="${DESTDIR:-}" cmake --install build/release --prefix "${PREFIX:-/usr/local}"
}

cmd_bench() { cmd_build release; exec bench/run "$@"; }

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
run | build | test | fmt | lint | install | bench | fuzz | packages) "cmd_$command" "$@" ;;
*)
	sed -n '2,3s/^# //p' "$0"
	[ "$command" = help ] || exit 2
	;;
esac
