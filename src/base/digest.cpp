#include "base/digest.h"

namespace tare {

Result<Digest> Digest::parse(std::string_view text) {
    auto [algorithm, hex] = cut(text, ':');
    std::size_t length = algorithm == "sha256" ? 64 : algorithm == "sha512" ? 128 : 0;
    if (!hex) return fail(ErrorKind::invalid_argument, "invalid digest ", quote(text), ": no algorithm");
    if (length == 0)
        return fail(ErrorKind::invalid_argument, "invalid digest ", quote(text), ": unsupported algorithm");
    if (hex->size() != length || hex->find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "invalid digest ", quote(text), ": expected ", length,
                    " lower-case hex digits");
    return Digest(std::string(text));
}

Digest Digest::sha256_of_hex(std::string hex) {
    return Digest("sha256:" + std::move(hex));
}
Digest Digest::sha512_of_hex(std::string hex) {
    return Digest("sha512:" + std::move(hex));
}

std::string_view Digest::algorithm() const {
    return std::string_view(text_).substr(0, text_.find(':'));
}

std::string_view Digest::hex() const {
    return empty() ? std::string_view() : std::string_view(text_).substr(text_.find(':') + 1);
}

}  // namespace tare
