# Which folder links which library. A header of a library listed here may be included by these
# folders alone (tests/style holds it). Debian 12 packages; the reasons are in docs/decisions.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
# The static programs need the archive: a linker may take a shared object even with -static, and leave
# its symbols null.
find_library(SECCOMP_ARCHIVE libseccomp.a REQUIRED)
pkg_check_modules(MNL REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(NFTABLES REQUIRED IMPORTED_TARGET libnftables)
# By name: re2.pc asks for -pthread, which precompiled headers do not have.
find_library(RE2_LIBRARY re2 REQUIRED)

# The static programs hash nothing.
set(TARE_USES_base $<$<NOT:$<BOOL:$<TARGET_PROPERTY:TARE_STATIC>>>:PkgConfig::CRYPTO>)
set(TARE_USES_store PkgConfig::SQLITE3)
set(TARE_USES_wire/ttrpc Threads::Threads)
set(TARE_USES_wire/http PkgConfig::CURL PkgConfig::SSL PkgConfig::CRYPTO Threads::Threads)
set(TARE_USES_run/runtime ${SECCOMP_ARCHIVE})
set(TARE_USES_image/layer PkgConfig::ISAL PkgConfig::ZSTD Threads::Threads)
set(TARE_USES_image/transfer Threads::Threads)
set(TARE_USES_engine/network PkgConfig::MNL PkgConfig::NFTABLES)
set(TARE_USES_api/docker ${RE2_LIBRARY})
set(TARE_USES_cli/docker Threads::Threads)
set(TARE_USES_apps/tared Threads::Threads)

set(TARE_STATIC_PROGRAMS tare-shim tare-oci tare-init)
