#include <cstdlib>
#include <string>
#include <vector>

#include "posix/build_id.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/reexec.h"
#include "run/shim/bootstrap.h"

namespace {

using namespace tare;

constexpr std::string_view kUsage =
    "Usage: tare-shim -namespace NAME -id ID [-address SOCKET] [-bundle DIR] [-debug] start|delete\n"
    "containerd's shim v2; a daemon calls it, people do not.\n";

/// Go's flags: one dash or two, a value behind "=" or in the next word.
Result<std::string> parse(const std::vector<std::string>& words, shim::Invocation& invocation) {
    struct Flag {
        std::string_view name;
        std::string* value;
    };
    std::string ignored;
    const Flag flags[] = {
        {"namespace", &invocation.name_space}, {"id", &invocation.id},
        {"address", &invocation.address},      {"publish-binary", &invocation.publish_binary},
        {"bundle", &invocation.bundle},        {"socket", &ignored}};
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i];
        if (!word.starts_with('-')) return std::string(word);
        word.remove_prefix(word.starts_with("--") ? 2 : 1);
        if (word == "v" || word == "version" || word == "info" || word == "h" || word == "help")
            return std::string(word);
        if (word == "debug") {
            invocation.is_debug = true;
            continue;
        }
        auto [name, given] = cut(word, '=');
        const Flag* found = nullptr;
        for (auto& flag : flags)
            if (flag.name == name) found = &flag;
        if (!found) return fail(ErrorKind::invalid_argument, "flag provided but not defined: -", name);
        if (!given && i + 1 == words.size())
            return fail(ErrorKind::invalid_argument, "flag needs an argument: -", name);
        *found->value = given ? std::string(*given) : words[++i];
    }
    return fail(ErrorKind::invalid_argument, "no command given; start and delete are known");
}

Result<std::string> run(const std::vector<std::string>& words) {
    shim::Invocation invocation;
    std::string verb = TRY(parse(words, invocation));
    if (verb == "v" || verb == "version") return cat("tare-shim:\n  Version: ", TARE_VERSION, "\n");
    if (verb == "h" || verb == "help" || verb == "info") return std::string(kUsage);
    if (verb != "start" && verb != "delete")
        return fail(ErrorKind::invalid_argument, "unknown command ", quote(verb));
    // Our own file must not be reachable for writing from inside of a container (CVE-2019-5736).
    if (verb == "start") TRY(posix::run_from_read_only_copy());
    if (invocation.bundle.empty()) invocation.bundle = TRY(posix::current_directory());
    const char* events = std::getenv("TTRPC_ADDRESS");
    invocation.ttrpc_address = events ? events : "";
    invocation.version = TARE_VERSION;
    invocation.build = posix::build_id("/proc/self/exe").value_or("");
    return verb == "start" ? shim::start(invocation) : shim::remove(invocation);
}

}  // namespace

int main(int count, char** values) {
    auto outcome = run(std::vector<std::string>(values + 1, values + count));
    if (outcome) outcome = posix::write_all(1, *outcome) ? *outcome : std::string();
    if (outcome) return 0;
    std::string hint = outcome.error().hint().empty() ? "" : cat(" (", outcome.error().hint(), ")");
    (void)posix::write_all(2, cat("tare-shim: ", outcome.error().message(), hint, "\n"));  // no other place
    return 1;
}
