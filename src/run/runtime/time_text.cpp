#include "run/runtime/time_text.h"

#include <cstdio>
#include <ctime>

namespace tare::runtime {

std::string rfc3339_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    char date[32];
    char whole[48];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(whole, sizeof whole, "%s.%09ldZ", date, now.tv_nsec);
    return whole;
}

}  // namespace tare::runtime
