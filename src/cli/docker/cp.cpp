#include <fcntl.h>

#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/docker/command.h"
#include "cli/docker/copy_path.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/rebased_archive.h"
#include "cli/docker/transfer.h"
#include "cli/docker/verbs.h"
#include "image/layer/archive.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

namespace {

// Bits of Go's os.FileMode, which the API's path statistics hold.
constexpr std::int64_t kModeDirectory = std::int64_t{1} << 31;
constexpr std::int64_t kModeLink = std::int64_t{1} << 27;
constexpr std::int64_t kModeOther = std::int64_t{1} << 26 | std::int64_t{1} << 21 | std::int64_t{1} << 19;
constexpr int kMaxLinks = 10;

struct Options {
    bool archive = false, follow_link = false, quiet = false;
};

struct Copy {
    Options options;
    std::string container;
    std::string source;
    std::string destination;
};

Result<std::string> absolute(std::string_view path) {
    if (path.starts_with('/')) return clean_copy_path(path);
    return clean_copy_path(cat(TRY(posix::real_path(".")), '/', path));
}

std::string archive_target(const Copy& copy, const std::string& path, Query query = {}) {
    query.add("path", path);
    return cat("/containers/", path_segment(copy.container), "/archive", query.text());
}

Result<Json> decode_status(std::string_view header) {
    auto text = base64_decode(header);
    if (!text) return fail(ErrorKind::data_loss, "answer of the daemon: the path's status is malformed");
    return parse_json(*text, {.what = "the path's status"});
}

Result<Json> container_status(Daemon& daemon, const Copy& copy, const std::string& path) {
    Answer answer = TRY(daemon.head(archive_target(copy, path)));
    return decode_status(answer.headers["x-docker-container-path-stat"]);
}

// Where a link in the container leads, seen from the container's root.
std::string link_target_of(const std::string& path, const Json& status) {
    std::string target = text_at(status, "linkTarget");
    if (target.starts_with('/')) return target;
    return posix::clean_path(cat(split_copy_path(path).directory, '/', target));
}

bool is_directory_mode(const Json& status) {
    return (integer_at(status, "mode") & kModeDirectory) != 0;
}
bool is_link_mode(const Json& status) {
    return (integer_at(status, "mode") & kModeLink) != 0;
}

void tell(const Copy& copy, std::uint64_t bytes, std::string_view where) {
    if (!copy.options.quiet)
        print_error(
            cat("Successfully copied ", format_size(static_cast<double>(bytes), 3), " to ", where, '\n'));
}

// The answer's body as a source that counts.
class DownloadSource : public layer::ByteSource {
  public:
    explicit DownloadSource(Download& download) : download_(download) {}
    Result<std::size_t> read(std::span<char> buffer) override {
        if (taken_ == piece_.size()) {
            piece_ = TRY(download_.read());
            taken_ = 0;
        }
        std::size_t size = std::min(buffer.size(), piece_.size() - taken_);
        std::copy_n(piece_.data() + taken_, size, buffer.data());
        taken_ += size;
        count_ += size;
        return size;
    }
    std::uint64_t count() const { return count_; }

  private:
    Download& download_;
    std::string piece_;
    std::size_t taken_ = 0;
    std::uint64_t count_ = 0;
};

class SendSink : public layer::ByteSink {
  public:
    explicit SendSink(const Sink& send) : send_(send) {}
    Result<> write(std::string_view bytes) override {
        count_ += bytes.size();
        return send_(bytes);
    }
    std::uint64_t count() const { return count_; }

