#include "cli/docker/each_name.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "cli/common/safe_text.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kMaxThreads = 50;

void run_all(const std::vector<std::string>& names, std::vector<std::optional<Result<>>>& results,
             const std::function<Result<>(const std::string&)>& act) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(names.size(), kMaxThreads); ++i)
        threads.emplace_back([&] {
            for (std::size_t at; (at = next++) < names.size();)
                results[at] = act(names[at]);
        });
}

}  // namespace

Result<int> for_each_name(const std::vector<std::string>& names, Order order,
                          const std::function<Result<>(const std::string&)>& act) {
    std::vector<std::optional<Result<>>> results(names.size());
    const bool parallel = order == Order::parallel && names.size() > 1;
    if (parallel) run_all(names, results, act);
    std::string failures;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!parallel) results[i] = act(names[i]);
        if (*results[i]) {
            print(cat(names[i], '\n'));
        } else {
            failures += cat(results[i]->error().message(), '\n');
        }
    }
    print_error(failures);
    return failures.empty() ? 0 : 1;
}

std::string text_at(const Json& object, std::string_view key) {
    const std::string* text = member_at(object, key).as_string();
    return text != nullptr ? *text : std::string();
}

std::int64_t integer_at(const Json& object, std::string_view key) {
    return member_at(object, key).as_int64().value_or(0);
}

bool boolean_at(const Json& object, std::string_view key) {
    const bool* value = member_at(object, key).as_bool();
    return value != nullptr && *value;
}

const Json& member_at(const Json& object, std::string_view key) {
    static const Json kNull;
    const Json* found = object.find(key);
    return found != nullptr ? *found : kNull;
}

const Json::Array& array_at(const Json& object, std::string_view key) {
    static const Json::Array kNone;
    const Json::Array* array = member_at(object, key).as_array();
    return array != nullptr ? *array : kNone;
}

const Json::Object& object_at(const Json& object, std::string_view key) {
    static const Json::Object kNone;
    const Json::Object* members = member_at(object, key).as_object();
    return members != nullptr ? *members : kNone;
}

}  // namespace tare::cli::docker
