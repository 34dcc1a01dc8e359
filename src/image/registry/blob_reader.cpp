#include "image/registry/request.h"

namespace tare::registry {

namespace {

/// So much progress between two failures, and the tries begin anew.
constexpr std::uint64_t kProgress = std::uint64_t{1} << 20;

/// The start of "bytes 5-9/10"; nothing if it is something else or disagrees with the size.
std::optional<std::uint64_t> range_start(std::string_view content_range, std::uint64_t size_bytes) {
    if (!content_range.starts_with("bytes ")) return std::nullopt;
    auto [range, total] = cut(content_range.substr(6), '/');
    auto [start, end] = cut(range, '-');
    if (!total || !end || (*total != "*" && *total != cat(size_bytes))) return std::nullopt;
    return parse_integer<std::uint64_t>(start);
}

}  // namespace

struct BlobReader::State {
    std::shared_ptr<Repository::State> repository;
    oci::Descriptor descriptor;
    std::uint64_t offset = 0;  ///< where the next piece belongs
    std::stop_token cancel;
    std::optional<http::Exchange> exchange;
    std::uint64_t to_skip = 0;  ///< of an answer that begins before the offset
    Backoff backoff;
    std::uint64_t failed_at = 0;
    std::function<void(std::chrono::milliseconds)> on_retry;

    /// Asks for what is missing.
    Result<> open();
    /// The next piece of this connection, cut down to what is wanted.
    Result<std::string_view> take();
    Result<> try_again(Error error);
};

Result<> BlobReader::State::open() {
    Question question{.path = cat("/blobs/", descriptor.digest.text()), .redirect_limit = 10};
    if (offset > 0) question.headers.emplace_back("Range", cat("bytes=", offset, "-"));
    exchange.reset();
    return ask(*repository, question, cancel, [&](Answered& answered) -> Result<> {
        auto& head = answered.exchange.head();
        to_skip = offset;
        // Not a connection that broke, which is worth another try: it has no more than that.
        auto length = parse_integer<std::uint64_t>(head.header("content-length"));
        if (head.status == 200 && length && *length < descriptor.size_bytes)
            return fail(ErrorKind::data_loss, "blob ", descriptor.digest.text(), ": the registry has only ",
                        *length, " of its ", descriptor.size_bytes, " bytes");
        if (head.status == 206) {
            auto start = range_start(head.header("content-range"), descriptor.size_bytes);
            if (!start || *start > offset)
                return fail(ErrorKind::data_loss, "blob ", descriptor.digest.text(),
                            ": the registry answered with another range than asked for");
            to_skip = offset - *start;
        }
        exchange = std::move(answered.exchange);
        return {};
    });
}

Result<std::string_view> BlobReader::State::take() {
    while (true) {
        auto piece = TRY(exchange->read());
        if (piece.empty())
            return fail(ErrorKind::unavailable, "blob ", descriptor.digest.text(), ": only ", offset, " of ",
                        descriptor.size_bytes, " bytes came");
        auto skipped = std::min<std::uint64_t>(to_skip, piece.size());
        to_skip -= skipped;
        piece.remove_prefix(skipped);
        if (!piece.empty()) return piece;
    }
}

Result<> BlobReader::State::try_again(Error error) {
    exchange.reset();
    bool may_help = error.is(ErrorKind::unavailable) || error.is(ErrorKind::deadline_exceeded);
    if (offset - failed_at >= kProgress) backoff.reset();
    if (!may_help || !backoff.may_retry()) return error;
    failed_at = offset;
    auto wait = backoff.next();
    if (on_retry) on_retry(wait);
    return wait_for(wait, cancel);
}

BlobReader::BlobReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobReader::BlobReader(BlobReader&&) noexcept = default;
BlobReader::~BlobReader() = default;

std::uint64_t BlobReader::offset() const {
    return state_->offset;
}

void BlobReader::on_retry(std::function<void(std::chrono::milliseconds)> callback) {
    state_->on_retry = std::move(callback);
}

Result<std::string_view> BlobReader::read() {
    auto& state = *state_;
    while (state.offset < state.descriptor.size_bytes) {
        if (!state.exchange) TRY(state.open());
        auto piece = state.take();
        if (!piece) {
            TRY(state.try_again(std::move(piece.error())));
            continue;
        }
        if (piece->size() > state.descriptor.size_bytes - state.offset)
            return fail(ErrorKind::data_loss, "blob ", state.descriptor.digest.text(), " is longer than the ",
                        state.descriptor.size_bytes, " bytes of its descriptor");
        state.offset += piece->size();
        return *piece;
    }
    return std::string_view();
}

Result<BlobReader> Repository::open_blob(const oci::Descriptor& descriptor, std::uint64_t offset,
                                         const std::stop_token& cancel) {
    if (offset > descriptor.size_bytes)
        return fail(ErrorKind::out_of_range, "blob ", descriptor.digest.text(), " ends before byte ", offset);
    auto state =
        std::make_unique<BlobReader::State>(BlobReader::State{.repository = state_,
                                                              .descriptor = descriptor,
                                                              .offset = offset,
                                                              .cancel = cancel,
                                                              .exchange = {},
                                                              .to_skip = 0,
                                                              .backoff = Backoff(state_->registry->options),
                                                              .failed_at = offset,
                                                              .on_retry = {}});
    if (offset < descriptor.size_bytes) TRY(state->open());
    return BlobReader(std::move(state));
}

}  // namespace tare::registry
