#include "image/layer/worker_report.h"

#include <cstring>

namespace tare::layer {

namespace {

constexpr char kDone = 'D';
constexpr char kFailed = 'F';
constexpr std::size_t kReportBytes = std::size_t{128} << 20;
constexpr std::size_t kMessageBytes = 8192;

void put(std::string& out, std::string_view text) {
    auto size = static_cast<std::uint32_t>(text.size());
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
    out.append(text);
}

Error no_report() {
    return fail(ErrorKind::internal, "the process that unpacks told nonsense");
}

class Fields {
  public:
    explicit Fields(std::string_view left) : left_(left) {}

    bool is_at_end() const { return left_.empty(); }
    Result<std::string_view> text() {
        std::uint32_t size = 0;
        if (left_.size() < sizeof size) return no_report();
        std::memcpy(&size, left_.data(), sizeof size);
        left_.remove_prefix(sizeof size);
        if (left_.size() < size) return no_report();
        std::string_view field = left_.substr(0, size);
        left_.remove_prefix(size);
        return field;
    }
    template <class Integer>
    Result<Integer> integer() {
        auto number = parse_integer<Integer>(TRY(text()));
        if (!number) return no_report();
        return *number;
    }
    Result<std::vector<std::string>> texts() {
        auto count = TRY(integer<std::uint64_t>());
        std::vector<std::string> out;
        for (std::uint64_t i = 0; i < count; ++i)
            out.emplace_back(TRY(text()));
        return out;
    }

  private:
    std::string_view left_;
};

/// For people's terminals and logs.
std::string harmless(std::string_view text) {
    std::string clean(text.substr(0, kMessageBytes));
    for (char& byte : clean)
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) byte = '?';
    return clean;
}

Result<AppliedLayer> decode_failure(Fields& fields) {
    auto kind = TRY(fields.integer<int>());
    auto number = TRY(fields.integer<int>());
    if (kind < 0 || kind > static_cast<int>(ErrorKind::deadline_exceeded)) return no_report();
    Error error(static_cast<ErrorKind>(kind), harmless(TRY(fields.text())));
    error.set_error_number(number).set_hint(harmless(TRY(fields.text())));
    return error;
}

}  // namespace

std::string encode_report(const Result<AppliedLayer>& outcome) {
    std::string report;
    if (!outcome) {
        auto& error = outcome.error();
        report += kFailed;
        put(report, cat(static_cast<int>(error.kind())));
        put(report, cat(error.error_number()));
        put(report, std::string_view(error.message()).substr(0, kMessageBytes));
        put(report, std::string_view(error.hint()).substr(0, kMessageBytes));
        return report;
    }
    report += kDone;
    put(report, outcome->diff_id.text());
    put(report, cat(outcome->size_bytes));
    for (auto* list : {&outcome->implied_directories, &outcome->opaque_directories}) {
        put(report, cat(list->size()));
        for (auto& path : *list)
            put(report, path);
    }
    return report;
}

Result<AppliedLayer> decode_report(std::string_view report) {
    if (report.empty()) return no_report();
    Fields fields(report.substr(1));
    if (report[0] == kFailed) return decode_failure(fields);
    if (report[0] != kDone) return no_report();
    AppliedLayer layer;
    auto diff_id = TRY(fields.text());
    // A stream that was only decoded has none.
    if (!diff_id.empty()) layer.diff_id = TRY(Digest::parse(diff_id));
    layer.size_bytes = TRY(fields.integer<std::uint64_t>());
    layer.implied_directories = TRY(fields.texts());
    layer.opaque_directories = TRY(fields.texts());
    if (!fields.is_at_end()) return no_report();
    return layer;
}

Result<> WorkerReport::add(std::string_view bytes) {
    while (text_.empty() && bytes.starts_with(kWorkerTick))
        bytes.remove_prefix(1);
    if (bytes.size() > kReportBytes - text_.size())
        return fail(ErrorKind::resource_exhausted, "the process that unpacks has more to tell than ",
                    kReportBytes, " bytes");
    text_ += bytes;
    return {};
}

}  // namespace tare::layer
