#include <algorithm>

#include "cli/common/safe_text.h"
#include "cli/docker/api_shape.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/inspection.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

constexpr std::string_view kKinds[] = {"container", "image", "network", "volume"};

std::string target_of(std::string_view kind, std::string_view name, bool size) {
    if (kind == "container") return cat("/containers/", path_segment(name), "/json", size ? "?size=1" : "");
    if (kind == "image") return cat("/images/", path_reference(name), "/json");
    if (kind == "network") return cat("/networks/", path_segment(name));
    return cat("/volumes/", path_segment(name));
}

// Tries one kind after the other; the first that knows the name wins.
Result<Json> find_object(Daemon& daemon, const std::string& name, std::string_view type, bool size) {
    for (std::string_view kind : kKinds) {
        if (!type.empty() && type != kind) continue;
        auto found = daemon.get(target_of(kind, name, size));
        if (found || !type.empty() || !found.error().is(ErrorKind::not_found)) return found;
    }
    return fail(ErrorKind::not_found, "Error: No such object: ", name);
}

}  // namespace

Result<int> inspect(Invocation& call) {
    std::string format;
    std::string type;
    bool size = false;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    call.flags.boolean(size, "size", 's', "Show the sizes of a container's file systems");
    call.flags.text(type, "type", 0, "Look only among: container, image, network, volume").completion =
        "container|image|network|volume";
    if (!call.parse()) return call.exit_code();
    if (call.flags.is_set("type") && std::ranges::find(kKinds, type) == std::end(kKinds)) {
        if (type.empty())
            return fail(ErrorKind::invalid_argument,
                        "type is empty: must be one of \"config\", \"container\", \"image\", "
                        "\"network\", \"node\", \"plugin\", \"secret\", \"service\", \"task\", \"volume\"");
        return fail(ErrorKind::invalid_argument, "unknown type: ", quote(type),
                    ": must be one of \"config\", \"container\", \"image\", \"network\", \"node\", "
                    "\"plugin\", \"secret\", "
                    "\"service\", \"task\", \"volume\"");
    }
    Daemon daemon(call.settings);
    return inspect_each(call, format,
                        [&](const std::string& name) { return find_object(daemon, name, type, size); });
}

Result<int> container_inspect(Invocation& call) {
    std::string format;
    bool size = false;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    call.flags.boolean(size, "size", 's', "Show the sizes of the file systems");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    return inspect_each(call, format, [&](const std::string& name) {
        return daemon.get(target_of("container", name, size));
    });
}

}  // namespace tare::cli::docker
