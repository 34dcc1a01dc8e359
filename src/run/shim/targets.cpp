#include "run/shim/targets.h"

#include <chrono>

#include <fcntl.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/path.h"
#include "posix/process.h"
#include "posix/socket.h"
#include "run/shim/bounded_writer.h"

namespace tare::shim {

namespace {

constexpr std::size_t kTargetBufferBytes = std::size_t{64} << 10;

/// A fifo, or the pipe to a logger.
class PipeOutlet final : public Outlet {
  public:
    static Result<std::unique_ptr<Outlet>> open(posix::EventLoop& loop, posix::Fd fd, Stream stream,
                                                const TargetOptions& options) {
        std::unique_ptr<PipeOutlet> made(new PipeOutlet(stream));
        auto* raw = made.get();
        made->writer_ = TRY(BoundedWriter::open(
            loop, std::move(fd), kTargetBufferBytes,
            {.on_room = options.on_room, .on_closed = [raw, gone = options.on_gone] { gone(*raw); }}));
        return std::unique_ptr<Outlet>(std::move(made));
    }
    bool wants(Stream stream) const override { return stream == stream_; }
    void write(Stream, std::string_view bytes) override { writer_->write(bytes); }
    bool is_full() const override { return writer_->is_full(); }
    void end() override { writer_->close_when_empty(); }

  private:
    explicit PipeOutlet(Stream stream) : stream_(stream) {}
    Stream stream_;
    std::unique_ptr<BoundedWriter> writer_;
};

class FileOutlet final : public Outlet {
  public:
    FileOutlet(posix::Fd file, Stream stream) : file_(std::move(file)), stream_(stream) {}
    bool wants(Stream stream) const override { return stream == stream_; }
    void write(Stream, std::string_view bytes) override {
        auto written = posix::write_all(file_.get(), bytes);
        if (!written && !has_reported_) log::failure("output file: output is lost", written.error());
        has_reported_ = has_reported_ || !written;
    }
    bool is_full() const override { return false; }
    void end() override {}

  private:
    posix::Fd file_;
    Stream stream_;
    bool has_reported_ = false;
};

/// The part of "scheme://REST?QUERY" that is a path, and its query.
struct Uri {
    std::string scheme;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
};

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto code = text[i] == '%' ? parse_integer<std::uint8_t>(text.substr(i + 1, 2), 16) : std::nullopt;
        out.push_back(code ? static_cast<char>(*code) : text[i] == '+' ? ' ' : text[i]);
        if (code) i += 2;
    }
    return out;
}

Uri parse_uri(std::string_view text) {
    auto colon = text.find("://");
    if (colon == std::string_view::npos) return {.scheme = "fifo", .path = std::string(text)};
    Uri uri{.scheme = std::string(text.substr(0, colon))};
    auto [path, query] = cut(text.substr(colon + 3), '?');
    uri.path = std::string(path);
    for (auto pair : query ? split(*query, '&') : std::vector<std::string_view>()) {
        auto [key, value] = cut(pair, '=');
        if (!key.empty()) uri.query.emplace_back(unescape(key), unescape(value.value_or("")));
    }
    return uri;
}

Result<std::unique_ptr<Outlet>> open_path(posix::EventLoop& loop, const Uri& uri, Stream stream,
                                          const TargetOptions& options) {
    if (uri.scheme == "file") {
        auto slash = uri.path.rfind('/');
        if (slash != 0 && slash != std::string::npos)
            TRY(posix::make_directories(uri.path.substr(0, slash), 0755));
        posix::Fd file = TRY(posix::open_file(uri.path, O_WRONLY | O_CREAT | O_APPEND, 0644));
        return std::unique_ptr<Outlet>(std::make_unique<FileOutlet>(std::move(file), stream));
    }
    if (uri.scheme != "fifo") return fail(ErrorKind::invalid_argument, "unknown scheme ", quote(uri.scheme));
    // Open for both: a reader may come, go and come back, and the fifo neither blocks nor ends meanwhile.
    posix::Fd fifo = TRY(posix::open_file(uri.path, O_RDWR | O_NONBLOCK));
    if (TRY(posix::node_facts(fifo.get())).kind != posix::NodeFacts::Kind::fifo)
        return fail(ErrorKind::invalid_argument, quote(uri.path), " is no fifo");
    return PipeOutlet::open(loop, std::move(fifo), stream, options);
}

/// The logger reads 3 (stdout) and 4 (stderr) and closes 5 when it is ready.
Result<std::vector<std::unique_ptr<Outlet>>> start_logger(posix::EventLoop& loop, const Uri& uri,
                                                          const TargetOptions& options) {
    posix::Pipe out = TRY(posix::make_pipe());
    posix::Pipe error = TRY(posix::make_pipe());
    posix::Pipe ready = TRY(posix::make_pipe());
    posix::SpawnOptions program{
        .program = uri.path,
        .args = {uri.path},
        .env = {cat("CONTAINER_ID=", options.container_id), cat("CONTAINER_NAMESPACE=", options.name_space)},
        .descriptors = {{out.read_end.get(), 3}, {error.read_end.get(), 4}, {ready.write_end.get(), 5}}};
    for (auto& [key, value] : uri.query) {
        program.args.push_back(key);
        if (!value.empty()) program.args.push_back(value);
    }
    TRY(posix::spawn(program));
    ready.write_end.reset();
    if (!TRY(posix::wait_readable(ready.read_end.get(), Deadline::after(std::chrono::seconds(10)))))
        return fail(ErrorKind::deadline_exceeded, quote(uri.path),
                    " did not say within 10 s that it is ready");
    std::vector<std::unique_ptr<Outlet>> outlets;
    outlets.push_back(TRY(PipeOutlet::open(loop, std::move(out.write_end), Stream::out, options)));
    outlets.push_back(TRY(PipeOutlet::open(loop, std::move(error.write_end), Stream::error, options)));
    return outlets;
}

}  // namespace

Result<std::vector<std::unique_ptr<Outlet>>> open_targets(posix::EventLoop& loop,
                                                          const TargetOptions& options) {
    std::vector<std::unique_ptr<Outlet>> outlets;
    Uri out = parse_uri(options.out);
    if (out.scheme == "binary") return TRY_CONTEXT(start_logger(loop, out, options), "log binary");
    if (!options.out.empty())
        outlets.push_back(TRY_CONTEXT(open_path(loop, out, Stream::out, options), "stdout"));
    if (!options.error.empty())
        outlets.push_back(
            TRY_CONTEXT(open_path(loop, parse_uri(options.error), Stream::error, options), "stderr"));
    return outlets;
}

}  // namespace tare::shim
