// SIGKILL and failure at every point of attach and detach: the next start leaves no link, no namespace, no
// address and no port of the dead, and the container can be attached again.

#include <algorithm>

#include "engine/network/network_fixture.h"
#include "posix/crash_suite.h"

namespace tare::network {
namespace {

const std::string kContainer = "default/c";

struct Opened {
    std::unique_ptr<store::Database> database;
    std::unique_ptr<Networks> networks;
};

class NetworkCrash : public NetworkFixture {
  protected:
    void SetUp() override {}
    void TearDown() override {}

    static Result<Opened> try_open(const std::string& directory) {
        Opened opened;
        opened.database = TRY(store::Database::open(directory + "/tare.db"));
        opened.networks =
            TRY(Networks::open({.state_directory = directory, .instance = "tare-test03"}, *opened.database));
        return opened;
    }
    static Opened open(const std::string& directory) { return std::move(*try_open(directory)); }
    /// Opening passes fault points too.
    static void with(const std::string& directory, const std::function<void(Networks&)>& work) {
        if (auto opened = try_open(directory)) work(*opened->networks);
    }
    static Result<Attachment> attach(Networks& networks) {
        return networks.attach({.container = kContainer,
                                .mode = {},
                                .ports = {{.container_port = 80, .first_host_port = 8080}}});
    }
    static std::size_t cables() {
        auto links = RouteSocket::open()->links();
        return static_cast<std::size_t>(
            std::ranges::count_if(*links, [](const Link& link) { return link.name.starts_with("veth"); }));
    }
    static void expect_nothing_left(const std::string& directory) {
        auto opened = open(directory);
        auto repaired = opened.networks->repair([](const std::string&) { return false; });
        EXPECT_TRUE(repaired) << repaired.error().message();
        EXPECT_FALSE(opened.networks->find(kContainer)->has_value());
        EXPECT_TRUE(opened.networks->endpoints("bridge")->empty());
        for (int i = 0; i < 300 && cables() > 0; ++i)
            ::usleep(10'000);
        EXPECT_EQ(cables(), 0U);
        auto again = attach(*opened.networks);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(again->endpoints.front().address.text(), "172.17.0.2");
        {
            Greeter server(again->netns_path, 80);
            EXPECT_EQ(greeting("", ip("127.0.0.1"), 8080), "172.17.0.1");
        }
        EXPECT_TRUE(opened.networks->detach(kContainer));
        EXPECT_TRUE(opened.networks->withdraw());
    }
};

TEST_F(NetworkCrash, of_an_attach_leaves_nothing) {
    posix::crash_at_every_point(
        {.prepare = {},
         .operation =
             [](const std::string& directory) { with(directory, [](Networks& it) { (void)attach(it); }); },
         .verify = expect_nothing_left});
}

TEST_F(NetworkCrash, of_a_detach_leaves_nothing) {
    posix::crash_at_every_point(
        {.prepare = [](const std::string& directory) { ASSERT_TRUE(attach(*open(directory).networks)); },
         .operation =
             [](const std::string& directory) {
                 with(directory, [](Networks& it) { (void)it.detach(kContainer); });
             },
         .verify = expect_nothing_left});
}

}  // namespace
}  // namespace tare::network
