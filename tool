#!/bin/sh
# ./tool COMMAND: thin over CMakePresets.json. Installs what is missing (Debian 12), asks for root where it has to.
#   run              build, and run a first container
#   test [STAGE...]  everything that a change has to pass, or stages of it:
#                    format lint release sessions asan tsan fuzz vm
#   build [PRESET]   release (as if none is named), debug, asan, tsan, coverage or fuzz
#   install          programs and systemd units below PREFIX (/usr/local), in DESTDIR
#   fmt, lint        format the sources; read them with clang-tidy
#   bench            compare with the peers that are installed
#   fuzz [SECONDS]   fuzz each parser that long (10)
#   packages         install what building and testing take
set -eu
cd "$(dirname "$0")"

packages="g++ cmake ninja-build ccache mold pkg-config git python3 ca-certificates
 libsqlite3-dev libcurl4-openssl-dev libssl-dev libboost1.81-dev rapidjson-dev libtomlplusplus-dev
 libisal-dev libzstd-dev libseccomp-dev libmnl-dev libnftables-dev libprotozero-dev libre2-dev zlib1g-dev
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

cmd_build() { # [PRESET [TARGET...]]
	# shellcheck disable=SC2086
	install_missing $packages
	say "build (${1:-release})"
	[ $# -gt 0 ] || set -- release
	build "$@"
}

cmd_fmt() { sources | xargs -r clang-format-19 -i; }

# ctest_in PRESET STAGE CTEST-ARGUMENTS... - what its programs report goes to build/PRESET/reports
ctest_in() {
	folder=build/$1 report=reports/ctest-$2.xml; shift 2
	as_root mkdir -p "$folder/reports"
	as_root sh -c 'cd "$1" && shift && exec ctest --output-on-failure --no-tests=ignore --timeout 900 -j 2 "$@"' \
		- "$folder" --output-junit "$report" "$@"
}

cmd_fuzz() {
	cmake --preset fuzz -DTARE_FUZZ_SECONDS="${1:-10}" >/dev/null
	build fuzz fuzzers && ctest_in fuzz fuzz -L fuzz
}

# Each stage of `./tool test`, also alone: `./tool test asan`.
stage_format() { sources | xargs -r clang-format-19 --dry-run --Werror; }
stage_release() { build release && ctest_in release release -LE 'vm|sessions'; }
stage_sessions() { build release && ctest_in release sessions -L sessions; }
stage_asan() { build asan unit_tests && ctest_in asan asan -L unit; }
stage_tsan() { build tsan thread_tests && ctest_in tsan tsan -L threads; }
# Bounded, since a first run reads the whole product: what is left over, the next run reads.
stage_lint() { cmake --preset lint >/dev/null && sources | python3 tests/style/lint.py build/lint 900; }
stage_fuzz() { cmd_fuzz 10; }
stage_vm() { build release && ctest_in release vm -L vm; }

# A stage is a shell of its own, so that `set -e` holds in it and a failure does not hide what comes after.
cmd_stage() { "stage_$1"; }

cmd_test() {
	cmd_packages
	[ $# -gt 0 ] || set -- format lint release sessions asan tsan fuzz vm
	rm -rf build/*/reports 2>/dev/null || as_root rm -rf build/*/reports
	failed='' times=''
	for stage in "$@"; do
		say "$stage"
		began=$(date +%s)
		./tool stage "$stage" || failed="$failed $stage"
		times="$times, $stage $(($(date +%s) - began)) s"
	done
	say "summary (${times#, })"
	# shellcheck disable=SC2086
	python3 tests/summary.py build $failed
}

# Without the tests: whoever tries tare for the first time waits half as long.
cmd_run() {
	cmd_build release programs
	exec packaging/first-run build/release/bin
}

cmd_install() {
	cmd_build release programs
	as_root env DESTDIR="${DESTDIR:-}" cmake --install build/release --prefix "${PREFIX:-/usr/local}"
}

cmd_bench() { cmd_build release; exec bench/run "$@"; }

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
run | build | test | fmt | install | bench | fuzz | packages | stage) "cmd_$command" "$@" ;;
lint) cmd_test lint ;;
*)
	sed -n '2,/^set/s/^# //p' "$0"
	[ "$command" = help ] || exit 2
	;;
esac
