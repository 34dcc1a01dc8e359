// The process that unpacks: what it makes, what it can reach, and every way in which it can end.

#include <thread>

#include <dirent.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/sha256.h"
#include "image/layer/compress.h"
#include "image/layer/decoder.h"
#include "image/layer/tar_fixture.h"
#include "image/layer/unpack.h"
#include "image/layer/whiteout.h"
#include "image/layer/worker_fixture.h"
#include "image/layer/worker_report.h"
#include "posix/xattr.h"

namespace tare::layer {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string compressed(std::string_view bytes, Codec codec) {
    StringSink sink;
    Compressor compressor(sink, codec);
    EXPECT_TRUE(compressor.write(bytes));
    EXPECT_TRUE(compressor.finish());
    return sink.text();
}

std::string small_layer() {
    return tarball({{.name = "etc/", .type = '5', .mode = "0000755"}, {.name = "etc/name", .data = "one"}});
}

/// Much of it, and none that compresses away.
std::string large_layer() {
    std::string noise(8'000'000, '\0');
    std::uint32_t state = 1;
    for (char& byte : noise)
        byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return tarball({{.name = "noise", .data = noise}});
}

Result<AppliedLayer> unpack(const WorkerProgram& program, std::string_view bytes, int root,
                            const UnpackOptions& options = {}) {
    StringSource source(bytes);
    return unpack_layer(program, source, root, options);
}

Error error_of(const Result<AppliedLayer>& outcome) {
    EXPECT_FALSE(outcome.has_value());
    return outcome ? fail(ErrorKind::unknown, "") : outcome.error();
}

Result<std::string> decoded(const WorkerProgram& program, std::string_view bytes) {
    StringSource source(bytes);
    ConfinedDecoder decoder(program, source);
    StringSink sink;
    TRY(copy(decoder, sink));
    return sink.text();
}

/// Gives what it has, then nothing until it is interrupted.
class SlowSource : public ByteSource {
  public:
    explicit SlowSource(std::string begin) : pipe_(std::size_t{1} << 20) { EXPECT_TRUE(pipe_.write(begin)); }
    Result<std::size_t> read(std::span<char> buffer) override { return pipe_.source().read(buffer); }
    void interrupt(const Error& error) override { pipe_.cancel(error); }
    void finish(std::string_view rest) {
        EXPECT_TRUE(pipe_.write(rest));
        pipe_.finish();
    }
    void fail_with(const Error& error) { pipe_.fail(error); }

  private:
    BoundedPipe pipe_;
};

class Worker : public testing::Test {
  protected:
    void TearDown() override {
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process was left";
        EXPECT_EQ(descriptors(), descriptors_);
    }
    static std::size_t descriptors() { return posix::list_directory("/proc/self/fd")->size(); }

