#include <fcntl.h>

#include "base/json.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/namespace.h"
#include "posix/process.h"
#include "posix/socket.h"
#include "run/runtime/state.h"
#include "run/shim/bootstrap.h"

namespace tare::shim {

namespace {

constexpr std::size_t kSpecLimit = std::size_t{8} << 20;
constexpr std::string_view kScheme = "unix://";
/// Set by CRI servers: containers of one pod share the shim of its sandbox.
constexpr std::string_view kSandboxAnnotation = "io.kubernetes.cri.sandbox-id";

/// The id that the shim is shared under: the sandbox's, or the container's own.
Result<std::string> group_of(const Invocation& invocation) {
    // Read before Create, whose business a missing or broken config.json is.
    auto text = posix::read_file(invocation.bundle + "/config.json", kSpecLimit);
    if (!text || text->find(kSandboxAnnotation) == std::string::npos) return invocation.id;
    Json document = TRY(parse_json(*text, {.what = "config.json"}));
    for (auto& [key, value] : TRY(JsonView(document, "config.json").string_map("annotations")))
        if (key == kSandboxAnnotation) return value;
    return invocation.id;
}

/// Bundles of one namespace lie side by side.
std::string sibling_bundle(const std::string& bundle, std::string_view id) {
    return cat(bundle.substr(0, bundle.rfind('/')), "/", id);
}

/// The address of the living shim of a bundle.
Result<std::string> living_address(const std::string& bundle) {
    std::string address = TRY(posix::read_file(bundle + "/address", 4096));
    TRY(posix::connect_unix(address.substr(address.starts_with(kScheme) ? kScheme.size() : 0)));
    return address;
}

/// Whole or not at all for its readers. Not durable: neither file means anything once the machine was down.
Result<> write_volatile(const std::string& path, const std::string& content) {
    std::string temporary = path + "~";
    posix::Fd file = TRY(posix::open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY_CONTEXT(posix::write_all(file.get(), content), temporary);
    return posix::rename(temporary, path);
}

/// A fresh socket in a directory that only root can enter, with a name short enough for sun_path.
Result<std::string> socket_path(const Invocation& invocation) {
    std::string directory = daemon_directory_of(invocation) + "/s";
    constexpr std::size_t longest_directory = 80;
    if (directory.size() > longest_directory) directory = "/run/tare/s";
    TRY(posix::make_directories(directory, 0700));
    return cat(directory, "/", TRY(posix::random_name()));
}

Result<> record_process(const std::string& bundle, pid_t pid) {
    auto facts = posix::process_facts(pid);
    if (!facts) return fail(ErrorKind::internal, "the shim has ended at once");
    return write_volatile(bundle + "/shim.pid", cat(pid, " ", facts->start_time));
}

}  // namespace

std::string daemon_directory_of(const Invocation& invocation) {
    auto slash = invocation.address.rfind('/');
    bool has_directory = slash != std::string::npos && slash > 0 && invocation.address.starts_with('/');
    return has_directory ? invocation.address.substr(0, slash) : "/run/tare";
}

Result<std::string> start(const Invocation& invocation) {
    TRY_CONTEXT(runtime::check_id(invocation.id), "shim");
    TRY_CONTEXT(runtime::check_id(invocation.name_space), "namespace");
    std::string group = TRY(group_of(invocation));
    if (group != invocation.id) {
        TRY_CONTEXT(runtime::check_id(group), "sandbox");
        std::string address = TRY_CONTEXT(living_address(sibling_bundle(invocation.bundle, group)),
                                          cat("shim of sandbox ", quote(group)));
        TRY(write_volatile(invocation.bundle + "/address", address));
        return address;
    }
    if (living_address(invocation.bundle))
        return fail(ErrorKind::already_exists, "a shim serves container ", quote(invocation.id), " already");
    std::string path = TRY(socket_path(invocation));
    posix::Fd listener = TRY(posix::listen_unix(path, 0600));
    std::string address = cat(kScheme, path);
    TRY(write_volatile(invocation.bundle + "/address", address));
    auto shim = TRY(posix::fork_into_namespaces(0));
    if (!shim) {
        auto served = serve(invocation, listener.release(), path);
        posix::exit_now(served ? 0 : 1);
    }
    TRY(record_process(invocation.bundle, shim.pid()));
    return address;
}

}  // namespace tare::shim
