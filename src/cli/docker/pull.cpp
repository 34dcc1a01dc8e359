#include "cli/docker/pull.h"

#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/image_name.h"
#include "cli/docker/json_lines.h"
#include "cli/docker/progress.h"
#include "cli/docker/registry_auth.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<> pull_image(Daemon& daemon, const ImageName& name, const PullOptions& options) {
    Query query;
    query.add("fromImage", name.repository);
    if (!options.all_tags)
        query.add("tag", !name.digest.empty() ? name.digest
                         : name.tag.empty()   ? "latest"
                                              : std::string_view(name.tag));
    query.add_if("platform", options.platform);
    Headers headers = TRY(registry_auth_headers(daemon.settings(), registry_of(name.repository)));
    std::optional<Progress> progress;
    if (options.progress_descriptor >= 0) progress = Progress::for_descriptor(options.progress_descriptor);
    Progress silent(-1, Progress::Style::plain, 0);
    JsonLines lines([&](const Json& document) -> Result<> {
        if (progress) return progress->show(document);
        // Quiet: only a failure counts.
        return document.find("error") != nullptr || document.find("errorDetail") != nullptr
                   ? silent.show(document)
                   : Result<>();
    });
    return daemon.stream("POST", cat("/images/create", query.text()), Json(), headers,
                         [&](std::string_view bytes) { return lines.feed(bytes); });
}

std::string canonical_name(const ImageName& name) {
    std::string repository = name.repository;
    std::string registry = registry_of(repository);
    if (registry == "docker.io" && !repository.starts_with("docker.io/")) {
        bool is_official = repository.find('/') == std::string::npos;
        repository = cat("docker.io/", is_official ? "library/" : "", repository);
    }
    return ImageName{repository, name.tag, name.digest}.with_default_tag();
}

Result<int> pull(Invocation& call) {
    PullOptions options;
    bool quiet = false, untrusted = true;
    call.flags.boolean(options.all_tags, "all-tags", 'a', "Fetch all tags of the repository");
    call.flags.boolean(untrusted, "disable-content-trust", 0, "Do not verify signatures (notary)").is_hidden =
        true;
    call.flags.text(options.platform, "platform", 0, "Fetch for this platform: os[/arch[/variant]]");
    call.flags.boolean(quiet, "quiet", 'q', "Print only the image's name");
    if (!call.parse()) return call.exit_code();
    ImageName name = TRY(parse_image_name(call.arguments[0]));
    const bool is_bare = name.tag.empty() && name.digest.empty();
    if (options.all_tags && !is_bare)
        return fail(ErrorKind::invalid_argument, "tag can't be used with --all-tags/-a");
    if (is_bare && !options.all_tags && !quiet) print("Using default tag: latest\n");
    options.progress_descriptor = quiet ? -1 : 1;
    Daemon daemon(call.settings);
    TRY(pull_image(daemon, name, options));
    std::string shown = canonical_name(name);
    if (options.all_tags) shown.resize(shown.rfind(':'));
    print(cat(shown, '\n'));
    return 0;
}

Result<int> push(Invocation& call) {
    bool all_tags = false, quiet = false, untrusted = true;
    std::string platform;
    call.flags.boolean(all_tags, "all-tags", 'a', "Send all tags of the repository");
    call.flags.boolean(untrusted, "disable-content-trust", 0, "Do not sign (notary)").is_hidden = true;
    call.flags.text(platform, "platform", 0, "Send only this platform: os[/arch[/variant]]");
    call.flags.boolean(quiet, "quiet", 'q', "Do not show progress");
    if (!call.parse()) return call.exit_code();
    ImageName name = TRY(parse_image_name(call.arguments[0]));
    if (all_tags && !name.tag.empty())
        return fail(ErrorKind::invalid_argument, "tag can't be used with --all-tags/-a");
    if (name.tag.empty() && !all_tags) {
        name.tag = "latest";
        if (!quiet) print("Using default tag: latest\n");
    }
    Query query;
    query.add_if("tag", name.tag).add_if("platform", platform);
    Headers headers = TRY(registry_auth_headers(call.settings, registry_of(name.repository)));
    // The API wants the header even from those without credentials.
    if (headers.empty()) headers.emplace_back("X-Registry-Auth", "e30=");
    Progress progress = quiet ? Progress(-1, Progress::Style::plain, 0) : Progress::for_descriptor(1);
    JsonLines lines([&](const Json& document) { return progress.show(document); });
    TRY(Daemon(call.settings)
            .stream("POST", cat("/images/", path_reference(name.repository), "/push", query.text()), Json(),
                    headers, [&](std::string_view bytes) { return lines.feed(bytes); }));
    if (quiet) print(cat(canonical_name(name), '\n'));
    return 0;
}

}  // namespace tare::cli::docker