    std::size_t descriptors_ = descriptors();
};

TEST_F(Worker, makes_the_same_of_a_layer_as_its_own_process_would) {
    for (Codec codec : {Codec::none, Codec::gzip, Codec::zstd}) {
        TemporaryDirectory root;
        auto layer = unpack(test_worker(), compressed(small_layer(), codec), root.fd());
        ASSERT_TRUE(layer) << layer.error().message();
        EXPECT_EQ(layer->diff_id, sha256(small_layer()));
        EXPECT_EQ(layer->size_bytes, small_layer().size());
        EXPECT_EQ(*posix::read_file(root / "etc/name", 10), "one");
    }
}

TEST_F(Worker, makes_nodes_owners_setuid_bits_and_attributes_without_the_right_to_mount) {
    TemporaryDirectory root;
    auto archive =
        tarball({{.name = "su", .data = "x", .mode = "0004755", .uid = "0000012", .gid = "0000013"},
                 {.name = "gone/.wh.old", .type = '0'},
                 {.name = "full/.wh..wh..opq", .type = '0'},
                 {.name = "null", .type = '3', .major = "0000001", .minor = "0000003"}});
    auto layer = unpack(test_worker(), archive, root.fd());
    ASSERT_TRUE(layer) << layer.error().message();
    struct stat status{};
    ASSERT_EQ(::stat((root / "su").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 04755U);
    EXPECT_EQ(status.st_uid, 10U);
    ASSERT_EQ(::stat((root / "null").c_str(), &status), 0);
    EXPECT_TRUE(S_ISCHR(status.st_mode));
    EXPECT_TRUE(posix::status_at(root.fd(), "gone").value().has_value());
    EXPECT_EQ(*posix::get_xattr_at(root.fd(), "full", kOverlayOpaque), "y");
    EXPECT_EQ(layer->implied_directories, (std::vector<std::string>{"full", "gone"}));
}

TEST_F(Worker, im17_reaches_no_network_program_process_or_file_of_the_host) {
    TemporaryDirectory root;
    auto error = error_of(unpack(test_worker("probe"), small_layer(), root.fd()));
    EXPECT_EQ(error.message(),
              "socket: EPERM, unix socket: EPERM, execve: EPERM, ptrace: EPERM, fork: EPERM, "
              "kill parent: EPERM, tgkill parent: EPERM, set owner of signals: EPERM, shadow: ENOENT, "
              "up from input: ENOTDIR, up from root: ENOENT, proc: ENOENT, up from descriptor 3: ENOENT, "
              "mount: EPERM, "
              "unshare: EPERM, chroot: EPERM, executable memory: EPERM, mark of overlay: EPERM, disk node: "
              "done, disk: EACCES");
}

TEST_F(Worker, im17_that_only_decodes_has_not_even_a_directory) {
    auto plain = decoded(test_worker("probe"), compressed(small_layer(), Codec::gzip));
    ASSERT_FALSE(plain.has_value());
    EXPECT_THAT(plain.error().message(), HasSubstr("socket: EPERM"));
    EXPECT_THAT(plain.error().message(), HasSubstr("shadow: ENOENT"));
    EXPECT_THAT(plain.error().message(), HasSubstr("disk node: EROFS"));
}

TEST_F(Worker, im17_that_crashes_is_an_error) {
    for (auto [fault, signal] : {std::pair{"abort", "SIGABRT"}, {"crash", "SIG"}, {"quiet end", "exit 0"}}) {
        TemporaryDirectory root;
        auto error = error_of(unpack(test_worker(fault), small_layer(), root.fd()));
        EXPECT_TRUE(error.is(ErrorKind::internal)) << error.message();
#if !defined(__SANITIZE_ADDRESS__)
        EXPECT_THAT(error.message(), HasSubstr(cat("was ended by ", signal)));
#endif
    }
}

TEST_F(Worker, im17_that_takes_all_memory_ends_and_the_machine_does_not) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's address space has no limit";
#endif
    TemporaryDirectory root;
    auto error = error_of(unpack(test_worker("memory"), small_layer(), root.fd()));
    EXPECT_TRUE(error.is(ErrorKind::internal)) << error.message();
}

TEST_F(Worker, im17_that_is_killed_from_outside_is_an_error) {
    TemporaryDirectory root;
    SlowSource source(small_layer().substr(0, 700));
    std::jthread killer([&](const std::stop_token& stop) {
        // The worker has made the directory: it is at work.
        while (!posix::exists(root / "etc") && !stop.stop_requested())
            std::this_thread::sleep_for(1ms);
        auto children = posix::read_file(cat("/proc/self/task/", ::getpid(), "/children"), 4096);
        auto worker = parse_integer<int>(trim(children.value_or("")));
        if (worker) ::kill(*worker, SIGKILL);
    });
    auto error = error_of(unpack_layer(test_worker(), source, root.fd()));
    EXPECT_THAT(error.message(), HasSubstr("SIGKILL"));
}

TEST_F(Worker, im14_that_loops_is_ended_when_its_patience_is_over) {
    TemporaryDirectory root;
    auto error = error_of(unpack(test_worker("loop", 400ms), large_layer(), root.fd()));
    EXPECT_TRUE(error.is(ErrorKind::deadline_exceeded)) << error.message();
    EXPECT_THAT(error.message(), HasSubstr("took no input and gave no output for 0.4 seconds"));
    auto plain = decoded(test_worker("loop", 400ms), compressed(small_layer(), Codec::zstd));
    ASSERT_FALSE(plain.has_value());
    EXPECT_TRUE(plain.error().is(ErrorKind::deadline_exceeded)) << plain.error().message();
}

TEST_F(Worker, im14_waits_for_a_slow_network_as_long_as_that_takes) {
    TemporaryDirectory root;
    SlowSource source(small_layer().substr(0, 700));
    std::jthread network([&] {
        std::this_thread::sleep_for(1s);
        source.finish(small_layer().substr(700));
    });
    auto layer = unpack_layer(test_worker("", 200ms), source, root.fd());
    ASSERT_TRUE(layer) << layer.error().message();
    EXPECT_EQ(layer->diff_id, sha256(small_layer()));
}

TEST_F(Worker, a_failure_of_the_network_is_told_as_that) {
    TemporaryDirectory root;
    SlowSource source(small_layer().substr(0, 700));
    source.fail_with(fail(ErrorKind::unavailable, "the registry is gone"));
    auto error = error_of(unpack_layer(test_worker(), source, root.fd()));
    EXPECT_EQ(error.message(), "the registry is gone");
}

TEST_F(Worker, im14_a_cancel_ends_it_within_a_second_whatever_it_does) {
    for (const char* fault : {"", "loop"}) {
        TemporaryDirectory root;
        SlowSource source(small_layer().substr(0, 700));
        std::stop_source stop;
        std::chrono::steady_clock::time_point cancelled;
        std::jthread client([&] {
            std::this_thread::sleep_for(200ms);
            cancelled = std::chrono::steady_clock::now();
            stop.request_stop();
        });
        auto error =
            error_of(unpack_layer(test_worker(fault), source, root.fd(), {.cancel = stop.get_token()}));
        EXPECT_LT(std::chrono::steady_clock::now() - cancelled, 1s);
        EXPECT_TRUE(error.is(ErrorKind::cancelled)) << error.message();
    }
}

TEST_F(Worker, im14_truncated_and_corrupt_streams_of_each_codec_are_errors) {
    const std::string tar = large_layer();
    for (Codec codec : {Codec::none, Codec::gzip, Codec::zstd}) {
        SCOPED_TRACE(to_string(codec));
        const std::string whole = compressed(tar, codec);
        TemporaryDirectory root;
        auto truncated = error_of(unpack(test_worker(), whole.substr(0, whole.size() / 2), root.fd()));
        EXPECT_TRUE(truncated.is(ErrorKind::data_loss)) << truncated.message();
        std::string corrupt = whole;
        // The checksum of the header, of the stream, or a block of it.
        std::string_view wrong = "\xff\xff\xff\xff\xff\xff\xff\xff";
        corrupt.replace(codec == Codec::none ? 148 : corrupt.size() - 9, 8, wrong);
        TemporaryDirectory other;
        auto broken = error_of(unpack(test_worker(), corrupt, other.fd()));
        EXPECT_TRUE(broken.is(ErrorKind::invalid_argument) || broken.is(ErrorKind::data_loss))
            << broken.message();
        if (codec == Codec::none) continue;
        EXPECT_FALSE(decoded(test_worker(), whole.substr(0, whole.size() / 2)).has_value());
        EXPECT_FALSE(decoded(test_worker(), corrupt).has_value());
        EXPECT_EQ(*decoded(test_worker(), whole), tar);
    }
}

TEST_F(Worker, im17_what_it_says_is_not_believed_unless_it_makes_sense) {
    TemporaryDirectory root;
    auto error = error_of(unpack(test_worker("nonsense"), small_layer(), root.fd()));
    EXPECT_THAT(error.message(), HasSubstr("nonsense"));
    auto report = encode_report(fail(ErrorKind::not_found, "a\x1b[31mb").set_hint("\n"));
    auto decoded = decode_report(report);
    EXPECT_EQ(decoded.error().message(), "a?[31mb");
    EXPECT_TRUE(decoded.error().is(ErrorKind::not_found));
    for (std::size_t i = 0; i < report.size(); ++i)
        EXPECT_TRUE(decode_report(report.substr(0, i)).error().is(ErrorKind::internal));
}

TEST_F(Worker, that_cannot_be_started_is_an_error) {
    TemporaryDirectory root;
    EXPECT_TRUE(error_of(unpack({}, small_layer(), root.fd())).is(ErrorKind::failed_precondition));
    EXPECT_TRUE(error_of(unpack({.path = "/nowhere"}, small_layer(), root.fd())).is(ErrorKind::not_found));
}

}  // namespace
}  // namespace tare::layer
