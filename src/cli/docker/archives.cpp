// save, load, export, import: archives in and out.

#include <fcntl.h>

#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/image_name.h"
#include "cli/docker/json_lines.h"
#include "cli/docker/platform.h"
#include "cli/docker/progress.h"
#include "cli/docker/transfer.h"
#include "cli/docker/verbs.h"
#include "posix/file.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

Result<int> save(Invocation& call) {
    std::string output, platform;
    call.flags.text(output, "output", 'o', "Write to this file instead of standard output").completion =
        "file";
    call.flags.text(platform, "platform", 0, "Save only this platform: os[/arch[/variant]]");
    if (!call.parse()) return call.exit_code();
    Output file = TRY_CONTEXT(
        Output::open(output, "cowardly refusing to save to a terminal. Use the -o flag or redirect"),
        "failed to save image");
    Query query;
    for (const std::string& name : call.arguments)
        query.add("names", name);
    if (!platform.empty()) query.add("platform", dump(TRY(parse_platform_option(platform))));
    TRY(Daemon(call.settings).stream("GET", cat("/images/get", query.text()), Json(), {}, file.sink()));
    TRY(file.finish());
    return 0;
}

Result<int> export_container(Invocation& call) {
    std::string output;
    call.flags.text(output, "output", 'o', "Write to this file instead of standard output").completion =
        "file";
    if (!call.parse()) return call.exit_code();
    Output file = TRY_CONTEXT(
        Output::open(output, "cowardly refusing to save to a terminal. Use the -o flag or redirect"),
        "failed to export container");
    auto target = cat("/containers/", path_segment(call.arguments[0]), "/export");
    TRY(Daemon(call.settings).stream("GET", target, Json(), {}, file.sink()));
    TRY(file.finish());
    return 0;
}

Result<int> load(Invocation& call) {
    std::string input, platform;
    bool quiet = false;
    call.flags.text(input, "input", 'i', "Read this file instead of standard input").completion = "file";
    call.flags.text(platform, "platform", 0, "Load only this platform: os[/arch[/variant]]");
    call.flags.boolean(quiet, "quiet", 'q', "Do not show progress");
    if (!call.parse()) return call.exit_code();
    posix::Fd file;
    if (!input.empty()) {
        auto opened = posix::open_file(input, O_RDONLY);
        if (!opened && opened.error().is(ErrorKind::not_found))
            return fail(ErrorKind::not_found, "open ", input, ": no such file or directory");
        file = TRY(std::move(opened));
    } else if (posix::is_terminal(0)) {
        return fail(ErrorKind::invalid_argument, "requested load from stdin, but stdin is empty");
    }
    Query query;
    query.add("quiet", quiet || !posix::is_terminal(1) ? "1" : "0");
    if (!platform.empty()) query.add("platform", dump(TRY(parse_platform_option(platform))));
    Progress progress = Progress::for_descriptor(1);
    JsonLines lines([&](const Json& document) { return progress.show(document); });
    TRY(Daemon(call.settings)
            .upload("POST", cat("/images/load", query.text()), "application/x-tar",
                    producer_of(file ? file.get() : 0),
                    [&](std::string_view bytes) { return lines.feed(bytes); }));
    return 0;
}

Result<int> import_image(Invocation& call) {
    std::vector<std::string> changes;
    std::string message, platform;
    call.flags.list(changes, "change", 'c', "Apply a Dockerfile instruction to the image");
    call.flags.text(message, "message", 'm', "Comment of the image");
    call.flags.text(platform, "platform", 0, "Platform of the image: os[/arch[/variant]]");
    if (!call.parse()) return call.exit_code();
    const std::string& from = call.arguments[0];
    const bool is_url = from.starts_with("http://") || from.starts_with("https://");
    posix::Fd file;
    if (from != "-" && !is_url) {
        auto opened = posix::open_file(from, O_RDONLY);
        if (!opened && opened.error().is(ErrorKind::not_found))
            return fail(ErrorKind::not_found, "open ", from, ": no such file or directory");
        file = TRY(std::move(opened));
    }
    Query query;
    query.add("fromSrc", is_url ? from : "-");
    if (call.arguments.size() > 1) query.add("repo", call.arguments[1]);
    query.add_if("message", message).add_if("platform", platform);
    for (const std::string& change : changes)
        query.add("changes", change);
    Progress progress = Progress::for_descriptor(1);
    JsonLines lines([&](const Json& document) { return progress.show(document); });
    Sink sink = [&](std::string_view bytes) { return lines.feed(bytes); };
    Daemon daemon(call.settings);
    auto target = cat("/images/create", query.text());
    if (is_url) {
        TRY(daemon.stream("POST", target, Json(), {}, sink));
    } else {
        TRY(daemon.upload("POST", target, "text/plain", producer_of(file ? file.get() : 0), sink));
    }
    return 0;
}

Result<int> commit(Invocation& call) {
    std::vector<std::string> changes;
    std::string author, message;
    bool pause = true;
    call.flags.text(author, "author", 'a', "Author of the image");
    call.flags.list(changes, "change", 'c', "Apply a Dockerfile instruction to the image");
    call.flags.text(message, "message", 'm', "Comment of the image");
    call.flags.boolean(pause, "pause", 'p', "Freeze the container meanwhile");
    if (!call.parse()) return call.exit_code();
    Query query;
    query.add("container", call.arguments[0]);
    if (call.arguments.size() > 1) {
        ImageName name = TRY(parse_image_name(call.arguments[1]));
        query.add("repo", name.repository).add("tag", name.tag.empty() ? "latest" : name.tag);
    }
    query.add_if("author", author).add_if("comment", message);
    for (const std::string& change : changes)
        query.add("changes", change);
    if (!pause) query.add("pause", "0");
    Json answer = TRY(Daemon(call.settings).post(cat("/commit", query.text()), Json::object()));
    print(cat(text_at(answer, "Id"), '\n'));
    return 0;
}

}  // namespace tare::cli::docker
