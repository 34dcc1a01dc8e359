#include "posix/cpu_list.h"

#include "base/text.h"

namespace tare::posix {

std::optional<std::set<unsigned>> parse_cpu_list(std::string_view list) {
    constexpr unsigned kLast = 8191;  // the kernel's CONFIG_NR_CPUS at most
    std::set<unsigned> numbers;
    if (trim(list).empty()) return numbers;
    for (std::string_view range : split(list, ',')) {
        auto [first_text, last_text] = cut(trim(range), '-');
        auto first = parse_integer<unsigned>(first_text);
        auto last = last_text ? parse_integer<unsigned>(*last_text) : first;
        if (!first || !last || *last < *first || *last > kLast) return std::nullopt;
        for (unsigned number = *first; number <= *last; ++number)
            numbers.insert(number);
    }
    return numbers;
}

}  // namespace tare::posix
