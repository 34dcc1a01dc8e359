#include <gtest/gtest.h>

#include "run/cgroup/cgroup.h"

namespace tare::cgroup {
namespace {

TEST(CpuWeight, docker_s_default_shares_are_the_kernel_s_default_weight) {
    EXPECT_EQ(cpu_weight_of_shares(1024), 100U);
}

TEST(CpuWeight, the_ends_of_the_scales_meet) {
    EXPECT_EQ(cpu_weight_of_shares(0), 0U);
    EXPECT_EQ(cpu_weight_of_shares(2), 1U);
    EXPECT_EQ(cpu_weight_of_shares(262'144), 10'000U);
    EXPECT_EQ(cpu_weight_of_shares(1'000'000), 10'000U);
}

TEST(IoWeight, the_ends_of_the_scales_meet) {
    EXPECT_EQ(io_weight_of_blkio_weight(10), 1U);
    EXPECT_EQ(io_weight_of_blkio_weight(1000), 10'000U);
    EXPECT_EQ(io_weight_of_blkio_weight(0), 0U);
}

oci::MemoryResources memory(std::optional<std::int64_t> limit, std::optional<std::int64_t> swap) {
    oci::MemoryResources wanted;
    wanted.limit = limit;
    wanted.swap = swap;
    return wanted;
}

TEST(SwapMax, the_spec_counts_memory_and_swap_together) {
    EXPECT_EQ(swap_max_of(memory(100, 300)).value(), 200);
    EXPECT_EQ(swap_max_of(memory(100, 100)).value(), 0);
    EXPECT_EQ(swap_max_of(memory(100, -1)).value(), -1);
}

TEST(SwapMax, lifting_the_memory_limit_lifts_the_swap_limit) {
    EXPECT_EQ(swap_max_of(memory(-1, std::nullopt)).value(), -1);
    EXPECT_EQ(swap_max_of(memory(100, std::nullopt)).value(), std::nullopt);
}

TEST(SwapMax, a_swap_limit_without_or_below_the_memory_limit_is_refused) {
    EXPECT_FALSE(swap_max_of(memory(std::nullopt, 100)).has_value());
    EXPECT_FALSE(swap_max_of(memory(200, 100)).has_value());
}

}  // namespace
}  // namespace tare::cgroup
