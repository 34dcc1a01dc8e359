// Files of a container: cp in both directions, and the whole root as a tar.

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "engine/container/rootfs.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

// Bits of Go's os.FileMode, which is what the header's "mode" holds.
std::uint32_t go_mode(const posix::FileStatus& status) {
    std::uint32_t mode = status.permissions & 0777;
    if ((status.permissions & 04000) != 0) mode |= 1U << 23;
    if ((status.permissions & 02000) != 0) mode |= 1U << 22;
    if ((status.permissions & 01000) != 0) mode |= 1U << 20;
    switch (status.type) {
        case posix::FileType::regular:
            return mode;
        case posix::FileType::directory:
            return mode | 1U << 31;
        case posix::FileType::symlink:
            return mode | 1U << 27;
        case posix::FileType::character_device:
            return mode | 1U << 26 | 1U << 21;
        case posix::FileType::block_device:
            return mode | 1U << 26;
        case posix::FileType::fifo:
            return mode | 1U << 25;
        case posix::FileType::socket:
            return mode | 1U << 24;
    }
    return mode;
}

std::string stat_header(const layer::PathStatus& path) {
    Time modified{std::chrono::seconds(path.status.modified.seconds) +
                  std::chrono::nanoseconds(path.status.modified.nanoseconds)};
    Json document = Json::object();
    document.set("name", path.name).set("size", path.status.size_bytes).set("mode", go_mode(path.status));
    document.set("mtime", format_rfc3339(modified)).set("linkTarget", path.link_target);
    return base64_encode(dump(document));
}

constexpr std::string_view kStatHeader = "X-Docker-Container-Path-Stat";

Result<std::string> path_of(Call& call) {
    std::string path = call.query("path");
    if (path.empty()) return fail(ErrorKind::invalid_argument, "missing required query parameter: \"path\"");
    if (path.contains('\0')) return fail(ErrorKind::invalid_argument, "path holds a NUL byte");
    return path;
}

void announce_use(Call& call, const container::Container& container, std::string_view action) {
    announce(call.parts, "container", action, container.id,
             {{"image", container.config.image}, {"name", container.name}});
}

}  // namespace

Result<> container_archive_stat(Call& call) {
    std::string path = TRY(path_of(call));
    auto files = TRY(call.parts.supervisor.prepare_files(call.name()));
    auto status = TRY(container::stat_path(*files.container, call.parts.snapshotter, path));
    return call.exchange.respond(200, "", {{std::string(kStatHeader), stat_header(status)}});
}

Result<> container_archive_get(Call& call) {
    std::string path = TRY(path_of(call));
    auto files = TRY(call.parts.supervisor.prepare_files(call.name()));
    AnswerSink sink(call, "application/x-tar");
    auto on_status = [&](const layer::PathStatus& status) -> Result<> {
        sink.add_header(std::string(kStatHeader), stat_header(status));
        return {};
    };
    TRY(container::copy_from(*files.container, call.parts.snapshotter, path, on_status, sink));
    announce_use(call, *files.container, "archive-path");
    return sink.finish();
}

Result<> container_archive_put(Call& call) {
    std::string path = TRY(path_of(call));
    auto files = TRY(call.parts.supervisor.prepare_files(call.name()));
    BodySource body(call.exchange);
    container::CopyToOptions options;
    options.no_overwrite_directory_with_other = call.query_flag("noOverwriteDirNonDir");
    options.worker = &call.parts.worker;
    options.cancel = call.exchange.cancel().stop_token();
    options.keep_container_owner = call.query_flag("copyUIDGID");
    TRY(container::copy_to(*files.container, call.parts.snapshotter, path, body, options));
    announce_use(call, *files.container, "extract-to-dir");
    return call.respond_empty(200);
}

Result<> container_export(Call& call) {
    auto files = TRY(call.parts.supervisor.prepare_files(call.name()));
    AnswerSink sink(call, "application/octet-stream");
    TRY(container::export_rootfs(*files.container, call.parts.snapshotter, sink));
    announce_use(call, *files.container, "export");
    return sink.finish();
}

}  // namespace tare::docker
