// What decodes as a message is written and read again as the same message.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "run/task/events.h"
#include "run/task/extension.h"
#include "run/task/metrics.h"
#include "run/task/requests.h"

namespace {

using namespace tare::shimv2;

template <class Message>
void round_trip(std::string_view bytes) {
    auto message = decode<Message>(bytes);
    if (!message) return;
    std::string written = encode(*message);
    auto again = decode<Message>(written);
    if (!again || encode(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    round_trip<CreateTaskRequest>(bytes);
    round_trip<ExecProcessRequest>(bytes);
    round_trip<StateResponse>(bytes);
    round_trip<PidsResponse>(bytes);
    round_trip<IoOptions>(bytes);
    round_trip<AttachRequest>(bytes);
    round_trip<ForwardRequest>(bytes);
    round_trip<metrics_v1::Metrics>(bytes);
    round_trip<metrics_v2::Metrics>(bytes);
    return 0;
}
