#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/common/template.h"
#include "cli/docker/api_shape.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

// Collects the lines of the report.
class Report {
  public:
    explicit Report(const Json& info) : info_(info) {}

    void always(std::string_view label, std::string_view value) {
        out_ += cat(' ', label, ": ", value, '\n');
    }
    void number(std::string_view label, std::string_view key) { always(label, cat(integer_at(info_, key))); }
    void boolean(std::string_view label, std::string_view key) {
        always(label, boolean_at(info_, key) ? "true" : "false");
    }
    void text(std::string_view label, std::string_view key) {
        if (std::string value = text_at(info_, key); !value.empty()) always(label, value);
    }
    void line(std::string_view text) { out_ += cat(text, '\n'); }
    std::string take() { return std::move(out_); }
    const Json& info() const { return info_; }

  private:
    const Json& info_;
    std::string out_;
};

std::string words_at(const Json& object, std::string_view key) {
    std::vector<std::string> words;
    for (const Json& word : array_at(object, key))
        if (auto* text = word.as_string()) words.push_back(*text);
    return join(words, " ");
}

void add_counts(Report& report) {
    report.number("Containers", "Containers");
    report.number(" Running", "ContainersRunning");
    report.number(" Paused", "ContainersPaused");
    report.number(" Stopped", "ContainersStopped");
    report.number("Images", "Images");
    report.text("Server Version", "ServerVersion");
    report.text("Storage Driver", "Driver");
    for (const Json& pair : array_at(report.info(), "DriverStatus"))
        if (auto* words = pair.as_array(); words != nullptr && words->size() == 2)
            report.always(cat(' ', go_print((*words)[0])), go_print((*words)[1]));
    report.text("Logging Driver", "LoggingDriver");
    report.text("Cgroup Driver", "CgroupDriver");
    report.text("Cgroup Version", "CgroupVersion");
}

void add_plugins(Report& report) {
    const Json& plugins = member_at(report.info(), "Plugins");
    report.line(" Plugins:");
    report.always(" Volume", words_at(plugins, "Volume"));
    report.always(" Network", words_at(plugins, "Network"));
    if (!array_at(plugins, "Authorization").empty())
        report.always(" Authorization", words_at(plugins, "Authorization"));
    report.always(" Log", words_at(plugins, "Log"));
    if (!array_at(report.info(), "CDISpecDirs").empty()) {
        report.line(" CDI spec directories:");
        for (const Json& directory : array_at(report.info(), "CDISpecDirs"))
            report.line(cat("  ", go_print(directory)));
    }
    std::string swarm = text_at(member_at(report.info(), "Swarm"), "LocalNodeState");
    report.always("Swarm", swarm.empty() ? "inactive" : swarm);
}

// "name=seccomp,profile=builtin" as a heading with its profile below.
void add_security_option(Report& report, std::string_view option) {
    std::string_view profile;
    for (std::string_view part : split(option, ',')) {
        auto [key, value] = cut(part, '=');
        if (key == "name") report.line(cat("  ", value.value_or("")));
        if (key == "profile") profile = value.value_or("");
        if (!value) report.line(cat("  ", key));
    }
    if (!profile.empty()) report.line(cat("   Profile: ", profile));
}

void add_runtimes(Report& report) {
    std::vector<std::string> names;
    for (const auto& [name, runtime] : object_at(report.info(), "Runtimes"))
        names.push_back(name);
    if (!names.empty()) {
        report.always("Runtimes", join(names, " "));
        report.always("Default Runtime", text_at(report.info(), "DefaultRuntime"));
    }
    if (text_at(report.info(), "OSType") != "linux") return;
    report.always("Init Binary", text_at(report.info(), "InitBinary"));
    for (auto [label, key] : {std::pair("containerd version", "ContainerdCommit"),
                              {"runc version", "RuncCommit"},
                              {"init version", "InitCommit"}})
        report.always(label, text_at(member_at(report.info(), key), "ID"));
    if (array_at(report.info(), "SecurityOptions").empty()) return;
    report.line(" Security Options:");
    for (const Json& option : array_at(report.info(), "SecurityOptions"))
        if (auto* text = option.as_string()) add_security_option(report, *text);
}

