// cp, diff, export and commit on real snapshots, of containers that run and that don't.

#include <sys/stat.h>
#include <unistd.h>

#include "engine/container/container_fixture.h"
#include "engine/container/rootfs.h"
#include "engine/container/spec.h"
#include "image/layer/tar_fixture.h"
#include "image/layer/tar_reader.h"
#include "image/snapshot/overlay.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/path.h"
#include "posix/tree.h"
#include "store/database.h"

namespace tare::container {
namespace {

namespace fs = std::filesystem;

class RootfsTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        if (auto support = snapshot::probe_overlay(directory_.path()); !support.works)
            GTEST_SKIP() << support.reason;
        database_ = std::move(*store::Database::open(directory_.path() + "/tare.db"));
        snapshotter_ = std::move(*snapshot::open_overlay(directory_.path() + "/snapshots", *database_));
        container_ = test_container();
        container_.snapshot_key = "default/c";
        container_.directory = directory_.path() + "/c";
        fs::create_directories(container_.directory);
        make_image();
        ASSERT_TRUE(snapshotter_->prepare(container_.snapshot_key, "image"));
        edit([&](const std::string&) { ASSERT_TRUE(prepare_rootfs(root_.get(), container_)); });
    }
    void TearDown() override {
        stop();
        root_.reset();
    }

    void make_image() {
        ASSERT_TRUE(snapshotter_->prepare("making", ""));
        root_ = std::move(*snapshotter_->make_detached_mount("making"));
        write("/etc/passwd", "app:x:1000:1000::/:/bin/sh\n");
        write("/bin/tool", "tool");
        write("/old", "old");
        ASSERT_TRUE(posix::make_directories_in_root(root_.get(), "/data"));
        root_.reset();
        ASSERT_TRUE(snapshotter_->commit("image", "making"));
    }

    // Changes the stopped container's files as its process would have.
    void edit(const std::function<void(const std::string&)>& change) {
        root_ = std::move(*snapshotter_->make_detached_mount(container_.snapshot_key));
        change(posix::descriptor_path(root_.get()));
        root_.reset();
    }
    void write(const std::string& path, std::string_view content) {
        auto file = posix::make_file_in_root(root_.get(), path);
        ASSERT_TRUE(file) << message_of(file);
        ASSERT_TRUE(posix::write_all(posix::reopen(file->get(), O_WRONLY | O_TRUNC)->get(), content));
    }

    // A process whose root is the container's, as the runtime leaves it.
    void start() {
        posix::Fd root = std::move(*snapshotter_->make_detached_mount(container_.snapshot_key));
        posix::Pipe ready = std::move(*posix::make_pipe());
        auto process = posix::fork_into_namespaces(posix::namespace_bit::mount | posix::namespace_bit::pid);
        ASSERT_TRUE(process) << message_of(process);
        if (!*process) {
            auto enter = [&]() -> Result<> {
                TRY(posix::set_root_propagation(posix::Propagation::is_private));
                posix::Fd place = TRY(posix::open_file(container_.directory, O_PATH | O_DIRECTORY));
                TRY(posix::attach_mount(root.get(), place.get()));
                if (container_.host_config.readonly_rootfs)
                    TRY(posix::set_mount_attributes(root.get(), posix::mount_attribute::read_only, 0,
                                                    posix::Propagation::unchanged, posix::Recursive::no));
                posix::Fd inside = TRY(posix::open_file(container_.directory, O_PATH | O_DIRECTORY));
                return posix::pivot_to(inside.get());
            };
            (void)posix::write_all(ready.write_end.get(), enter() ? "+" : "-");
            ::pause();
            ::_exit(0);
        }
        char answer = '-';
        ASSERT_TRUE(posix::read_some(ready.read_end.get(), &answer, 1));
        process_ = std::move(*process);
        ASSERT_EQ(answer, '+');
        container_.state.status = Status::running;
        container_.state.pid = process_.pid();
        container_.state.pid_start_time = posix::process_facts(process_.pid())->start_time;
    }
    void stop() {
        if (!process_) return;
        (void)process_.kill(9);
        (void)process_.wait(Deadline::after(std::chrono::seconds(10)));
        process_ = {};
        container_.state.status = Status::exited;
        container_.state.pid = 0;
    }

