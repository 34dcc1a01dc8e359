// Entries of the security list that the command line answers for.

#include <cstdlib>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/docker/autostart.h"
#include "cli/docker/credentials.h"
#include "cli/docker/fake_daemon.h"
#include "cli/docker/rebased_archive.h"
#include "cli/docker/registry_auth.h"
#include "image/layer/tar_reader.h"
#include "image/layer/tar_writer.h"

namespace tare::cli::docker {
namespace {

// A directory of its own, with a place for config.json.
struct Place {
    Place() {
        char name[] = "/tmp/tare-cli-XXXXXX";
        directory = ::mkdtemp(name);
        settings.config_directory = cat(directory, "/config");
    }
    ~Place() { (void)posix::remove_tree(directory); }

    void write(const std::string& name, std::string_view content, mode_t mode) {
        std::string path = cat(directory, '/', name);
        (void)posix::remove_file(path);
        posix::Fd fd = posix::open_file(path, O_WRONLY | O_CREAT, 0600).value();
        ASSERT_TRUE(posix::write_all(fd.get(), content).has_value());
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }

    std::string directory;
    Settings settings;
};

TEST(Credentials, what_is_stored_is_found_and_erased) {
    Place place;
    CredentialStore store(place.settings);
    EXPECT_FALSE(store.find("r.example").value().has_value());
    ASSERT_TRUE(store.store("r.example", {"me", "se:cret", {}}).has_value());
    ASSERT_TRUE(store.store("other", {"you", "x", {}}).has_value());
    auto found = store.find("r.example").value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->username, "me");
    EXPECT_EQ(found->password, "se:cret");
    ASSERT_TRUE(store.erase("r.example").has_value());
    EXPECT_FALSE(store.find("r.example").value().has_value());
    EXPECT_TRUE(store.find("other").value().has_value());
    EXPECT_TRUE(store.erase("never").has_value());
}

TEST(Credentials, unknown_members_of_the_file_stay) {
    Place place;
    ASSERT_TRUE(posix::make_directories(place.settings.config_directory, 0700).has_value());
    place.write("config/config.json",
                R"({"psFormat": "x", "auths": {"https://a.example/v1/": {"auth": "dTpw"}}})", 0600);
    CredentialStore store(place.settings);
    EXPECT_EQ(store.find("a.example").value()->username, "u");
    ASSERT_TRUE(store.store("b", {"me", "p", {}}).has_value());
    EXPECT_EQ(place.settings.config_text("psFormat"), "x");
    EXPECT_EQ(store.find("a.example").value()->password, "p");
}

TEST(Security, cl3_the_file_with_secrets_is_0600_whatever_the_umask) {
    Place place;
    mode_t before = ::umask(0);
    ASSERT_TRUE(CredentialStore(place.settings).store("r", {"me", "p", {}}).has_value());
    ::umask(before);
    struct stat status{};
    ASSERT_EQ(::stat(cat(place.settings.config_directory, "/config.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(Security, cl3_a_helper_that_others_can_write_or_that_lies_in_the_current_directory_is_not_run) {
    Place place;
    ASSERT_TRUE(posix::make_directories(place.settings.config_directory, 0700).has_value());
    place.write("config/config.json", R"({"credsStore": "tare-test"})", 0600);
    std::string marker = cat(place.directory, "/ran");
    place.write("docker-credential-tare-test",
                cat("#!/bin/sh\ntouch ", marker, "\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n"), 0777);
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", cat(place.directory, ":", path).c_str(), 1);
    EXPECT_FALSE(CredentialStore(place.settings).find("r").has_value());
    char cwd[4096];
    ASSERT_NE(::realpath(".", cwd), nullptr);
    ::chmod(cat(place.directory, "/docker-credential-tare-test").c_str(), 0755);
    ASSERT_EQ(::chdir(place.directory.c_str()), 0);
    ::setenv("PATH", ".::/nonexistent", 1);
    EXPECT_FALSE(CredentialStore(place.settings).find("r").has_value());
    ASSERT_EQ(::chdir(cwd), 0);
    EXPECT_FALSE(posix::exists(marker));
    ::setenv("PATH", cat(place.directory, ":", path).c_str(), 1);
    auto found = CredentialStore(place.settings).find("r");
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ((*found)->username, "u");
    EXPECT_TRUE(posix::exists(marker));
    ::setenv("PATH", path.c_str(), 1);
}

TEST(Security, cl3_a_helper_s_name_is_no_path) {
    Place place;
    ASSERT_TRUE(posix::make_directories(place.settings.config_directory, 0700).has_value());
    place.write("config/config.json", R"({"credsStore": "../../bin/sh"})", 0600);
    auto found = CredentialStore(place.settings).find("r");
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().is(ErrorKind::invalid_argument));
}

TEST(Security, r19_credentials_go_only_to_their_registry) {
    Place place;
    ASSERT_TRUE(CredentialStore(place.settings).store("r.example", {"me", "p", {}}).has_value());
    EXPECT_EQ(registry_auth_headers(place.settings, "r.example")->size(), 1u);
    EXPECT_TRUE(registry_auth_headers(place.settings, "r.example.evil")->empty());
    EXPECT_TRUE(registry_auth_headers(place.settings, "evil.r.example")->empty());
    EXPECT_TRUE(registry_auth_headers(place.settings, "docker.io")->empty());
}

TEST(Security, ta4_a_program_that_others_can_change_is_not_started) {
    Place place;
    place.write("tared", "#!/bin/sh\n", 0755);
    if (::geteuid() != 0) GTEST_SKIP() << "owners can only be set by root";
    EXPECT_TRUE(check_trusted_path(cat(place.directory, "/tared")).has_value());
    place.write("tared", "#!/bin/sh\n", 0775);
    EXPECT_FALSE(check_trusted_path(cat(place.directory, "/tared")).has_value());
    place.write("tared", "#!/bin/sh\n", 0755);
    ::chmod(place.directory.c_str(), 0777);
    EXPECT_FALSE(check_trusted_path(cat(place.directory, "/tared")).has_value());
    ::chmod(place.directory.c_str(), 0755);
    ASSERT_EQ(::chown(place.directory.c_str(), 65534, 65534), 0);
    EXPECT_FALSE(check_trusted_path(cat(place.directory, "/tared")).has_value());
    ASSERT_EQ(::chown(place.directory.c_str(), 0, 0), 0);
    ASSERT_EQ(::symlink(cat(place.directory, "/tared").c_str(), cat(place.directory, "/link").c_str()), 0);
    EXPECT_FALSE(check_trusted_path(cat(place.directory, "/link")).has_value());
}

std::string archive_of(const std::vector<layer::TarEntry>& entries, std::string_view content = "") {
    layer::StringSink sink;
    layer::TarWriter writer(sink);
    for (layer::TarEntry entry : entries) {
        if (entry.type == layer::TarType::regular) entry.size_bytes = content.size();
        EXPECT_TRUE(writer.add(entry).has_value());
        if (entry.size_bytes > 0) {
            EXPECT_TRUE(writer.write(content).has_value());
        }
    }
    EXPECT_TRUE(writer.finish().has_value());
    return sink.text();
}

// The names behind the renaming, or the failure.
std::string rebased(const std::vector<layer::TarEntry>& entries, std::string base, std::string new_base,
                    std::string_view content = "") {
    std::string bytes = archive_of(entries, content);
    layer::StringSource source(bytes);
    RebasedArchive archive(source, std::move(base), std::move(new_base));
    layer::TarReader reader(archive);
    std::string names;
    for (layer::TarEntry entry;;) {
        auto more = reader.next(entry);
        if (!more) return more.error().message();
        if (!*more) return names;
        names += cat(entry.path, entry.link_target.empty() ? "" : "->", entry.link_target, ' ');
        std::string data;
        for (;;) {
            auto piece = reader.data();
            if (!piece) return piece.error().message();
            if (piece->bytes.empty()) break;
            data += piece->bytes;
        }
        if (entry.type == layer::TarType::regular && data != content) return "content differs";
    }
}

using layer::TarType;

TEST(Rebase, names_and_hard_links_move_with_their_base) {
    EXPECT_EQ(rebased({{TarType::directory, "etc/"},
                       {TarType::regular, "etc/a"},
                       {TarType::hard_link, "etc/b", "etc/a"}},
                      "etc", "new", std::string(5000, 'x')),
              "new/ new/a new/b->new/a ");
    EXPECT_EQ(rebased({{TarType::regular, "f"}}, "f", "", "abc"), "f ");
    EXPECT_EQ(rebased({{TarType::directory, "./"}, {TarType::regular, "./a"}}, ".", "d", "x"), "d/ d/a ");
    EXPECT_EQ(rebased({{TarType::symlink, "etc/l", "/anywhere"}}, "etc", "n"), "n/l->/anywhere ");
}

TEST(Rebase, an_archive_holds_only_what_was_asked_for) {
    for (std::string_view name : {"other", "etcx/a", "../etc", "etc/../../x", "/passwd"})
        EXPECT_NE(rebased({{TarType::regular, std::string(name)}}, "etc", "").find("archive holds"),
                  std::string::npos)
            << name;
    EXPECT_NE(rebased({{TarType::hard_link, "etc/b", "../../root/.ssh/id"}}, "etc", "").find("archive holds"),
              std::string::npos);
}

// What `tare cp c:/etc OUT` does with an archive that a hostile daemon gives.
Outcome copy_from_evil(const Place& place, const std::vector<layer::TarEntry>& entries) {
    FakeDaemon daemon;
    std::string status = base64_encode(
        R"({"name":"etc","size":0,"mode":2147484141,"mtime":"2025-01-01T00:00:00Z","linkTarget":""})");
    daemon.answer("GET /containers/c/archive?path=%2Fetc ", 200, archive_of(entries, "evil"),
                  cat("X-Docker-Container-Path-Stat: ", status, "\r\n"));
    return run_tare(daemon, {"cp", "c:/etc", cat(place.directory, "/out")});
}

TEST(Security, cl2_an_archive_from_the_daemon_stays_below_the_target) {
    const std::vector<std::vector<layer::TarEntry>> archives = {
        {{TarType::regular, "../canary"}},
        {{TarType::regular, "etc/../../canary"}},
        {{TarType::regular, "/canary"}},
        {{TarType::directory, "etc"},
         {TarType::symlink, "etc/up", "../.."},
         {TarType::regular, "etc/up/canary"}},
        {{TarType::directory, "etc"},
         {TarType::symlink, "etc/abs", "PLACE"},
         {TarType::regular, "etc/abs/canary"}},
        {{TarType::symlink, "etc", "PLACE"}, {TarType::regular, "etc/canary"}},
        {{TarType::directory, "etc"},
         {TarType::hard_link, "etc/hard", "../canary"},
         {TarType::regular, "etc/hard"}},
        {{TarType::directory, "etc"}, {TarType::hard_link, "etc/hard", "PLACE/canary"}},
    };
    for (const auto& given : archives) {
        Place place;
        place.write("canary", "untouched", 0600);
        ASSERT_TRUE(posix::make_directories(cat(place.directory, "/out"), 0755).has_value());
        std::vector<layer::TarEntry> entries = given;
        for (layer::TarEntry& entry : entries)
            entry.link_target = replace_all(entry.link_target, "PLACE", place.directory);
        Outcome outcome = copy_from_evil(place, entries);
        EXPECT_EQ(posix::read_file(cat(place.directory, "/canary"), 100).value(), "untouched")
            << entries.back().path;
        struct stat status{};
        ASSERT_EQ(::stat(cat(place.directory, "/canary").c_str(), &status), 0);
        EXPECT_EQ(status.st_nlink, 1u) << entries.back().path;
        auto names = posix::list_directory(place.directory).value();
        EXPECT_EQ(names.size(), 2u) << outcome.errors;
    }
}

TEST(Cp, a_directory_arrives_below_an_existing_target) {
    Place place;
    ASSERT_TRUE(posix::make_directories(cat(place.directory, "/out"), 0755).has_value());
    Outcome outcome = copy_from_evil(
        place, {{TarType::directory, "etc"}, {TarType::regular, "etc/a"}, {TarType::symlink, "etc/l", "a"}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_EQ(posix::read_file(cat(place.directory, "/out/etc/a"), 100).value(), "evil");
    EXPECT_EQ(posix::read_link(cat(place.directory, "/out/etc/l")).value(), "a");
}

}  // namespace
}  // namespace tare::cli::docker
