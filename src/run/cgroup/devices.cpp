#include "run/cgroup/devices.h"

#include <algorithm>

#include <fcntl.h>
#include <linux/bpf.h>

#include "posix/file.h"

namespace tare::cgroup {

namespace {

using posix::BpfInstruction;

bool is_reset(const oci::DeviceRule& rule) {
    return rule.type == 'a';
}

bool allows_everything(const std::vector<oci::DeviceRule>& rules) {
    return !rules.empty() && is_reset(rules.back()) && rules.back().allow;
}

// Registers of the program: r1 is the context on entry; then type, access, major and minor.
constexpr std::uint8_t kContext = 1, kType = 2, kAccess = 3, kMajor = 4, kMinor = 5, kScratch = 1;

BpfInstruction load_word(std::uint8_t destination, std::int16_t offset) {
    return {
        .code = BPF_LDX | BPF_MEM | BPF_W, .destination = destination, .source = kContext, .offset = offset};
}
BpfInstruction arithmetic(std::uint8_t operation, std::uint8_t destination, std::int32_t immediate) {
    return {.code = static_cast<std::uint8_t>(BPF_ALU | operation | BPF_K),
            .destination = destination,
            .immediate = immediate};
}
BpfInstruction copy(std::uint8_t destination, std::uint8_t source) {
    return {.code = BPF_ALU | BPF_MOV | BPF_X, .destination = destination, .source = source};
}
/// Jump with an offset that `append_rule` fills in: past the end of the rule.
BpfInstruction jump(std::uint8_t operation, std::uint8_t destination, std::int32_t immediate) {
    return {.code = static_cast<std::uint8_t>(BPF_JMP | operation | BPF_K),
            .destination = destination,
            .immediate = immediate};
}
void append_return(std::vector<BpfInstruction>& program, int value) {
    program.push_back({.code = BPF_ALU64 | BPF_MOV | BPF_K, .destination = 0, .immediate = value});
    program.push_back({.code = BPF_JMP | BPF_EXIT});
}

int access_mask(const oci::DeviceRule& rule) {
    if (rule.access.empty()) return BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
    int mask = 0;
    for (char c : rule.access)
        mask |= c == 'm' ? BPF_DEVCG_ACC_MKNOD : c == 'r' ? BPF_DEVCG_ACC_READ : BPF_DEVCG_ACC_WRITE;
    return mask;
}

/// One rule: skip to the next unless everything matches, else return its verdict. An access that an
/// allow rule covers only in part is not allowed by it; one that a deny rule touches is denied.
void append_rule(std::vector<BpfInstruction>& program, const oci::DeviceRule& rule) {
    std::vector<BpfInstruction> body;
    if (!is_reset(rule)) {
        body.push_back(jump(BPF_JNE, kType, rule.type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK));
        body.push_back(copy(kScratch, kAccess));
        body.push_back(
            arithmetic(BPF_AND, kScratch, rule.allow ? ~access_mask(rule) & 7 : access_mask(rule)));
        body.push_back(jump(rule.allow ? BPF_JNE : BPF_JEQ, kScratch, 0));
        if (rule.major) body.push_back(jump(BPF_JNE, kMajor, static_cast<std::int32_t>(*rule.major)));
        if (rule.minor) body.push_back(jump(BPF_JNE, kMinor, static_cast<std::int32_t>(*rule.minor)));
    }
    append_return(body, rule.allow ? 1 : 0);
    for (std::size_t i = 0; i < body.size(); ++i) {
        bool is_jump = (body[i].code & 7) == BPF_JMP && (body[i].code & 0xF0) != BPF_EXIT;
        if (is_jump) body[i].offset = static_cast<std::int16_t>(body.size() - i - 1);
        program.push_back(body[i]);
    }
}

Result<> set_devices_v1(const std::string& directory, const std::vector<oci::DeviceRule>& rules) {
    // "a" as the first line takes everything away; a list that ends up allowing all needs no lines.
    if (allows_everything(rules)) return posix::write_knob(directory + "/devices.allow", "a");
    TRY(posix::write_knob(directory + "/devices.deny", "a"));
    for (auto& rule : rules)
        TRY(posix::write_knob(directory + (rule.allow ? "/devices.allow" : "/devices.deny"),
                              device_line(rule)));
    return {};
}

Result<> set_devices_v2(const std::string& directory, const std::vector<oci::DeviceRule>& rules) {
    posix::Fd group = TRY(posix::open_file(directory, O_RDONLY | O_DIRECTORY));
    auto program = posix::load_cgroup_device_program(device_program(rules));
    if (!program) {
        // A filter that allows everything is no loss where programs cannot be loaded.
        if (allows_everything(rules)) return {};
        return program.error();
    }
    auto present = TRY(posix::attached_cgroup_device_programs(group.get()));
    if (present.size() == 1)
        return posix::attach_cgroup_device_program(group.get(), program->get(), present.front().get());
    // Attached first, so that there is no moment without a filter.
    TRY(posix::attach_cgroup_device_program(group.get(), program->get()));
    for (auto& old : present)
        TRY(posix::detach_cgroup_device_program(group.get(), old.get()));
    return {};
}

}  // namespace

std::string device_line(const oci::DeviceRule& rule) {
    if (is_reset(rule)) return "a";
    auto number = [](const std::optional<std::int64_t>& value) {
        return value ? cat(*value) : std::string("*");
    };
    return cat(rule.type, " ", number(rule.major), ":", number(rule.minor), " ",
               rule.access.empty() ? "rwm" : rule.access);
}

std::vector<posix::BpfInstruction> device_program(const std::vector<oci::DeviceRule>& rules) {
    std::vector<BpfInstruction> program;
    // struct bpf_cgroup_dev_ctx: access_type (access << 16 | type), major, minor.
    program.push_back(load_word(kType, 0));
    program.push_back(copy(kAccess, kType));
    program.push_back(arithmetic(BPF_AND, kType, 0xFFFF));
    program.push_back(arithmetic(BPF_RSH, kAccess, 16));
    program.push_back(load_word(kMajor, 4));
    program.push_back(load_word(kMinor, 8));
    // The last rule that matches decides, so the program asks them from the last to the first; what
    // stands before a reset can never be reached.
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
        append_rule(program, *rule);
        if (is_reset(*rule)) return program;
    }
    append_return(program, 0);
    return program;
}

Result<> set_devices(const Cgroup& group, const std::vector<oci::DeviceRule>& rules) {
    if (group.is_v2_only()) return set_devices_v2(group.v2_directory(), rules);
    for (auto& [subsystem, directory] : group.paths())
        if (subsystem == "devices") return set_devices_v1(directory, rules);
    return fail(ErrorKind::failed_precondition,
                "set device rules: cgroup controller devices is not available");
}

}  // namespace tare::cgroup
