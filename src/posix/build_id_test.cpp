#include "posix/build_id.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "posix/file.h"

namespace tare::posix {
namespace {

namespace fs = std::filesystem;

class BuildId : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/tare-build-id-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
    }
    void TearDown() override { fs::remove_all(directory_); }
    /// A file of the test's own.
    std::string written(std::string_view content) const {
        EXPECT_TRUE(write_file_atomic(directory_ + "/program", content));
        return directory_ + "/program";
    }
    /// The start of this very program, with the headers and notes.
    static std::string own_head() {
        Fd file = std::move(*open_file("/proc/self/exe", O_RDONLY));
        std::string head(8192, '\0');
        head.resize(*read_some(file.get(), head.data(), head.size()));
        return head;
    }
    std::string directory_;
};

std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
    return bytes;
}

TEST_F(BuildId, a_program_has_the_id_that_its_linker_wrote) {
    auto id = build_id("/proc/self/exe");
    ASSERT_TRUE(id) << id.error().message();
    EXPECT_EQ(id->size(), 40U);
    EXPECT_EQ(id->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST_F(BuildId, another_build_has_another_id) {
    std::string id = *build_id("/proc/self/exe");
    std::string head = own_head();
    auto at = head.find(bytes_of(id));
    ASSERT_NE(at, std::string::npos);
    head[at] = static_cast<char>(head[at] ^ 1);
    auto changed = build_id(written(head));
    ASSERT_TRUE(changed);
    EXPECT_NE(*changed, id);
    EXPECT_EQ(changed->substr(2), id.substr(2));
}

TEST_F(BuildId, what_is_no_program_or_is_cut_off_has_none) {
    const std::string head = own_head();
    for (std::size_t size :
         {std::size_t{0}, std::size_t{3}, std::size_t{16}, std::size_t{63}, std::size_t{100}})
        EXPECT_TRUE(build_id(written(head.substr(0, size))).error().is(ErrorKind::not_found)) << size;
    EXPECT_TRUE(build_id(written("#!/bin/sh\nexit 0\n")).error().is(ErrorKind::not_found));
    EXPECT_TRUE(build_id(directory_ + "/absent").error().is(ErrorKind::not_found));
}

TEST_F(BuildId, sizes_that_lie_are_not_believed) {
    std::string head = own_head();
    auto at = head.find(bytes_of(*build_id("/proc/self/exe")));
    ASSERT_NE(at, std::string::npos);
    for (std::size_t field : {at - 16, at - 12})  // n_namesz, n_descsz
        for (char value : {'\x00', '\x7f', '\xff'}) {
            std::string lying = head;
            lying[field + 3] = value;
            lying[field] = '\xff';
            auto id = build_id(written(lying));
            EXPECT_TRUE(id || id.error().is(ErrorKind::not_found));
        }
}

}  // namespace
}  // namespace tare::posix
