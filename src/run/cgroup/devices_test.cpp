#include "run/cgroup/devices.h"

#include <array>

#include <gtest/gtest.h>
#include <linux/bpf.h>

namespace tare::cgroup {
namespace {

/// What the kernel would answer: runs the few instructions that the filter is made of.
int run(const std::vector<posix::BpfInstruction>& program, std::array<std::uint32_t, 3> context) {
    std::array<std::uint64_t, 11> registers{};
    for (std::size_t at = 0; at < program.size(); ++at) {
        auto& instruction = program[at];
        auto& destination = registers[instruction.destination];
        auto immediate = static_cast<std::uint32_t>(instruction.immediate);
        switch (instruction.code) {
            case BPF_LDX | BPF_MEM | BPF_W:
                destination = context[static_cast<std::size_t>(instruction.offset) / 4];
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                destination &= immediate;
                break;
            case BPF_ALU | BPF_RSH | BPF_K:
                destination >>= immediate;
                break;
            case BPF_ALU | BPF_MOV | BPF_X:
                destination = registers[instruction.source];
                break;
            case BPF_ALU64 | BPF_MOV | BPF_K:
                destination = immediate;
                break;
            case BPF_JMP | BPF_JNE | BPF_K:
                if (destination != immediate) at += static_cast<std::size_t>(instruction.offset);
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                if (destination == immediate) at += static_cast<std::size_t>(instruction.offset);
                break;
            case BPF_JMP | BPF_EXIT:
                return static_cast<int>(registers[0]);
            default:
                ADD_FAILURE() << "unknown instruction " << int{instruction.code};
                return -1;
        }
    }
    ADD_FAILURE() << "no exit";
    return -1;
}

constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ, kWrite = BPF_DEVCG_ACC_WRITE,
                        kMknod = BPF_DEVCG_ACC_MKNOD;

bool allows(const std::vector<oci::DeviceRule>& rules, char type, std::uint32_t major, std::uint32_t minor,
            std::uint32_t access) {
    std::uint32_t kind = type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
    return run(device_program(rules), {access << 16 | kind, major, minor}) == 1;
}

const oci::DeviceRule kDenyAll{.allow = false, .access = "rwm"};
const oci::DeviceRule kNull{.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rw"};

TEST(Security, rt19_an_empty_device_list_denies_everything) {
    EXPECT_FALSE(allows({}, 'c', 1, 3, kRead));
    EXPECT_FALSE(allows({}, 'b', 8, 0, kMknod));
}

TEST(Security, rt19_a_list_of_allowed_devices_is_no_block_list) {
    EXPECT_TRUE(allows({kNull}, 'c', 1, 3, kRead | kWrite));
    EXPECT_FALSE(allows({kNull}, 'b', 8, 0, kRead));
}

TEST(Devices, an_access_that_a_rule_covers_in_part_is_denied) {
    EXPECT_FALSE(allows({kDenyAll, kNull}, 'c', 1, 3, kRead | kMknod));
}

TEST(Devices, the_last_rule_that_matches_decides) {
    oci::DeviceRule no_write{.allow = false, .type = 'c', .major = 1, .minor = 3, .access = "w"};
    EXPECT_TRUE(allows({kNull, no_write}, 'c', 1, 3, kRead));
    EXPECT_FALSE(allows({kNull, no_write}, 'c', 1, 3, kRead | kWrite));
    EXPECT_TRUE(allows({no_write, kNull}, 'c', 1, 3, kRead | kWrite));
}

TEST(Devices, a_reset_makes_all_before_it_void) {
    EXPECT_FALSE(allows({kNull, kDenyAll}, 'c', 1, 3, kRead));
    EXPECT_TRUE(allows({kDenyAll, {.allow = true}}, 'b', 8, 0, kMknod));
}

TEST(Devices, absent_numbers_match_every_device_of_the_type) {
    oci::DeviceRule any_mknod{.allow = true, .type = 'c', .access = "m"};
    EXPECT_TRUE(allows({any_mknod}, 'c', 200, 7, kMknod));
    EXPECT_FALSE(allows({any_mknod}, 'b', 200, 7, kMknod));
}

TEST(Devices, v1_lines_say_star_for_every_number) {
    EXPECT_EQ(device_line(kNull), "c 1:3 rw");
    EXPECT_EQ(device_line({.allow = true, .type = 'b'}), "b *:* rwm");
    EXPECT_EQ(device_line(kDenyAll), "a");
}

}  // namespace
}  // namespace tare::cgroup
