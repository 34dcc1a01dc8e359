#include "cli/common/flags.h"

#include <gtest/gtest.h>

namespace tare::cli {
namespace {

using Words = std::vector<std::string>;

struct Sample {
    bool interactive = false;
    bool tty = false;
    bool sig_proxy = true;
    std::string name;
    std::int64_t last = -1;
    std::int64_t memory = 0;
    std::vector<std::string> env;
    FlagSet flags;

    Sample() {
        flags.boolean(interactive, "interactive", 'i', "Keep STDIN open");
        flags.boolean(tty, "tty", 't', "Allocate a terminal");
        flags.boolean(sig_proxy, "sig-proxy", 0, "Proxy signals");
        flags.text(name, "name", 0, "Name of the container");
        flags.integer(last, "last", 'n', "Show the last n");
        flags.size(memory, "memory", 'm', "Memory limit");
        flags.list(env, "env", 'e', "Set environment variables");
    }

    Words parse(Words words, FlagSet::Interspersed interspersed = FlagSet::Interspersed::yes) {
        auto arguments = flags.parse(words, interspersed);
        EXPECT_TRUE(arguments.has_value()) << (arguments ? "" : arguments.error().message());
        return arguments ? *arguments : Words{};
    }
    std::string failure(Words words) {
        auto arguments = flags.parse(words);
        return arguments ? "no failure" : arguments.error().message();
    }
};

TEST(Flags, long_flags_take_their_value_behind_a_blank_or_an_equals_sign) {
    Sample sample;
    EXPECT_EQ(sample.parse({"--name", "a", "--last=5", "x"}), Words{"x"});
    EXPECT_EQ(sample.name, "a");
    EXPECT_EQ(sample.last, 5);
}

TEST(Flags, an_equals_sign_may_be_part_of_the_value) {
    Sample sample;
    sample.parse({"--env=A=b=c", "-e", "X=1", "-eY=2"});
    EXPECT_EQ(sample.env, (Words{"A=b=c", "X=1", "Y=2"}));
}

TEST(Flags, shorthands_bundle_and_the_last_may_take_a_value) {
    Sample sample;
    EXPECT_EQ(sample.parse({"-itn5", "x"}), Words{"x"});
    EXPECT_TRUE(sample.interactive && sample.tty);
    EXPECT_EQ(sample.last, 5);
    sample.parse({"-tn", "7"});
    EXPECT_EQ(sample.last, 7);
    sample.parse({"-n=8"});
    EXPECT_EQ(sample.last, 8);
}

TEST(Flags, booleans_take_a_value_only_behind_an_equals_sign) {
    Sample sample;
    EXPECT_EQ(sample.parse({"--sig-proxy=false", "--tty", "false"}), Words{"false"});
    EXPECT_FALSE(sample.sig_proxy);
    EXPECT_TRUE(sample.tty);
    sample.parse({"-t=false"});
    EXPECT_FALSE(sample.tty);
}

TEST(Flags, flags_may_stand_behind_arguments_unless_these_are_a_command) {
    Sample sample;
    EXPECT_EQ(sample.parse({"a", "-t", "b"}), (Words{"a", "b"}));
    Sample other;
    EXPECT_EQ(other.parse({"-i", "a", "-t", "b"}, FlagSet::Interspersed::no), (Words{"a", "-t", "b"}));
    EXPECT_FALSE(other.tty);
}

TEST(Flags, two_dashes_end_the_flags) {
    Sample sample;
    EXPECT_EQ(sample.parse({"-i", "--", "-t", "--", "x"}), (Words{"-t", "--", "x"}));
    EXPECT_FALSE(sample.tty);
}

TEST(Flags, a_single_dash_is_an_argument) {
    Sample sample;
    EXPECT_EQ(sample.parse({"-", "-i"}), Words{"-"});
}

TEST(Flags, a_value_may_look_like_a_flag) {
    Sample sample;
    sample.parse({"--name", "--tty", "-n", "-1"});
    EXPECT_EQ(sample.name, "--tty");
    EXPECT_EQ(sample.last, -1);
}

TEST(Flags, mistakes_read_as_users_know_them) {
    Sample sample;
    EXPECT_EQ(sample.failure({"--foo"}), "unknown flag: --foo");
    EXPECT_EQ(sample.failure({"-iz"}), "unknown shorthand flag: 'z' in -z");
    EXPECT_EQ(sample.failure({"--name"}), "flag needs an argument: --name");
    EXPECT_EQ(sample.failure({"-in"}), "flag needs an argument: 'n' in -n");
    EXPECT_EQ(sample.failure({"--=x"}), "bad flag syntax: --=x");
    EXPECT_EQ(sample.failure({"---x"}), "bad flag syntax: ---x");
    EXPECT_EQ(sample.failure({"--memory=x"}),
              "invalid argument \"x\" for \"-m, --memory\" flag: invalid size: 'x'");
    EXPECT_EQ(sample.failure({"--sig-proxy=maybe"}),
              "invalid argument \"maybe\" for \"--sig-proxy\" flag: strconv.ParseBool: parsing \"maybe\": "
              "invalid syntax");
    EXPECT_EQ(
        sample.failure({"-n", "x"}),
        "invalid argument \"x\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"x\": invalid syntax");
    EXPECT_EQ(sample.failure({"-n", "99999999999999999999"}),
              "invalid argument \"99999999999999999999\" for \"-n, --last\" flag: strconv.ParseInt: parsing "
              "\"99999999999999999999\": value out of range");
}

TEST(Flags, a_flag_that_was_given_is_known_even_with_its_default) {
    Sample sample;
    sample.parse({"--sig-proxy"});
    EXPECT_TRUE(sample.flags.is_set("sig-proxy"));
    EXPECT_FALSE(sample.flags.is_set("tty"));
}

TEST(Flags, usage_is_sorted_aligned_and_wrapped) {
    bool all = false;
    std::string format = "table";
    FlagSet flags;
    flags.text(format, "format", 0, "A rather long explanation that has to be wrapped somewhere");
    flags.boolean(all, "all", 'a', "Show all");
    EXPECT_EQ(flags.usage(60),
              "  -a, --all             Show all\n"
              "      --format string   A rather long explanation that has\n"
              "                        to be wrapped somewhere (default\n"
              "                        \"table\")\n");
}

TEST(Flags, hidden_flags_do_not_show) {
    bool old = false;
    FlagSet flags;
    flags.boolean(old, "old", 0, "x").is_hidden = true;
    EXPECT_EQ(flags.usage(80), "");
}

}  // namespace
}  // namespace tare::cli
