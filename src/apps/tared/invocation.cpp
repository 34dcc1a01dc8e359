#include "apps/tared/invocation.h"

namespace tare::tared {

namespace {

constexpr std::string_view kUsage =
    "Usage: tared [OPTIONS]\n"
    "\n"
    "The daemon of tare: serves containers over STATE/docker.sock.\n"
    "\n"
    "Options:\n"
    "      --root DIR      what is kept (default /var/lib/tare)\n"
    "      --state DIR     what lasts until reboot, sockets included (default /run/tare)\n"
    "      --config FILE   configuration (default /etc/tare/config.toml)\n"
    "      --debug         log every decision\n"
    "      --version       print the version and exit\n"
    "      --help          print this and exit\n";

}  // namespace

std::string_view usage() {
    return kUsage;
}

Result<Invocation> parse_invocation(const std::vector<std::string>& arguments) {
    Invocation invocation;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const Cut option = cut(arguments[i], '=');
        auto value = [&]() -> Result<std::string> {
            if (option.after) return std::string(*option.after);
            if (i + 1 < arguments.size()) return arguments[++i];
            return fail(ErrorKind::invalid_argument, "option ", option.before, " needs a value");
        };
        if (option.before == "--root") {
            invocation.root = TRY(value());
        } else if (option.before == "--state") {
            invocation.state = TRY(value());
        } else if (option.before == "--config") {
            invocation.config_path = TRY(value());
            invocation.has_config_path = true;
        } else if (arguments[i] == "--debug" || arguments[i] == "-D") {
            invocation.is_debug = true;
        } else if (arguments[i] == "--version" || arguments[i] == "-v") {
            invocation.wants_version = true;
        } else if (arguments[i] == "--help" || arguments[i] == "-h") {
            invocation.wants_help = true;
        } else {
            return Error(ErrorKind::invalid_argument, cat("unknown option ", quote(arguments[i])))
                .set_hint("see tared --help");
        }
    }
    return invocation;
}

}  // namespace tare::tared
