#include "engine/container/capabilities.h"

#include <algorithm>
#include <array>
#include <set>

#include "posix/credentials.h"

namespace tare::container {

namespace {

constexpr auto kDefaults = std::to_array<std::string_view>(
    {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
     "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
     "CAP_AUDIT_WRITE"});

bool has_all(const Strings& names) {
    return std::ranges::find(names, "ALL") != names.end();
}

using Numbers = std::set<unsigned>;

bool is_available(unsigned number, std::uint64_t available) {
    return (available >> number & 1) != 0 && !posix::capability_name(number).empty();
}

Numbers all_numbers(std::uint64_t available) {
    Numbers numbers;
    for (unsigned number = 0; number < 64; ++number)
        if (is_available(number, available)) numbers.insert(number);
    return numbers;
}

Result<Numbers> numbers_of(const Strings& names, std::uint64_t available) {
    Numbers numbers;
    for (const std::string& name : names) {
        if (name == "ALL") continue;
        auto number = posix::capability_number(name);
        if (!number || !is_available(*number, available))
            return fail(ErrorKind::failed_precondition, "capability not supported by your kernel or not ",
                        "available in the current environment: ", quote(name));
        numbers.insert(*number);
    }
    return numbers;
}

}  // namespace

Result<Strings> normalize_capabilities(const Strings& names) {
    Strings normalized;
    for (const std::string& name : names) {
        if (to_lower(name) == "all") {
            normalized.push_back("ALL");
            continue;
        }
        auto number = posix::capability_number(name);
        if (!number) {
            std::string shown = name;
            std::ranges::transform(shown, shown.begin(), [](char c) {
                return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            });
            if (!shown.starts_with("CAP_")) shown.insert(0, "CAP_");
            return fail(ErrorKind::invalid_argument, "unknown capability: ", quote(shown));
        }
        normalized.push_back(posix::capability_name(*number));
    }
    return normalized;
}

Result<Strings> capabilities_for(const Strings& added, const Strings& dropped, bool privileged,
                                 std::uint64_t available) {
    Numbers numbers;
    if (privileged) {
        numbers = all_numbers(available);
    } else {
        const Numbers add = TRY(numbers_of(added, available));
        const Numbers drop = TRY(numbers_of(dropped, ~std::uint64_t{0}));
        if (has_all(added)) {
            numbers = all_numbers(available);
        } else if (!has_all(dropped)) {
            for (std::string_view name : kDefaults)
                if (unsigned number = *posix::capability_number(name); is_available(number, available))
                    numbers.insert(number);
        }
        for (unsigned number : drop)
            numbers.erase(number);
        // With "drop ALL", and in general, what is added by name is there.
        if (!has_all(added)) numbers.insert(add.begin(), add.end());
    }
    Strings names;
    for (unsigned number : numbers)
        names.push_back(posix::capability_name(number));
    return names;
}

oci::CapabilitySets capability_sets(const Strings& bounding, std::uint32_t uid) {
    oci::CapabilitySets sets;
    sets.bounding = bounding;
    if (uid == 0) sets.effective = sets.permitted = bounding;
    return sets;
}

}  // namespace tare::container
