// volume create, rm, inspect.

#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/inspection.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> volume_create(Invocation& call) {
    std::string driver = "local", name;
    std::vector<std::string> labels, options;
    call.flags.text(driver, "driver", 'd', "Driver of the volume");
    call.flags.list(labels, "label", 0, "Label of the volume");
    call.flags.text(name, "name", 0, "Name of the volume").is_hidden = true;
    call.flags.list(options, "opt", 'o', "Option of the driver", "map");
    if (!call.parse()) return call.exit_code();
    if (!call.arguments.empty() && !name.empty())
        return fail(
            ErrorKind::invalid_argument,
            "conflicting options: cannot specify a volume-name through both --name and as a positional arg");
    if (!call.arguments.empty()) name = call.arguments[0];
    Json body = Json::object();
    body.set("Driver", driver)
        .set("DriverOpts", key_value_object(options))
        .set("Labels", key_value_object(labels));
    if (!name.empty()) body.set("Name", name);
    Json volume = TRY(Daemon(call.settings).post("/volumes/create", body));
    print(cat(text_at(volume, "Name"), '\n'));
    return 0;
}

Result<int> volume_rm(Invocation& call) {
    bool force = false;
    call.flags.boolean(force, "force", 'f', "A volume that is not there is no failure");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    Query query;
    query.flag("force", force);
    return for_each_name(call.arguments, Order::one_by_one, [&](const std::string& name) -> Result<> {
        TRY(daemon.remove(cat("/volumes/", path_segment(name), query.text())));
        return {};
    });
}

Result<int> volume_inspect(Invocation& call) {
    std::string format;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    return inspect_each(call, format, [&](const std::string& name) {
        return daemon.get(cat("/volumes/", path_segment(name)));
    });
}

}  // namespace tare::cli::docker
