#include "image/transfer/reporter.h"

namespace tare::transfer {

namespace {
constexpr std::chrono::milliseconds kInterval{100};
}

void Reporter::line(std::string_view id, std::string_view status) {
    if (!sink_) return;
    std::lock_guard lock(mutex_);
    sink_->progress({.id = std::string(id), .status = std::string(status)});
}

void Reporter::count(std::string_view id, std::string_view status, std::uint64_t current_bytes,
                     std::uint64_t total_bytes) {
    if (!sink_) return;
    auto now = std::chrono::steady_clock::now();
    std::lock_guard lock(mutex_);
    auto& shown = shown_.try_emplace(std::string(id)).first->second;
    if (now - shown < kInterval && current_bytes != total_bytes) return;
    shown = now;
    sink_->progress({.id = std::string(id),
                     .status = std::string(status),
                     .current_bytes = current_bytes,
                     .total_bytes = total_bytes});
}

}  // namespace tare::transfer
