// container prune, image prune, volume prune, network prune, system prune.

#include "cli/common/filter_flag.h"
#include "cli/common/go_format.h"
#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/prompt.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct Options {
    bool force = false;
    std::vector<std::string> filters;
};

void define(FlagSet& flags, Options& options) {
    define_filter(flags, options.filters, 0, "Remove only what matches, KEY=VALUE");
    flags.boolean(options.force, "force", 'f', "Do not ask");
}

/// What one kind of pruning removed.
struct Pruned {
    std::string text;
    double bytes = 0;
};

std::string lines_of(std::string_view title, const Json::Array& names) {
    if (names.empty()) return {};
    std::string out = cat(title, ":\n");
    for (const Json& name : names)
        out += cat(go_print(name), '\n');
    return out;
}

Result<Json> post_prune(Daemon& daemon, std::string_view kind, const std::vector<std::string>& filters) {
    Query query;
    query.add_if("filters", TRY(filters_parameter(filters)));
    return daemon.post(cat('/', kind, "/prune", query.text()));
}

Result<Pruned> prune_containers(Daemon& daemon, const std::vector<std::string>& filters) {
    Json answer = TRY(post_prune(daemon, "containers", filters));
    return Pruned{lines_of("Deleted Containers", array_at(answer, "ContainersDeleted")),
                  member_at(answer, "SpaceReclaimed").as_double().value_or(0)};
}

Result<Pruned> prune_networks(Daemon& daemon, const std::vector<std::string>& filters) {
    Json answer = TRY(post_prune(daemon, "networks", filters));
    return Pruned{lines_of("Deleted Networks", array_at(answer, "NetworksDeleted")), 0};
}

Result<Pruned> prune_volumes(Daemon& daemon, const std::vector<std::string>& filters) {
    Json answer = TRY(post_prune(daemon, "volumes", filters));
    return Pruned{lines_of("Deleted Volumes", array_at(answer, "VolumesDeleted")),
                  member_at(answer, "SpaceReclaimed").as_double().value_or(0)};
}

Result<Pruned> prune_images(Daemon& daemon, std::vector<std::string> filters, bool all) {
    filters.push_back(cat("dangling=", all ? "false" : "true"));
    Json answer = TRY(post_prune(daemon, "images", filters));
    Pruned pruned;
    for (const Json& item : array_at(answer, "ImagesDeleted")) {
        std::string untagged = text_at(item, "Untagged");
        pruned.text += untagged.empty() ? cat("deleted: ", text_at(item, "Deleted"), '\n')
                                        : cat("untagged: ", untagged, '\n');
    }
    if (!pruned.text.empty()) pruned.text = cat("Deleted Images:\n", pruned.text);
    pruned.bytes = member_at(answer, "SpaceReclaimed").as_double().value_or(0);
    return pruned;
}

Result<bool> go_on(const Options& options, std::string_view warning) {
    if (options.force) return true;
    return confirm(cat("WARNING! ", warning, "\nAre you sure you want to continue?"));
}

int report(const Pruned& pruned) {
    if (!pruned.text.empty()) print(cat(pruned.text, '\n'));
    print(cat("Total reclaimed space: ", format_size(pruned.bytes), '\n'));
    return 0;
}

}  // namespace

Result<int> container_prune(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    if (!TRY(go_on(options, "This will remove all stopped containers."))) return 0;
    Daemon daemon(call.settings);
    return report(TRY(prune_containers(daemon, options.filters)));
}

Result<int> image_prune(Invocation& call) {
    Options options;
    bool all = false;
    define(call.flags, options);
    call.flags.boolean(all, "all", 'a', "Remove all unused images, not only those without a name");
    if (!call.parse()) return call.exit_code();
    std::string_view warning =
        all ? "This will remove all images without at least one container associated to them."
            : "This will remove all dangling images.";
    if (!TRY(go_on(options, warning))) return 0;
    Daemon daemon(call.settings);
    return report(TRY(prune_images(daemon, options.filters, all)));
}

Result<int> volume_prune(Invocation& call) {
    Options options;
    bool all = false;
    define(call.flags, options);
    call.flags.boolean(all, "all", 'a', "Remove named volumes too");
    if (!call.parse()) return call.exit_code();
    std::string_view warning =
        all ? "This will remove all local volumes not used by at least one container."
            : "This will remove anonymous local volumes not used by at least one container.";
    if (!TRY(go_on(options, warning))) return 0;
    if (all) options.filters.push_back("all=true");
    Daemon daemon(call.settings);
    return report(TRY(prune_volumes(daemon, options.filters)));
}

Result<int> network_prune(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    if (!TRY(go_on(options, "This will remove all custom networks not used by at least one container.")))
        return 0;
    Daemon daemon(call.settings);
    Pruned pruned = TRY(prune_networks(daemon, options.filters));
    print(pruned.text);
    return 0;
}

Result<int> system_prune(Invocation& call) {
    Options options;
    bool all = false;
    bool volumes = false;
    define(call.flags, options);
    call.flags.boolean(all, "all", 'a', "Remove all unused images, not only those without a name");
    call.flags.boolean(volumes, "volumes", 0, "Remove anonymous volumes too");
    if (!call.parse()) return call.exit_code();
    std::string warning =
        "This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
        "container\n";
    if (volumes) warning += "  - all anonymous volumes not used by at least one container\n";
    warning += all ? "  - all images without at least one container associated to them\n"
                   : "  - all dangling images\n";
    warning += all ? "  - all build cache\n" : "  - unused build cache\n";
    if (!TRY(go_on(options, warning))) return 0;

    Daemon daemon(call.settings);
    Pruned total;
    auto add = [&](const Pruned& pruned) {
        if (!pruned.text.empty()) print(cat(pruned.text, '\n'));
        total.bytes += pruned.bytes;
    };
    add(TRY(prune_containers(daemon, options.filters)));
    add(TRY(prune_networks(daemon, options.filters)));
    if (volumes) add(TRY(prune_volumes(daemon, options.filters)));
    add(TRY(prune_images(daemon, options.filters, all)));
    return report(total);
}

}  // namespace tare::cli::docker
