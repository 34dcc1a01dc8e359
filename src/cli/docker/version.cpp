#include <algorithm>

#include "cli/common/safe_text.h"
#include "cli/common/table.h"
#include "cli/common/template.h"
#include "cli/common/timestamp.h"
#include "cli/docker/api_shape.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

std::string readable_date(const std::string& text) {
    auto time = parse_rfc3339(text);
    return time ? format_ansi(*time) : text;
}

std::string_view architecture() {
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return "unknown";
#endif
}

Json client_version(const Settings& settings) {
    Json client = Json::object();
    client.set("Version", settings.version);
    client.set("ApiVersion",
               settings.api_version.empty() ? kApiVersion : std::string_view(settings.api_version));
    client.set("DefaultAPIVersion", kApiVersion);
    client.set("GitCommit", "");
    client.set("GoVersion", "");
    client.set("Os", "linux");
    client.set("Arch", architecture());
    client.set("BuildTime", "");
    client.set("Context", "default");
    return client;
}

void line(std::string& out, std::string_view indent, std::string_view name, std::string_view value) {
    if (!value.empty()) out += cat(indent, name, ":\t", value, '\n');
}

std::string client_text(const Json& client) {
    std::string out = "Client:\n";
    line(out, " ", "Version", text_at(client, "Version"));
    line(out, " ", "API version", text_at(client, "ApiVersion"));
    line(out, " ", "OS/Arch", cat(text_at(client, "Os"), '/', text_at(client, "Arch")));
    line(out, " ", "Context", text_at(client, "Context"));
    return out;
}

std::string engine_text(const Json& component) {
    const Json& details = member_at(component, "Details");
    std::string out;
    line(out, "  ", "Version", text_at(component, "Version"));
    line(out, "  ", "API version",
         cat(text_at(details, "ApiVersion"), " (minimum version ", text_at(details, "MinAPIVersion"), ')'));
    line(out, "  ", "Go version", text_at(details, "GoVersion"));
    line(out, "  ", "Git commit", text_at(details, "GitCommit"));
    line(out, "  ", "Built", readable_date(text_at(details, "BuildTime")));
    line(out, "  ", "OS/Arch", cat(text_at(details, "Os"), '/', text_at(details, "Arch")));
    line(out, "  ", "Experimental", text_at(details, "Experimental"));
    return out;
}

std::string component_text(const Json& component) {
    std::string name = text_at(component, "Name");
    std::string out = cat(' ', name, ":\n");
    if (name == "Engine") return out + engine_text(component);
    out += cat("  Version:\t", text_at(component, "Version"), '\n');
    const Json details = sorted(member_at(component, "Details"));
    for (const auto& [key, value] : *details.as_object())
        out += cat("  ", key, ":\t", go_print(value), '\n');
    return out;
}

std::string server_text(const Json& server) {
    std::string platform = text_at(member_at(server, "Platform"), "Name");
    std::string out = cat("\nServer:", platform.empty() ? "" : " ", platform, '\n');
    for (const Json& component : array_at(server, "Components"))
        if (member_at(component, "Details").is_object()) out += component_text(component);
    return out;
}

Result<int> print_with(std::string_view format, const Json& both) {
    auto parsed = Template::parse(format == "json" ? "{{json .}}" : format);
    if (!parsed) {
        print_error(cat("template parsing error: ", parsed.error().message(), '\n'));
        return kExitTemplate;
    }
    TemplateScope scope;
    scope.alias_of = api_alias;
    std::string partial;
    auto text = parsed->execute(both, scope, &partial);
    print(cat(text ? *text : partial, '\n'));
    if (!text) return std::move(text.error());
    return 0;
}

}  // namespace

Result<int> version(Invocation& call) {
    std::string format;
    bool client_only = false;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    call.flags.boolean(client_only, "client", 0,
                       "Show only this command's version, without asking the daemon");
    if (!call.parse()) return call.exit_code();

    Json both = Json::object();
    both.set("Client", client_version(call.settings));
    both.set("Server", nullptr);
    std::string failure;
    if (!client_only) {
        auto server = Daemon(call.settings).get("/version");
        if (server) both.set("Server", std::move(*server));
        if (!server) failure = cat(server.error().message(), '\n');
    }
    int exit_code = failure.empty() ? 0 : kExitFailure;
    if (!format.empty()) {
        int shown = TRY(print_with(format, both));
        if (shown != 0) return shown;
    } else {
        std::string text = client_text(*both.find("Client"));
        if (!both.find("Server")->is_null()) text += server_text(*both.find("Server"));
        print(align_columns(text, {20, 1}));
    }
    print_error(failure);
    return exit_code;
}

}  // namespace tare::cli::docker
