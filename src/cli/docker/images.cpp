
#include "cli/common/filter_flag.h"
#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/image_row.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {
    {"ID", "IMAGE ID"},
    {"Repository", "REPOSITORY"},
    {"Tag", "TAG"},
    {"Digest", "DIGEST"},
    {"CreatedSince", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"Size", "SIZE"},
    {"Containers", "CONTAINERS"},
    {"VirtualSize", "SIZE"},
    {"SharedSize", "SHARED SIZE"},
    {"UniqueSize", "UNIQUE SIZE"},
};

struct Options {
    bool all = false, digests = false, no_trunc = false, quiet = false, tree = false;
    std::vector<std::string> filters;
    std::string format;
};

void define(FlagSet& flags, Options& options) {
    flags.boolean(options.all, "all", 'a', "Show intermediate images too");
    flags.boolean(options.digests, "digests", 0, "Show digests");
    define_filter(flags, options.filters, 'f', "Show only images that match, KEY=VALUE");
    flags.text(options.format, "format", 0,
               "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each image");
    flags.boolean(options.no_trunc, "no-trunc", 0, "Show everything in full length");
    flags.boolean(options.quiet, "quiet", 'q', "Show only ids");
    flags.boolean(options.tree, "tree", 0, "Show the platforms of each image").is_hidden = true;
}

ListView view_of(const Options& options) {
    std::string_view digest_line = options.digests ? "digest: {{.Digest}}\n" : "";
    return {.type_name = "*formatter.imageContext",
            .columns = kColumns,
            .default_table = cat("{{.Repository}}\t{{.Tag}}\t", options.digests ? "{{.Digest}}\t" : "",
                                 "{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"),
            .quiet = options.format == "raw" ? "image_id: {{.ID}}" : "{{.ID}}",
            .raw = cat("repository: {{ .Repository }}\ntag: {{.Tag}}\n", digest_line,
                       "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n")};
}

}  // namespace

Result<int> images(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();

    if (options.tree)
        return fail(ErrorKind::unimplemented, "--tree is not there yet: images shows a line for each name");
    if (options.format.empty() && !options.quiet) options.format = call.settings.config_text("imagesFormat");
    if (options.digests && options.format.starts_with("table ") &&
        options.format.find(".Digest") == std::string::npos)
        options.format += "\t{{.Digest}}";
    ListView view = view_of(options);
    ListFormat format = TRY(ListFormat::parse(view, options.format, options.quiet ? Quiet::yes : Quiet::no));
    if (!call.arguments.empty()) options.filters.push_back(cat("reference=", call.arguments[0]));
    Query query;
    query.flag("all", options.all).add_if("filters", TRY(filters_parameter(options.filters)));
    Json images = TRY(Daemon(call.settings).get(cat("/images/json", query.text())));

    const Digests digests = options.digests             ? Digests::own_rows
                            : format.mentions("Digest") ? Digests::shown
                                                        : Digests::hidden;
    std::vector<Json> rows;
    if (auto* array = images.as_array())
        for (const Json& image : *array)
            for (Json& row : image_rows(image, digests, options.no_trunc ? Truncate::no : Truncate::yes))
                rows.push_back(std::move(row));
    print(TRY(format.render(rows)));
    return 0;
}

}  // namespace tare::cli::docker