void add_machine(Report& report, bool client_debug) {
    report.text("Kernel Version", "KernelVersion");
    report.text("Operating System", "OperatingSystem");
    report.text("OSType", "OSType");
    report.text("Architecture", "Architecture");
    report.number("CPUs", "NCPU");
    report.always("Total Memory",
                  format_size_binary(static_cast<double>(integer_at(report.info(), "MemTotal"))));
    report.text("Name", "Name");
    report.text("ID", "ID");
    report.always("Docker Root Dir", text_at(report.info(), "DockerRootDir"));
    report.boolean("Debug Mode", "Debug");
    if (boolean_at(report.info(), "Debug") || client_debug) {
        report.number(" File Descriptors", "NFd");
        report.number(" Goroutines", "NGoroutines");
        report.always(" System Time", text_at(report.info(), "SystemTime"));
        report.number(" EventsListeners", "NEventsListener");
    }
    report.text("HTTP Proxy", "HttpProxy");
    report.text("HTTPS Proxy", "HttpsProxy");
    report.text("No Proxy", "NoProxy");
}

void add_registries(Report& report) {
    if (!array_at(report.info(), "Labels").empty()) report.line(" Labels:");
    for (const Json& label : array_at(report.info(), "Labels"))
        report.line(cat("  ", go_print(label)));
    report.boolean("Experimental", "ExperimentalBuild");
    const Json& registries = member_at(report.info(), "RegistryConfig");
    const auto& indexes = object_at(registries, "IndexConfigs");
    const auto& networks = array_at(registries, "InsecureRegistryCIDRs");
    if (!indexes.empty() || !networks.empty()) report.line(" Insecure Registries:");
    for (const auto& [name, index] : indexes)
        if (!boolean_at(index, "Secure")) report.line(cat("  ", text_at(index, "Name")));
    for (const Json& network : networks)
        report.line(cat("  ", go_print(network)));
    if (!array_at(registries, "Mirrors").empty()) report.line(" Registry Mirrors:");
    for (const Json& mirror : array_at(registries, "Mirrors"))
        report.line(cat("  ", go_print(mirror)));
    report.boolean("Live Restore Enabled", "LiveRestoreEnabled");
    if (!array_at(report.info(), "DefaultAddressPools").empty()) report.line(" Default Address Pools:");
    for (const Json& pool : array_at(report.info(), "DefaultAddressPools"))
        report.line(cat("   Base: ", text_at(pool, "Base"), ", Size: ", integer_at(pool, "Size")));
}

std::string server_text(const Json& info, bool client_debug) {
    Report report(info);
    add_counts(report);
    add_plugins(report);
    add_runtimes(report);
    add_machine(report, client_debug);
    add_registries(report);
    return report.take();
}

Json client_json(const Settings& settings) {
    Json client = Json::object();
    client.set("Debug", settings.debug);
    client.set("Version", settings.version);
    client.set("Context", "default");
    client.set("Plugins", Json::array());
    return client;
}

Result<int> print_with(std::string_view format, Json info, const Settings& settings) {
    auto parsed = Template::parse(format == "json" ? "{{json .}}" : format);
    if (!parsed) {
        print_error(cat("template parsing error: ", parsed.error().message(), '\n'));
        return kExitTemplate;
    }
    info.set("ClientInfo", client_json(settings));
    TemplateScope scope;
    scope.shape_of = api_shape;
    scope.alias_of = api_alias;
    scope.type_name = "system.dockerInfo";
    auto text = parsed->execute(info, scope);
    if (!text) {
        print("\n");
        return std::move(text.error());
    }
    print(cat(*text, '\n'));
    return 0;
}

}  // namespace

Result<int> info(Invocation& call) {
    std::string format;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    if (!call.parse()) return call.exit_code();

    auto info = Daemon(call.settings).get("/info");
    if (!format.empty()) {
        if (!info) print_error(cat(info.error().message(), '\n'));
        int shown = TRY(print_with(format, info ? std::move(*info) : Json::object(), call.settings));
        return info ? shown : kExitFailure;
    }
    print(cat("Client:\n Version:    ", call.settings.version, "\n Context:    default\n Debug Mode: ",
              call.settings.debug ? "true" : "false", "\n\nServer:\n"));
    if (!info) {
        print_error(cat(info.error().message(), '\n'));
        return kExitFailure;
    }
    print(cat(server_text(*info, call.settings.debug), '\n'));
    for (const Json& warning : array_at(*info, "Warnings"))
        print_error(cat(go_print(warning), '\n'));
    return 0;
}

}  // namespace tare::cli::docker
