#include "engine/gc/mark.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tare::gc {
namespace {

using ::testing::UnorderedElementsAre;

using Names = std::map<std::string, std::vector<std::string>>;

/// Marks over content named by single words.
std::set<std::string> reached(const std::vector<std::string>& roots, const Names& references) {
    std::vector<Node> nodes;
    for (const auto& root : roots)
        nodes.push_back({Kind::content, "ns", root});
    auto marked = mark(nodes, [&](const Node& node, const std::function<void(Node)>& sink) {
        auto found = references.find(node.id);
        if (found == references.end()) return;
        for (const auto& target : found->second)
            sink({Kind::content, "ns", target});
    });
    std::set<std::string> names;
    for (const auto& node : marked)
        names.insert(node.id);
    return names;
}

TEST(Mark, follows_references_from_the_roots_and_nothing_else) {
    EXPECT_THAT(reached({"a", "x"}, {{"a", {"b", "c"}}, {"b", {"d"}}, {"e", {"a"}}}),
                UnorderedElementsAre("a", "b", "c", "d", "x"));
    EXPECT_TRUE(reached({}, {{"a", {"b"}}}).empty());
}

TEST(Mark, circles_end) {
    EXPECT_THAT(reached({"a"}, {{"a", {"b"}}, {"b", {"a", "b"}}}), UnorderedElementsAre("a", "b"));
}

TEST(Mark, a_chain_of_any_length_fits_the_stack) {
    Names chain;
    for (int n = 0; n < 50'000; ++n)
        chain[std::to_string(n)] = {std::to_string(n + 1)};
    EXPECT_EQ(reached({"0"}, chain).size(), 50'001U);
}

TEST(Mark, nodes_differ_by_kind_and_namespace) {
    auto marked = mark({{Kind::content, "a", "x"}, {Kind::content, "b", "x"}, {Kind::image, "a", "x"}},
                       [](const Node&, const auto&) {});
    EXPECT_EQ(marked.size(), 3U);
}

}  // namespace
}  // namespace tare::gc
