#include "run/runtime/seccomp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <seccomp.h>

#include "posix/file.h"
#include "run/runtime/protocol.h"
#include "run/runtime/seccomp_cache.h"
#include "run/runtime/seccomp_unknown.h"

namespace tare::runtime {

namespace {

struct ReleaseFilter {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

constexpr std::uint32_t kDefaultErrno = 1;  // EPERM

struct Architecture {
    std::string_view name;
    std::uint32_t token;
};
constexpr std::array kArchitectures = {
    Architecture{"SCMP_ARCH_NATIVE", SCMP_ARCH_NATIVE},
    Architecture{"SCMP_ARCH_X86", SCMP_ARCH_X86},
    Architecture{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    Architecture{"SCMP_ARCH_X32", SCMP_ARCH_X32},
    Architecture{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    Architecture{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    Architecture{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    Architecture{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    Architecture{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    Architecture{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    Architecture{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    Architecture{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    Architecture{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    Architecture{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    Architecture{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    Architecture{"SCMP_ARCH_S390", SCMP_ARCH_S390},
    Architecture{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    Architecture{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
    Architecture{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    Architecture{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
};

struct Operator {
    std::string_view name;
    scmp_compare value;
};
constexpr std::array kOperators = {
    Operator{"SCMP_CMP_NE", SCMP_CMP_NE},
    Operator{"SCMP_CMP_LT", SCMP_CMP_LT},
    Operator{"SCMP_CMP_LE", SCMP_CMP_LE},
    Operator{"SCMP_CMP_EQ", SCMP_CMP_EQ},
    Operator{"SCMP_CMP_GE", SCMP_CMP_GE},
    Operator{"SCMP_CMP_GT", SCMP_CMP_GT},
    Operator{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

struct Action {
    std::string_view name;
    std::uint32_t value;  ///< without its number
};
constexpr std::string_view kNotify = "SCMP_ACT_NOTIFY";
constexpr std::array kActions = {
    Action{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    Action{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    Action{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
    Action{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    Action{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    Action{"SCMP_ACT_LOG", SCMP_ACT_LOG},
    Action{kNotify, SCMP_ACT_NOTIFY},
    Action{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    Action{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
};

constexpr std::string_view kFlagLog = "SECCOMP_FILTER_FLAG_LOG";
constexpr std::string_view kFlagSpecAllow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
constexpr std::string_view kFlagWaitKillable = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
constexpr std::string_view kFlagTsync = "SECCOMP_FILTER_FLAG_TSYNC";

Result<std::uint32_t> action_of(std::string_view name, std::optional<std::uint32_t> errno_ret) {
    auto known = std::ranges::find(kActions, name, &Action::name);
    if (known == kActions.end())
        return fail(ErrorKind::invalid_argument, "string ", quote(name),
                    " is not a valid action for seccomp");
    const bool takes_number = known->value == SCMP_ACT_ERRNO(0) || known->value == SCMP_ACT_TRACE(0);
    return takes_number ? known->value | errno_ret.value_or(kDefaultErrno) : known->value;
}

Error failed(int negative_errno, std::string_view operation, std::string_view object) {
    return errno_error(-negative_errno, cat("seccomp: ", operation), object);
}

Result<> add_architectures(void* filter, const oci::Seccomp& seccomp) {
    for (auto& name : seccomp.architectures) {
        const Architecture* found = nullptr;
        for (auto& known : kArchitectures)
            if (known.name == name) found = &known;
        // Younger than the library: a machine of that kind could not run it either.
        if (!found && name == "SCMP_ARCH_LOONGARCH64") continue;
        if (!found)
            return fail(ErrorKind::invalid_argument, "string ", quote(name),
                        " is not a valid architecture for seccomp");
        int outcome = ::seccomp_arch_add(filter, found->token);
        if (outcome < 0 && outcome != -EEXIST) return failed(outcome, "add architecture", name);
    }
    return {};
}

Result<std::vector<scmp_arg_cmp>> comparisons_of(const oci::SeccompRule& rule) {
    std::vector<scmp_arg_cmp> comparisons;
    for (auto& argument : rule.args) {
        const Operator* found = nullptr;
        for (auto& known : kOperators)
            if (known.name == argument.op) found = &known;
        if (!found)
            return fail(ErrorKind::invalid_argument, "string ", quote(argument.op),
                        " is not a valid operator for seccomp");
        comparisons.push_back({argument.index, found->value, argument.value, argument.value_two});
    }
    return comparisons;
}

/// Two conditions on one argument cannot hold in one rule of the library: each becomes a rule of its
/// own, as runc has it.
bool repeats_an_argument(const std::vector<scmp_arg_cmp>& comparisons) {
    for (std::size_t i = 1; i < comparisons.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (comparisons[i].arg == comparisons[k].arg) return true;
    return false;
}

Result<> add_rule(void* filter, const oci::SeccompRule& rule, std::uint32_t default_action) {
    std::uint32_t action = TRY(action_of(rule.action, rule.errno_ret));
    // The library refuses a rule that says what the default says anyway.
    if (action == default_action) return {};
    auto comparisons = TRY(comparisons_of(rule));
    for (auto& name : rule.names) {
        int number = ::seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) continue;
        int outcome = 0;
        if (repeats_an_argument(comparisons)) {
            for (auto& one : comparisons)
                if (outcome == 0) outcome = ::seccomp_rule_add_array(filter, action, number, 1, &one);
        } else {
            outcome = ::seccomp_rule_add_array(filter, action, number,
                                               static_cast<unsigned>(comparisons.size()), comparisons.data());
        }
        if (outcome < 0) return failed(outcome, "add rule for", name);
    }
    return {};
}

Result<posix::SeccompFlags> flags_of(const oci::Seccomp& seccomp) {
    posix::SeccompFlags flags;
    for (auto& flag : seccomp.flags) {
        if (flag == kFlagLog) {
            flags.log = true;
        } else if (flag == kFlagSpecAllow) {
            flags.spec_allow = true;
        } else if (flag == kFlagWaitKillable) {
            flags.wait_killable = true;
        } else if (flag != kFlagTsync) {  // one thread: nothing to synchronize
            return fail(ErrorKind::invalid_argument, "seccomp flag ", quote(flag), " is not supported");
        }
    }
    return flags;
}

/// Security: who is told of a write could never be told that it is to be answered, since the telling takes
/// one.
Result<bool> needs_listener(const oci::Seccomp& seccomp) {
    if (seccomp.default_action == kNotify)
        return fail(ErrorKind::invalid_argument, "SCMP_ACT_NOTIFY cannot be used as default action");
    bool is_used = false;
    for (auto& rule : seccomp.rules) {
        if (rule.action != kNotify) continue;
        is_used = true;
        if (std::ranges::find(rule.names, "write") != rule.names.end())
            return fail(ErrorKind::invalid_argument, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
    }
    if (is_used && seccomp.listener_path.empty())
        return fail(ErrorKind::invalid_argument, "seccomp listenerPath is not set");
    return is_used;
}

/// A default that lets calls pass answers ENOSYS by itself: the kernel does.
bool lets_pass(std::uint32_t action) {
    return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG ||
           (action & SECCOMP_RET_ACTION_FULL) == SCMP_ACT_TRACE(0);
}

/// 0 if the profile names none of this architecture.
std::uint32_t highest_call(const oci::Seccomp& seccomp, std::uint32_t architecture) {
    int highest = 0;
    for (auto& rule : seccomp.rules)
        for (auto& name : rule.names)
            highest = std::max(highest, ::seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
    return static_cast<std::uint32_t>(highest);
}

std::vector<HighestCall> highest_calls(void* filter, const oci::Seccomp& seccomp) {
    std::vector<HighestCall> out;
    for (auto& known : kArchitectures) {
        const bool is_alias = known.token == SCMP_ARCH_NATIVE || known.token == SCMP_ARCH_X32;
        if (is_alias || ::seccomp_arch_exist(filter, known.token) != 0) continue;
        HighestCall each{.audit_architecture = known.token, .number = highest_call(seccomp, known.token)};
        if (known.token == SCMP_ARCH_X86_64 && ::seccomp_arch_exist(filter, SCMP_ARCH_X32) == 0)
            each.x32_number = highest_call(seccomp, SCMP_ARCH_X32);
        if (each.number != 0) out.push_back(each);
    }
    return out;
}

Result<SeccompProgram> program_of(void* filter) {
    auto file = TRY(posix::make_memory_file("seccomp"));
    int outcome = ::seccomp_export_bpf(filter, file.get());
    if (outcome < 0) return failed(outcome, "compile the filter", "");
    TRY(posix::seek(file.get(), 0));
    const std::string bytes = TRY(
        posix::read_to_end(file.get(), posix::kMaxSeccompInstructions * sizeof(posix::SeccompInstruction)));
    SeccompProgram program(bytes.size() / sizeof(posix::SeccompInstruction));
    std::memcpy(program.data(), bytes.data(), program.size() * sizeof(posix::SeccompInstruction));
    return program;
}

Result<SeccompProgram> compile(const oci::Seccomp& seccomp) {
    const std::uint32_t default_action = TRY(action_of(seccomp.default_action, seccomp.default_errno_ret));
    Filter filter(::seccomp_init(default_action));
    if (!filter) return fail(ErrorKind::internal, "seccomp: no filter can be made");
    TRY(add_architectures(filter.get(), seccomp));
    // A binary search over the numbers instead of a chain: cheaper for every call of the container.
    ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (auto& rule : seccomp.rules)
        TRY(add_rule(filter.get(), rule, default_action));
    SeccompProgram program = TRY(program_of(filter.get()));
    if (lets_pass(default_action)) return program;
    return with_unknown_calls_answered(program, highest_calls(filter.get(), seccomp));
}

/// All that the program depends on.
std::string cache_key(const oci::Seccomp& seccomp) {
    const scmp_version* version = ::seccomp_version();
    return cat("tare seccomp 1, libseccomp ", version->major, ".", version->minor, ".", version->micro,
               ", level ", ::seccomp_api_get(), "\n", dump(oci::to_json(seccomp)));
}

template <class Table>
std::vector<std::string_view> names_in(const Table& table) {
    std::vector<std::string_view> names;
    for (auto& entry : table)
        if (entry.name != "SCMP_ARCH_NATIVE") names.push_back(entry.name);
    return names;
}

}  // namespace

SeccompAbilities seccomp_abilities() {
    const scmp_version* version = ::seccomp_version();
    return {.actions = names_in(kActions),
            .operators = names_in(kOperators),
            .architectures = names_in(kArchitectures),
            .flags = {kFlagLog, kFlagSpecAllow, kFlagTsync, kFlagWaitKillable},
            .library_version = cat(version->major, ".", version->minor, ".", version->micro)};
}

Result<> SeccompFilter::install(int socket) const {
    if (!has_listener_) return posix::install_seccomp_filter(program_, flags_);
    posix::Fd listener = TRY(posix::install_seccomp_listener(program_, flags_));
    TRY(send_listener(socket, listener.get()));
    TRY(expect_packet(socket, MessageKind::go));
    return {};
}

Result<SeccompFilter> SeccompFilter::make(const oci::Seccomp& seccomp, const std::string& cache_directory) {
    SeccompFilter filter;
    filter.flags_ = TRY(flags_of(seccomp));
    filter.has_listener_ = TRY(needs_listener(seccomp));
    // The kernel knows that flag of filters with a listener only.
    if (!filter.has_listener_) filter.flags_.wait_killable = false;
    const std::string key = cache_directory.empty() ? "" : cache_key(seccomp);
    if (!cache_directory.empty()) {
        if (auto kept = find_seccomp_program(cache_directory, key)) {
            filter.program_ = std::move(*kept);
            return filter;
        }
    }
    filter.program_ = TRY(compile(seccomp));
    if (!cache_directory.empty()) keep_seccomp_program(cache_directory, key, filter.program_);
    return filter;
}

}  // namespace tare::runtime
