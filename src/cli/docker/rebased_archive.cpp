#include "cli/docker/rebased_archive.h"

#include <algorithm>

#include "image/layer/tar_reader.h"
#include "image/layer/tar_writer.h"

namespace tare::cli::docker {

namespace {

// Collects what the writer has to say until it is fetched.
class Buffer : public layer::ByteSink {
  public:
    Result<> write(std::string_view bytes) override {
        bytes_ += bytes;
        return {};
    }
    std::size_t take(std::span<char> out) {
        std::size_t size = std::min(out.size(), bytes_.size() - taken_);
        std::copy_n(bytes_.data() + taken_, size, out.data());
        taken_ += size;
        if (taken_ == bytes_.size()) {
            bytes_.clear();
            taken_ = 0;
        }
        return size;
    }
    bool is_empty() const { return bytes_.empty(); }

  private:
    std::string bytes_;
    std::size_t taken_ = 0;
};

constexpr std::uint64_t kZeroStep = 1 << 20;

}  // namespace

struct RebasedArchive::State {
    State(layer::ByteSource& source, std::string base, std::string new_base)
        : reader(source),
          writer(buffer, layer::TimePrecision::nanoseconds),
          base(std::move(base)),
          new_base(std::move(new_base)) {}

    // "./etc/x" below "etc" is "/x"; the base itself is "".
    Result<std::string> below_base(std::string_view path) const {
        std::string_view name = path;
        while (name.starts_with('/') || name.starts_with("./"))
            name.remove_prefix(name.starts_with('/') ? 1 : 2);
        if (name == ".") name = {};
        for (std::string_view component : split(name, '/'))
            if (component == "..")
                return fail(ErrorKind::invalid_argument, "archive holds ", quote(path), ", which leaves it");
        if (base == "." || base == "/") return cat(name.empty() ? "" : "/", name);
        if (!name.starts_with(base) || (name.size() > base.size() && name[base.size()] != '/'))
            return fail(ErrorKind::invalid_argument, "archive holds ", quote(path),
                        ", which was not asked for");
        return std::string(name.substr(base.size()));
    }

    Result<std::string> renamed(std::string_view path) const {
        std::string below = TRY(below_base(path));
        std::string_view top = !new_base.empty() ? new_base
                               : base == "/"     ? std::string_view(".")
                                                 : std::string_view(base);
        return cat(top, below);
    }

    Result<> next_entry() {
        layer::TarEntry entry;
        if (!TRY(reader.next(entry))) {
            done = true;
            return writer.finish();
        }
        entry.path = TRY(renamed(entry.path));
        if (entry.type == layer::TarType::hard_link) entry.link_target = TRY(renamed(entry.link_target));
        left_bytes = entry.type == layer::TarType::regular ? entry.size_bytes : 0;
        written_bytes = 0;
        in_data = left_bytes > 0;
        return writer.add(entry);
    }

    // The next piece of the entry's data; a hole before it is given as zeros, step by step.
    Result<> next_data() {
        if (piece.bytes.empty()) {
            piece = TRY(reader.data());
            if (piece.bytes.empty()) piece.offset = left_bytes;
        }
        if (written_bytes < piece.offset) {
            std::uint64_t hole = std::min(piece.offset - written_bytes, kZeroStep);
            written_bytes += hole;
            TRY(writer.write_zeros(hole));
        } else {
            written_bytes += piece.bytes.size();
            TRY(writer.write(piece.bytes));
            piece = {};
        }
        in_data = written_bytes < left_bytes;
        return {};
    }

    Buffer buffer;
    layer::TarReader reader;
    layer::TarWriter writer;
    std::string base;
    std::string new_base;
    layer::TarReader::Piece piece;
    std::uint64_t left_bytes = 0;
    std::uint64_t written_bytes = 0;
    bool in_data = false;
    bool done = false;
};

RebasedArchive::RebasedArchive(layer::ByteSource& source, std::string base, std::string new_base)
    : state_(std::make_unique<State>(source, std::move(base), std::move(new_base))) {}

RebasedArchive::~RebasedArchive() = default;

Result<std::size_t> RebasedArchive::read(std::span<char> out) {
    while (state_->buffer.is_empty() && !state_->done)
        TRY(state_->in_data ? state_->next_data() : state_->next_entry());
    return state_->buffer.take(out);
}

}  // namespace tare::cli::docker
