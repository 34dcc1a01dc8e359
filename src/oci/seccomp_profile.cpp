#include "oci/seccomp_profile.h"

#include <algorithm>
#include <array>

#include <oci/seccomp_default.json.h>

namespace tare::oci {

namespace {

/// Go's architecture names and libseccomp's, for the native entry of `archMap`.
struct Architecture {
    std::string_view go;
    std::string_view seccomp;
};
constexpr std::array kArchitectures = {
    Architecture{"amd64", "SCMP_ARCH_X86_64"},        Architecture{"386", "SCMP_ARCH_X86"},
    Architecture{"arm64", "SCMP_ARCH_AARCH64"},       Architecture{"arm", "SCMP_ARCH_ARM"},
    Architecture{"ppc64le", "SCMP_ARCH_PPC64LE"},     Architecture{"s390x", "SCMP_ARCH_S390X"},
    Architecture{"riscv64", "SCMP_ARCH_RISCV64"},     Architecture{"mips64le", "SCMP_ARCH_MIPSEL64"},
    Architecture{"loong64", "SCMP_ARCH_LOONGARCH64"},
};

std::string_view seccomp_name(std::string_view go_architecture) {
    for (auto& architecture : kArchitectures)
        if (architecture.go == go_architecture) return architecture.seccomp;
    return {};
}

struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const KernelVersion&) const = default;
};

/// "6.1.0-18-amd64" and "4.8" alike; what cannot be read counts as 0.
KernelVersion kernel_version(std::string_view release) {
    auto number = [](std::string_view text) {
        auto end = std::min(text.find_first_not_of("0123456789"), text.size());
        return parse_integer<unsigned>(text.substr(0, end)).value_or(0);
    };
    auto parts = split(release, '.');
    return {number(parts[0]), parts.size() > 1 ? number(parts[1]) : 0};
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

/// One of `includes` or `excludes`.
struct Condition {
    std::vector<std::string> architectures;
    std::vector<std::string> capabilities;
    std::string minimum_kernel;
};

Result<Condition> read_condition(const JsonView& rule, std::string_view key) {
    Condition condition;
    auto view = TRY(rule.object(key));
    if (!view) return condition;
    condition.architectures = TRY(view->strings("arches"));
    condition.capabilities = TRY(view->strings("caps"));
    condition.minimum_kernel = TRY(view->string_or("minKernel", ""));
    return condition;
}

/// Includes: an architecture of the list, every capability of the list, a kernel at least as new.
bool is_included(const Condition& includes, const SeccompContext& context) {
    if (!includes.architectures.empty() && !contains(includes.architectures, context.architecture))
        return false;
    for (auto& capability : includes.capabilities)
        if (!contains(context.capabilities, capability)) return false;
    return includes.minimum_kernel.empty() ||
           kernel_version(context.kernel_release) >= kernel_version(includes.minimum_kernel);
}

/// Excludes: any one match is enough.
bool is_excluded(const Condition& excludes, const SeccompContext& context) {
    if (contains(excludes.architectures, context.architecture)) return true;
    for (auto& capability : excludes.capabilities)
        if (contains(context.capabilities, capability)) return true;
    return !excludes.minimum_kernel.empty() &&
           kernel_version(context.kernel_release) >= kernel_version(excludes.minimum_kernel);
}

Result<Json> resolve_rule(const JsonView& rule) {
    Json names(TRY(rule.strings("names")));
    if (rule.has("name")) names.push(TRY(rule.string("name")));
    Json resolved;
    resolved.set("names", std::move(names)).set("action", TRY(rule.string("action")));
    if (auto value = TRY(rule.optional_integer<unsigned>("errnoRet"))) resolved.set("errnoRet", *value);
    if (auto arguments = rule.member("args")) resolved.set("args", arguments->json());
    return resolved;
}

Result<Json> resolve_architectures(const JsonView& profile, const SeccompContext& context) {
    Json architectures = Json::array();
    std::string_view native = seccomp_name(context.architecture);
    TRY(profile.each("archMap", [&](const JsonView& entry) -> Result<> {
        if (TRY(entry.string("architecture")) != native) return {};
        architectures.push(native);
        for (auto& sub : TRY(entry.strings("subArchitectures")))
            architectures.push(sub);
        return {};
    }));
    return architectures;
}

}  // namespace

std::string_view default_seccomp_profile() {
    return kSeccompDefaultJson;
}

Result<Json> resolve_seccomp_profile(std::string_view profile, const SeccompContext& context) {
    Json document = TRY(parse_json(profile, {.what = "seccomp profile"}));
    JsonView view(document, "seccomp profile");
    TRY(view.expect_object());
    if (view.has("architectures")) return document;

    Json section;
    section.set("defaultAction", TRY(view.string("defaultAction")));
    if (auto value = TRY(view.optional_integer<unsigned>("defaultErrnoRet")))
        section.set("defaultErrnoRet", *value);
    section.set("architectures", TRY(resolve_architectures(view, context)));
    for (auto key : {"flags", "listenerPath", "listenerMetadata"})
        if (auto member = view.member(key)) section.set(key, member->json());
    Json rules = Json::array();
    TRY(view.each("syscalls", [&](const JsonView& rule) -> Result<> {
        bool applies = is_included(TRY(read_condition(rule, "includes")), context) &&
                       !is_excluded(TRY(read_condition(rule, "excludes")), context);
        if (applies) rules.push(TRY(resolve_rule(rule)));
        return {};
    }));
    section.set("syscalls", std::move(rules));
    return section;
}

}  // namespace tare::oci
