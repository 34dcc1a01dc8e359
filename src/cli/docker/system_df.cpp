#include <algorithm>
#include <cstdio>

#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/common/template.h"
#include "cli/docker/command.h"
#include "cli/docker/container_row.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/image_row.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"
#include "cli/docker/volume_row.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {{"Type", "TYPE"},
                               {"TotalCount", "TOTAL"},
                               {"Active", "ACTIVE"},
                               {"Size", "SIZE"},
                               {"Reclaimable", "RECLAIMABLE"}};
constexpr Column kImageColumns[] = {{"Repository", "REPOSITORY"},
                                    {"Tag", "TAG"},
                                    {"ID", "IMAGE ID"},
                                    {"CreatedSince", "CREATED"},
                                    {"Size", "SIZE"},
                                    {"SharedSize", "SHARED SIZE"},
                                    {"UniqueSize", "UNIQUE SIZE"},
                                    {"Containers", "CONTAINERS"}};
constexpr Column kContainerColumns[] = {{"ID", "CONTAINER ID"}, {"Image", "IMAGE"},
                                        {"Command", "COMMAND"}, {"LocalVolumes", "LOCAL VOLUMES"},
                                        {"Size", "SIZE"},       {"RunningFor", "CREATED"},
                                        {"Status", "STATUS"},   {"Names", "NAMES"}};
constexpr Column kVolumeColumns[] = {{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}};
constexpr Column kCacheColumns[] = {
    {"ID", "CACHE ID"},          {"CacheType", "CACHE TYPE"},    {"Size", "SIZE"},
    {"CreatedSince", "CREATED"}, {"LastUsedSince", "LAST USED"}, {"UsageCount", "USAGE"},
    {"Shared", "SHARED"}};

/// The sums of one kind of object.
struct Total {
    std::string_view type;
    std::size_t count = 0;
    std::size_t active = 0;
    double bytes = 0;
    double reclaimable_bytes = 0;
};

Total image_total(const Json& usage) {
    Total total{.type = "Images", .bytes = member_at(usage, "LayersSize").as_double().value_or(0)};
    double used = 0;
    for (const Json& image : array_at(usage, "Images")) {
        ++total.count;
        if (integer_at(image, "Containers") <= 0) continue;
        ++total.active;
        auto size = integer_at(image, "Size");
        auto shared = integer_at(image, "SharedSize");
        if (size >= 0 && shared >= 0) used += static_cast<double>(size - shared);
    }
    total.reclaimable_bytes = total.bytes - used;
    return total;
}

Total container_total(const Json& usage) {
    Total total{.type = "Containers"};
    for (const Json& container : array_at(usage, "Containers")) {
        ++total.count;
        std::string state = text_at(container, "State");
        bool active = state == "running" || state == "paused" || state == "restarting";
        auto size = static_cast<double>(integer_at(container, "SizeRw"));
        total.bytes += size;
        total.active += active ? 1 : 0;
        if (!active) total.reclaimable_bytes += size;
    }
    return total;
}

Total volume_total(const Json& usage) {
    Total total{.type = "Local Volumes"};
    for (const Json& volume : array_at(usage, "Volumes")) {
        ++total.count;
        const Json& data = member_at(volume, "UsageData");
        auto size = static_cast<double>(std::max<std::int64_t>(integer_at(data, "Size"), 0));
        bool active = integer_at(data, "RefCount") > 0;
        total.bytes += size;
        total.active += active ? 1 : 0;
        if (!active) total.reclaimable_bytes += size;
    }
    return total;
}

Total cache_total(const Json& usage) {
    Total total{.type = "Build Cache"};
    for (const Json& record : array_at(usage, "BuildCache")) {
        ++total.count;
        auto size = static_cast<double>(integer_at(record, "Size"));
        if (!boolean_at(record, "Shared")) total.bytes += size;
        if (boolean_at(record, "InUse")) {
            ++total.active;
        } else if (!boolean_at(record, "Shared")) {
            total.reclaimable_bytes += size;
        }
    }
    return total;
}

