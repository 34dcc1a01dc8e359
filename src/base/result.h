#pragma once

// Result<T>: a value or an Error, and TRY, which passes a failure on.
//
//     Result<Config> load(const std::string& path) {
//         std::string text = TRY(read_file(path, 1 << 20));
//         if (text.empty()) return fail(ErrorKind::invalid_argument, "config ", path, " is empty");
//         return parse(text);
//     }

#include <expected>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace tare {

/// A T or the Error that prevented it. [[nodiscard]] as a class: a dropped failure is a warning
/// (std::expected of g++ 12 is not).
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
  public:
    using std::expected<T, Error>::expected;
    /// An Error returned as such is a failure; no std::unexpected at call sites.
    Result(Error error) : std::expected<T, Error>(std::unexpected(std::move(error))) {}
    Result(std::unexpected<Error> error) : std::expected<T, Error>(std::move(error)) {}
};

/// A failure of this kind; the parts are concatenated (text.h: cat).
template <class... Parts>
Error fail(ErrorKind kind, const Parts&... parts) {
    return Error(kind, cat(parts...));
}

namespace result_detail {
template <class T>
T take(Result<T>&& result) {
    return std::move(*result);
}
inline void take(Result<void>&&) {}
}  // namespace result_detail

/// The value of a Result expression; a failure returns from the calling function.
#define TRY(expression)                                                              \
    __extension__({                                                                  \
        auto tare_try_result = (expression);                                         \
        if (!tare_try_result.has_value()) return std::move(tare_try_result.error()); \
        ::tare::result_detail::take(std::move(tare_try_result));                     \
    })

/// TRY with "context: " put in front of the failure's message. `context` is evaluated on failure only.
#define TRY_CONTEXT(expression, context)                                                              \
    __extension__({                                                                                   \
        auto tare_try_result = (expression);                                                          \
        if (!tare_try_result.has_value()) return std::move(tare_try_result.error().prepend(context)); \
        ::tare::result_detail::take(std::move(tare_try_result));                                      \
    })

}  // namespace tare
