#include "cli/common/filter_flag.h"

namespace tare::cli {

Flag& define_filter(FlagSet& flags, std::vector<std::string>& filters, char shorthand,
                    std::string_view help) {
    return flags.custom("filter", shorthand, "filter", help, [&filters](std::string_view text) -> Result<> {
        if (!text.empty() && text.find('=') == std::string_view::npos)
            return fail(ErrorKind::invalid_argument, "bad format of filter (expected name=value)");
        filters.emplace_back(text);
        return {};
    });
}

}  // namespace tare::cli