Json row_of(const Total& total) {
    std::string reclaimable = format_size(total.reclaimable_bytes);
    if (total.bytes > 0)
        reclaimable +=
            cat(" (", static_cast<std::int64_t>(total.reclaimable_bytes / total.bytes * 100), "%)");
    Json row = Json::object();
    row.set("Active", cat(total.active))
        .set("Reclaimable", reclaimable)
        .set("Size", format_size(total.bytes));
    row.set("TotalCount", cat(total.count)).set("Type", total.type);
    return row;
}

Result<std::string> section(std::string_view type_name, std::span<const Column> columns, std::string table,
                            const std::vector<Json>& rows) {
    ListView view{.type_name = type_name,
                  .columns = columns,
                  .default_table = std::move(table),
                  .quiet = {},
                  .raw = {}};
    ListFormat format = TRY(ListFormat::parse(view, ""));
    return format.render(rows);
}

struct Details {
    std::vector<Json> images, containers, volumes;
};

Details details_of(const Json& usage) {
    Details details;
    for (const Json& image : array_at(usage, "Images"))
        for (Json& row : image_rows(image, Digests::hidden, Truncate::yes))
            details.images.push_back(std::move(row));
    for (const Json& container : array_at(usage, "Containers"))
        details.containers.push_back(container_row(container, Truncate::yes));
    for (Json& row : details.containers) {
        // Here the size stands alone, without the image's.
        std::string size = text_at(row, "Size");
        row.set("Size", cut(size, ' ').before);
    }
    for (const Json& volume : array_at(usage, "Volumes"))
        details.volumes.push_back(volume_row(volume));
    return details;
}

Result<std::string> verbose_text(const Json& usage) {
    Details details = details_of(usage);
    std::string out = "Images space usage:\n\n";
    out += TRY(section("*formatter.imageContext", kImageColumns,
                       "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{"
                       ".UniqueSize}}\t{{.Containers}}",
                       details.images));
    out += "\nContainers space usage:\n\n";
    out += TRY(section("*formatter.ContainerContext", kContainerColumns,
                       "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{."
                       "Status}}\t{{.Names}}",
                       details.containers));
    out += "\nLocal Volumes space usage:\n\n";
    out += TRY(section("*formatter.volumeContext", kVolumeColumns, "{{.Name}}\t{{.Links}}\t{{.Size}}",
                       details.volumes));
    out += cat("\nBuild cache usage: ", format_size(cache_total(usage).bytes), "\n\n");
    out += TRY(section("*formatter.buildCacheContext", kCacheColumns,
                       "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{."
                       "UsageCount}}\t{{.Shared}}",
                       {}));
    return out;
}

}  // namespace

Result<int> system_df(Invocation& call) {
    bool verbose = false;
    std::string format;
    call.flags.text(format, "format", 0,
                    "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each kind");
    call.flags.boolean(verbose, "verbose", 'v', "Show each object");
    if (!call.parse()) return call.exit_code();
    ListView view{.type_name = "*formatter.diskUsageImagesContext",
                  .columns = kColumns,
                  .default_table = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
                  .quiet = {},
                  .raw =
                      "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: "
                      "{{.Size}}\nreclaimable: {{.Reclaimable}}\n"};
    ListFormat parsed = TRY(ListFormat::parse(view, verbose ? "" : format));
    Json usage = TRY(Daemon(call.settings).get("/system/df"));
    if (verbose && format.empty()) {
        print(TRY(verbose_text(usage)));
        return 0;
    }
    if (verbose) {
        Details details = details_of(usage);
        Json all = Json::object();
        all.set("BuildCache", Json::array()).set("Containers", Json(details.containers));
        all.set("Images", Json(details.images)).set("Volumes", Json(details.volumes));
        Template chosen = TRY(Template::parse(format == "json" ? "{{json .}}" : unescape_format(format)));
        print(cat(TRY(chosen.execute(all)), '\n'));
        return 0;
    }
    print(TRY(parsed.render({row_of(image_total(usage)), row_of(container_total(usage)),
                             row_of(volume_total(usage)), row_of(cache_total(usage))})));
    return 0;
}

}  // namespace tare::cli::docker
