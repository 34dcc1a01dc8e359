#include "cli/docker/prompt.h"

#include <string>

#include "cli/common/safe_text.h"
#include "posix/fd.h"

namespace tare::cli::docker {

Result<bool> confirm(std::string_view warning) {
    print(cat(warning, " [y/N] "));
    std::string line;
    for (char c = 0; line.size() < 1024;) {
        if (TRY(posix::read_some(0, &c, 1)) == 0 || c == '\n') break;
        line += c;
    }
    return to_lower(trim(line)) == "y";
}

}  // namespace tare::cli::docker