  private:
    const Sink& send_;
    std::uint64_t count_ = 0;
};

std::optional<posix::FileStatus> local_status(const std::string& path) {
    auto fd = posix::open_file(path, O_PATH | O_NOFOLLOW);
    if (!fd) return std::nullopt;
    auto status = posix::status_of(fd->get());
    return status ? std::optional(*status) : std::nullopt;
}

// A local destination, links followed; its parent must be there.
Result<CopyInfo> local_destination(std::string path) {
    for (int i = 0; i < kMaxLinks; ++i) {
        auto status = local_status(path);
        if (status && status->is(posix::FileType::symlink)) {
            std::string target = TRY(posix::read_link(posix::clean_path(path)));
            path = target.starts_with('/')
                       ? target
                       : posix::clean_path(cat(split_copy_path(path).directory, '/', target));
            continue;
        }
        if (status) return CopyInfo{path, true, status->is(posix::FileType::directory), {}};
        std::string parent = split_copy_path(path).directory;
        if (!posix::exists(parent))
            return fail(ErrorKind::not_found, "lstat ", parent, ": no such file or directory");
        return CopyInfo{path, false, false, {}};
    }
    return fail(ErrorKind::invalid_argument, "too many symlinks in ", path);
}

Result<> check_output_path(const std::string& path) {
    std::string directory = split_copy_path(path).directory;
    if (!posix::exists(directory))
        return fail(ErrorKind::not_found, "invalid output path: directory ", quote(directory),
                    " does not exist");
    return {};
}

Result<int> from_container(Daemon& daemon, const Copy& copy) {
    const bool to_output = copy.destination == "-";
    std::string destination = to_output ? "-" : TRY(absolute(copy.destination));
    if (!to_output) TRY(check_output_path(destination));
    std::string source = copy.source;
    CopyInfo info;
    if (copy.options.follow_link) {
        // A path that is not there is told by the download itself.
        auto status = container_status(daemon, copy, source);
        if (status && is_link_mode(*status)) {
            info.rebase_name = split_copy_path(source).base;
            source = link_target_of(source, *status);
            if (split_copy_path(source).base == info.rebase_name) info.rebase_name.clear();
        }
    }
    Download download = TRY(daemon.download(archive_target(copy, source)));
    if (to_output) {
        for (;;) {
            std::string piece = TRY(download.read());
            if (piece.empty()) return 0;
            TRY(posix::write_all(1, piece));
        }
    }
    Json status = TRY(decode_status(download.header("x-docker-container-path-stat")));
    info.path = source;
    info.exists = true;
    info.is_directory = is_directory_mode(status);
    CopyTarget target = TRY(choose_target(info, TRY(local_destination(destination))));
    posix::Fd directory = TRY(posix::open_file(target.directory, O_RDONLY | O_DIRECTORY));
    DownloadSource body(download);
    RebasedArchive archive(body, split_copy_path(source).base, target.base);
    TRY(layer::extract_into(directory.get(), "/", archive,
                            {.overwrite_type = layer::OverwriteType::refused,
                             .uid = posix::effective_uid(),
                             .gid = posix::effective_gid()}));
    tell(copy, body.count(), destination);
    return 0;
}

Result<CopyInfo> local_source(const Copy& copy) {
    std::string path = TRY(absolute(copy.source));
    CopyInfo info;
    auto missing = [&] {
        return fail(ErrorKind::not_found, "lstat ", posix::clean_path(path), ": no such file or directory");
    };
    if (!local_status(path)) return missing();
    if (copy.options.follow_link) {
        std::string resolved = TRY(posix::real_path(path));
        std::string name = split_copy_path(path).base;
        if (name != "." && split_copy_path(resolved).base != name) info.rebase_name = name;
        if (name == ".") resolved += "/.";
        path = resolved;
    } else {
        // Only the last component may be a link that is copied as such.
        auto [directory, base] = split_copy_path(path);
        std::string parent = TRY(posix::real_path(directory));
        bool names_directory = path.ends_with('/');
        path = base == "/" ? parent : cat(parent, parent.ends_with('/') ? "" : "/", base);
        if (names_directory && !path.ends_with('/')) path += '/';
    }
    auto status = local_status(path);
    if (!status) return missing();
    info.path = path;
    info.exists = true;
    info.is_directory = status->is(posix::FileType::directory);
    return info;
}

Result<CopyInfo> container_destination(Daemon& daemon, const Copy& copy) {
    CopyInfo info{.path = copy.destination};
    auto status = container_status(daemon, copy, info.path);
    if (status && is_link_mode(*status)) {
        info.path = link_target_of(info.path, *status);
        status = container_status(daemon, copy, info.path);
    }
    // A destination that is not there may be made; whatever else is wrong, the upload tells.
    if (!status) return info;
    if ((integer_at(*status, "mode") & kModeOther) != 0)
        return fail(ErrorKind::invalid_argument, "destination \"", copy.container, ':', copy.destination,
                    "\" must be a directory or a regular file");
    info.exists = true;
    info.is_directory = is_directory_mode(*status);
    return info;
}

Result<int> to_container(Daemon& daemon, const Copy& copy) {
    CopyInfo destination = TRY(container_destination(daemon, copy));
    Query query;
    query.flag("noOverwriteDirNonDir", true).flag("copyUIDGID", copy.options.archive);
    Sink ignore = [](std::string_view) -> Result<> { return {}; };
    if (copy.source == "-") {
        if (!destination.is_directory)
            return fail(ErrorKind::invalid_argument, "destination \"", copy.container, ':', copy.destination,
                        "\" must be a directory");
        TRY(daemon.upload("PUT", archive_target(copy, destination.path, query), "application/x-tar",
                          producer_of(0), ignore));
        return 0;
    }
    CopyInfo source = TRY(local_source(copy));
    CopyTarget target = TRY(choose_target(source, destination));
    posix::Fd root = TRY(posix::open_file("/", O_RDONLY | O_DIRECTORY));
    std::uint64_t count = 0;
    auto pack = [&](const Sink& send) -> Result<> {
        SendSink sink(send);
        TRY(layer::pack_path(root.get(), source.path, sink, {.rebase_name = target.base}));
        count = sink.count();
        return {};
    };
    TRY(daemon.upload("PUT", archive_target(copy, target.directory, query), "application/x-tar", pack,
                      ignore));
    tell(copy, count, cat(copy.container, ':', destination.path));
    return 0;
}

}  // namespace

Result<int> cp(Invocation& call) {
    Copy copy;
    call.flags.boolean(copy.options.archive, "archive", 'a', "Keep user and group ids");
    call.flags.boolean(copy.options.follow_link, "follow-link", 'L', "Copy what a link in SRC_PATH leads to");
    call.flags.boolean(copy.options.quiet, "quiet", 'q', "Do not tell how much was copied");
    if (!call.parse()) return call.exit_code();
    if (call.arguments[0].empty()) return fail(ErrorKind::invalid_argument, "source can not be empty");
    if (call.arguments[1].empty()) return fail(ErrorKind::invalid_argument, "destination can not be empty");
    if (!call.flags.is_set("quiet")) copy.options.quiet = !posix::is_terminal(1);
    CopyArgument source = parse_copy_argument(call.arguments[0]);
    CopyArgument destination = parse_copy_argument(call.arguments[1]);
    copy.source = source.path;
    copy.destination = destination.path;
    if (!source.container.empty() && !destination.container.empty())
        return fail(ErrorKind::invalid_argument, "copying between containers is not supported");
    if (source.container.empty() && destination.container.empty())
        return fail(ErrorKind::invalid_argument, "must specify at least one container source");
    Daemon daemon(call.settings);
    copy.container = source.container.empty() ? destination.container : source.container;
    return source.container.empty() ? to_container(daemon, copy) : from_container(daemon, copy);
}

}  // namespace tare::cli::docker
