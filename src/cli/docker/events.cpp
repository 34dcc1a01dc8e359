#include <algorithm>

#include "cli/common/filter_flag.h"
#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/common/template.h"
#include "cli/common/timestamp.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/json_lines.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

std::string attributes_of(const Json& actor) {
    std::vector<std::string> attributes;
    for (const auto& [key, value] : object_at(actor, "Attributes"))
        attributes.push_back(cat(key, '=', go_print(value)));
    std::ranges::sort(attributes);
    return attributes.empty() ? std::string() : cat(" (", join(attributes, ", "), ')');
}

std::string line_of(const Json& event) {
    Timestamp time{integer_at(event, "time"), 0};
    if (auto nanoseconds = integer_at(event, "timeNano"); nanoseconds != 0)
        time = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    std::string out =
        time.seconds != 0 || time.nanoseconds != 0 ? cat(format_rfc3339_nano(time), ' ') : std::string();
    const Json& actor = member_at(event, "Actor");
    return cat(out, text_at(event, "Type"), ' ', text_at(event, "Action"), ' ', text_at(actor, "ID"),
               attributes_of(actor), '\n');
}

// Templates name the fields as the Go type does.
Json for_template(const Json& event) {
    Json out = event;
    const Json& actor = member_at(event, "Actor");
    out.set("ID", member_at(event, "id"))
        .set("Status", member_at(event, "status"))
        .set("From", member_at(event, "from"));
    out.set("Scope", member_at(event, "scope"))
        .set("Time", member_at(event, "time"))
        .set("TimeNano", member_at(event, "timeNano"));
    out.set("Actor", actor);
    return out;
}

}  // namespace

Result<int> events(Invocation& call) {
    std::vector<std::string> filters;
    std::string format, since, until;
    define_filter(call.flags, filters, 'f', "Show only events that match, KEY=VALUE");
    call.flags.text(format, "format", 0, "\"json\" or a Go template for each event");
    call.flags.text(since, "since", 0, "Begin with events since this time or duration (10m)");
    call.flags.text(until, "until", 0, "End at this time or duration");
    if (!call.parse()) return call.exit_code();

    const bool as_json = format == "json" || format == "{{json .}}" || format == "{{json . }}";
    std::optional<Template> parsed;
    if (!format.empty() && !as_json) {
        auto result = Template::parse(unescape_format(format));
        if (!result) {
            print_error(cat("Error parsing format: ", result.error().message(), '\n'));
            return kExitTemplate;
        }
        parsed = std::move(*result);
    }
    Query query;
    if (!since.empty()) query.add("since", TRY(parse_since(since, now())));
    if (!until.empty()) query.add("until", TRY(parse_since(until, now())));
    query.add_if("filters", TRY(filters_parameter(filters)));

    TemplateScope scope;
    // Actions have different attributes, and one template is for all of them.
    scope.missing_key = TemplateScope::MissingKey::no_value;
    JsonLines lines([&](const Json& event) -> Result<> {
        if (as_json) {
            print(cat(dump(event), '\n'));
        } else if (parsed) {
            print(cat(TRY(parsed->execute(for_template(event), scope)), '\n'));
        } else {
            print(line_of(event));
        }
        return {};
    });
    TRY(Daemon(call.settings)
            .stream("GET", cat("/events", query.text()), Json(), {},
                    [&](std::string_view bytes) { return lines.feed(bytes); }));
    return 0;
}

}  // namespace tare::cli::docker
