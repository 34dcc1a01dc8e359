#include "engine/container/links.h"

#include "engine/container/container_fixture.h"
#include "engine/container/containers.h"
#include "store/database.h"

namespace tare::container {
namespace {

Container source() {
    Container container = test_container();
    container.name = "db";
    container.config.hostname = "dbhost";
    container.config.exposed_ports = {"81/tcp", "53/udp", "80/tcp"};
    container.config.env = {"PATH=/bin", "HOME=/root", "FOO=a=b", "BARE"};
    return container;
}

TEST(Links, are_read_as_asked_for_as_stored_and_as_shown) {
    auto read = [](std::string_view text) {
        auto link = parse_link(text);
        return link ? link->container + " as " + link->alias : link.error().message();
    };
    EXPECT_EQ(read("db"), "db as db");
    EXPECT_EQ(read("db:data"), "db as data");
    EXPECT_EQ(read("/db:/web/data"), "db as data");
    EXPECT_EQ(read(""), "empty string specified for links");
    for (const char* text : {"a:b:c", "db:", ":data", "db:a b", "db:a/b", "db:a\nb"})
        EXPECT_EQ(read(text), std::string("bad format for links: ") + text);
}

TEST(Links, tell_names_for_the_hosts_file) {
    EXPECT_EQ(link_host_names(source(), "data"), "data dbhost db");
    EXPECT_EQ(link_host_names(source(), "db"), "db dbhost");
}

TEST(Links, tell_ports_ranges_and_the_environment) {
    const Strings expected = {"D_B_PORT=tcp://10.0.0.2:80",
                              "D_B_PORT_80_TCP=tcp://10.0.0.2:80",
                              "D_B_PORT_80_TCP_ADDR=10.0.0.2",
                              "D_B_PORT_80_TCP_PORT=80",
                              "D_B_PORT_80_TCP_PROTO=tcp",
                              "D_B_PORT_81_TCP=tcp://10.0.0.2:81",
                              "D_B_PORT_81_TCP_ADDR=10.0.0.2",
                              "D_B_PORT_81_TCP_PORT=81",
                              "D_B_PORT_81_TCP_PROTO=tcp",
                              "D_B_PORT_53_UDP=udp://10.0.0.2:53",
                              "D_B_PORT_53_UDP_ADDR=10.0.0.2",
                              "D_B_PORT_53_UDP_PORT=53",
                              "D_B_PORT_53_UDP_PROTO=udp",
                              "D_B_PORT_80_TCP_START=tcp://10.0.0.2:80",
                              "D_B_PORT_80_TCP_PORT_START=80",
                              "D_B_PORT_80_TCP_END=tcp://10.0.0.2:81",
                              "D_B_PORT_80_TCP_PORT_END=81",
                              "D_B_NAME=/web/d-b",
                              "D_B_ENV_FOO=a=b"};
    EXPECT_EQ(link_environment(source(), "10.0.0.2", "web", "d-b"), expected);
}

TEST(Links, change_their_own_line_of_the_hosts_file_alone) {
    EXPECT_EQ(with_link_address("127.0.0.1\tlocalhost\n1.1.1.1\tdb dbhost\n# 1\tdb\n1.1.1.1\tdb2 db\nno end",
                                "db", "2.2.2.2"),
              "127.0.0.1\tlocalhost\n2.2.2.2\tdb dbhost\n# 1\tdb\n1.1.1.1\tdb2 db\nno end");
}

TEST(Links, name_containers_that_are_there_and_follow_a_rename) {
    TemporaryDirectory directory;
    auto database = *store::Database::open(directory.path() + "/tare.db");
    auto containers = *Containers::open(*database);
    auto other = *containers->create(source(), *containers->reserve_name("default", "db"));
    EXPECT_EQ(message_of(resolve_links(*containers, "default", {"nobody:a"})),
              "could not get container for nobody: No such container: nobody");
    Container web = test_container();
    web.host_config.links = *resolve_links(*containers, "default", {"db", "/db:/x/data", "db:data"});
    EXPECT_EQ(web.host_config.links, (Strings{other->id + ":db", other->id + ":data"}));
    EXPECT_TRUE(containers->rename(other->key(), "store"));
    EXPECT_EQ(shown_links(*containers, web), (Strings{"/store:/web/db", "/store:/web/data"}));
    EXPECT_TRUE(containers->remove(other->key()));
    EXPECT_EQ(shown_links(*containers, web), Strings());
}

}  // namespace
}  // namespace tare::container