    Strings names_of(const std::string& tar) {
        layer::StringSource source(tar);
        layer::TarReader reader(source);
        layer::TarEntry entry;
        Strings names;
        for (;;) {
            auto more = reader.next(entry);
            EXPECT_TRUE(more) << message_of(more);
            if (!more || !*more) return names;
            names.push_back(entry.path);
        }
    }
    Strings copy_out(const std::string& path) {
        layer::StringSink sink;
        auto copied = copy_from(
            container_, *snapshotter_, path, [](const layer::PathStatus&) { return Result<>(); }, sink);
        EXPECT_TRUE(copied) << message_of(copied);
        return names_of(sink.text());
    }
    Result<> copy_in(const std::string& path, const std::string& name, const std::string& data,
                     const CopyToOptions& options = {}) {
        const std::string archive = layer::tarball({{.name = name, .data = data}});
        layer::StringSource source(archive);
        return copy_to(container_, *snapshotter_, path, source, options);
    }
    std::string content(const std::string& path) {
        RootfsView view = std::move(*RootfsView::open(container_, *snapshotter_, Access::read_only));
        auto file = posix::open_in_root(view.root(), path, O_RDONLY);
        return file ? *posix::read_to_end(file->get(), 1 << 20) : "absent";
    }
    Strings diff() {
        auto changed = changes(container_, *snapshotter_);
        EXPECT_TRUE(changed) << message_of(changed);
        Strings lines;
        for (const layer::Change& change : changed.value_or(std::vector<layer::Change>()))
            lines.push_back(cat("CAD"[static_cast<int>(change.kind)], " ", change.path));
        return lines;
    }
    static std::size_t mount_count() {
        std::ifstream file("/proc/self/mountinfo");
        return static_cast<std::size_t>(
            std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
    }

    TemporaryDirectory directory_;
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<snapshot::Snapshotter> snapshotter_;
    Container container_;
    posix::Fd root_;
    posix::Process process_;
};

TEST_F(RootfsTest, a_fresh_container_has_no_changes) {
    EXPECT_EQ(diff(), Strings());
}

TEST_F(RootfsTest, changes_are_the_users_alone) {
    container_.mount_points = {{.type = "volume", .destination = "/data"}};
    edit([&](const std::string& root) {
        write("/etc/new", "x");
        fs::remove(root + "/old");
        write("/added/file", "y");
    });
    EXPECT_EQ(diff(), Strings({"A /added", "A /added/file", "C /etc", "A /etc/new", "D /old"}));
}

TEST_F(RootfsTest, a_stopped_container_is_read_and_written) {
    const std::size_t mounts = mount_count();
    EXPECT_EQ(copy_out("/bin/tool"), Strings{"tool"});
    auto copied = copy_in("/etc", "motd", "hello");
    ASSERT_TRUE(copied) << message_of(copied);
    EXPECT_EQ(content("/etc/motd"), "hello");
    EXPECT_EQ(mount_count(), mounts) << "nothing may be seen of it on the host";
}

TEST_F(RootfsTest, a_running_container_is_read_and_written) {
    start();
    EXPECT_EQ(copy_out("/bin"), Strings({"bin/", "bin/tool"}));
    auto copied = copy_in("/etc", "motd", "hello");
    ASSERT_TRUE(copied) << message_of(copied);
    stop();
    EXPECT_EQ(content("/etc/motd"), "hello");
}

TEST_F(RootfsTest, a_process_that_took_over_the_pid_is_not_entered) {
    start();
    container_.state.pid_start_time -= 1;
    auto root = open_running_root(container_.state);
    ASSERT_FALSE(root);
    EXPECT_TRUE(root.error().is(ErrorKind::not_found));
}

TEST_F(RootfsTest, volumes_of_a_stopped_container_are_seen_where_they_are_mounted) {
    container_.mount_points = {
        {.type = "volume", .source = directory_.path() + "/volume", .destination = "/data"}};
    directory_.write("volume/file", "in the volume");
    EXPECT_EQ(content("/data/file"), "in the volume");
    ASSERT_TRUE(copy_in("/data", "new", "x"));
    EXPECT_TRUE(fs::exists(directory_.path() + "/volume/new"));
    EXPECT_EQ(diff(), Strings()) << "what is in a volume is no change of the container";
}

TEST_F(RootfsTest, what_is_not_there_is_said_in_dockers_words) {
    EXPECT_EQ(message_of(stat_path(container_, *snapshotter_, "/nope")),
              "Could not find the file /nope in container web");
    EXPECT_EQ(message_of(copy_in("/nope", "x", "x")), "Could not find the file /nope in container web");
    EXPECT_EQ(message_of(copy_in("/bin/tool", "x", "x")), "extraction point is not a directory");
}

TEST_F(RootfsTest, a_read_only_root_refuses_and_its_writable_volume_does_not) {
    container_.host_config.readonly_rootfs = true;
    container_.mount_points = {
        {.type = "volume", .source = directory_.path() + "/volume", .destination = "/data"},
        {.type = "volume",
         .source = directory_.path() + "/fixed",
         .destination = "/fixed",
         .is_writable = false}};
    directory_.write("volume/file", "");
    directory_.write("fixed/file", "");
    auto refused = copy_in("/etc", "motd", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "container rootfs is marked read-only");
    EXPECT_TRUE(refused.error().is(ErrorKind::permission_denied));
    EXPECT_TRUE(copy_in("/data", "new", "x"));
    EXPECT_EQ(message_of(copy_in("/fixed", "new", "x")), "mounted volume is marked read-only");
    EXPECT_FALSE(fs::exists(directory_.path() + "/fixed/new"));
}

TEST_F(RootfsTest, a_link_to_a_read_only_place_does_not_help) {
    container_.host_config.readonly_rootfs = true;
    container_.mount_points = {
        {.type = "volume", .source = directory_.path() + "/volume", .destination = "/data"}};
    fs::create_directories(directory_.path() + "/volume");
    fs::create_symlink("/etc", directory_.path() + "/volume/link");
    EXPECT_EQ(message_of(copy_in("/data/link", "motd", "x")), "mounted volume is marked read-only");
    EXPECT_EQ(content("/etc/motd"), "absent");
}

TEST_F(RootfsTest, security_a_link_out_of_the_root_stays_inside) {
    directory_.write("canary/file", "host");
    edit([&](const std::string& root) {
        fs::create_symlink(directory_.path() + "/canary", root + "/absolute");
        fs::create_symlink("../../../../../../.." + directory_.path() + "/canary", root + "/relative");
    });
    for (const char* path : {"/absolute", "/relative"}) {
        EXPECT_FALSE(copy_in(path, "new", "x")) << path;
        EXPECT_FALSE(stat_path(container_, *snapshotter_, cat(path, "/file"))) << path;
    }
    EXPECT_FALSE(fs::exists(directory_.path() + "/canary/new"));
}

TEST_F(RootfsTest, files_can_be_given_to_the_containers_user) {
    container_.config.user = "app";
    ASSERT_TRUE(copy_in("/etc", "motd", "x", {.keep_container_owner = true}));
    RootfsView view = std::move(*RootfsView::open(container_, *snapshotter_, Access::read_only));
    auto file = posix::open_in_root(view.root(), "/etc/motd", O_PATH);
    EXPECT_EQ(posix::status_of(file->get())->uid, 1000U);
}

TEST_F(RootfsTest, an_export_is_the_root_without_volumes) {
    container_.mount_points = {
        {.type = "volume", .source = directory_.path() + "/volume", .destination = "/data"}};
    directory_.write("volume/file", "");
    auto exported = [&] {
        layer::StringSink sink;
        auto done = export_rootfs(container_, *snapshotter_, sink);
        EXPECT_TRUE(done) << message_of(done);
        return names_of(sink.text());
    };
    const Strings stopped = exported();
    EXPECT_NE(std::ranges::find(stopped, "bin/tool"), stopped.end());
    EXPECT_EQ(std::ranges::find(stopped, "data/file"), stopped.end());
    start();
    EXPECT_EQ(exported(), stopped);
}

TEST_F(RootfsTest, a_commit_is_the_changes_as_a_layer) {
    edit([&](const std::string& root) {
        write("/etc/new", "x");
        fs::remove(root + "/old");
    });
    layer::StringSink sink;
    ASSERT_TRUE(write_layer(container_, *snapshotter_, sink));
    const Strings names = names_of(sink.text());
    EXPECT_NE(std::ranges::find(names, "etc/new"), names.end());
    EXPECT_NE(std::ranges::find(names, ".wh.old"), names.end());
    EXPECT_EQ(std::ranges::find(names, ".dockerenv"), names.end());
    EXPECT_EQ(std::ranges::find(names, "etc/hosts"), names.end());
}

}  // namespace
}  // namespace tare::container
