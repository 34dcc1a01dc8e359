#include "posix/bpf.h"

#include <array>
#include <cstring>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tare::posix {

namespace {

long bpf(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

}  // namespace

Result<Fd> load_cgroup_device_program(std::span<const BpfInstruction> instructions) {
    std::vector<bpf_insn> encoded(instructions.size());
    for (std::size_t i = 0; i < instructions.size(); ++i) {
        encoded[i].code = instructions[i].code;
        encoded[i].dst_reg = instructions[i].destination & 15;
        encoded[i].src_reg = instructions[i].source & 15;
        encoded[i].off = instructions[i].offset;
        encoded[i].imm = instructions[i].immediate;
    }
    bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = address(encoded.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(encoded.size());
    attributes.license = address("Apache-2.0");
    long fd = bpf(BPF_PROG_LOAD, attributes);
    if (fd < 0) return last_error("load the cgroup device filter");
    return Fd(static_cast<int>(fd));
}

Result<> attach_cgroup_device_program(int cgroup_directory, int program, int replaces) {
    bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = static_cast<std::uint32_t>(cgroup_directory);
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaces >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = static_cast<std::uint32_t>(replaces);
    }
    if (bpf(BPF_PROG_ATTACH, attributes) < 0) return last_error("attach the cgroup device filter");
    return {};
}

Result<> detach_cgroup_device_program(int cgroup_directory, int program) {
    bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = static_cast<std::uint32_t>(cgroup_directory);
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
    attributes.attach_type = BPF_CGROUP_DEVICE;
    if (bpf(BPF_PROG_DETACH, attributes) < 0) return last_error("detach a cgroup device filter");
    return {};
}

Result<std::vector<Fd>> attached_cgroup_device_programs(int cgroup_directory) {
    std::array<std::uint32_t, 64> ids{};
    bpf_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = static_cast<std::uint32_t>(cgroup_directory);
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = address(ids.data());
    attributes.query.prog_cnt = ids.size();
    if (bpf(BPF_PROG_QUERY, attributes) < 0) return last_error("query cgroup device filters");
    std::uint32_t count = attributes.query.prog_cnt;
    std::vector<Fd> programs;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::memset(&attributes, 0, sizeof attributes);
        attributes.prog_id = ids[i];
        long fd = bpf(BPF_PROG_GET_FD_BY_ID, attributes);
        if (fd < 0) return last_error("open a cgroup device filter");
        programs.emplace_back(static_cast<int>(fd));
    }
    return programs;
}

}  // namespace tare::posix
