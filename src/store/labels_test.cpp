#include "store/labels.h"

#include <gtest/gtest.h>

namespace tare::store {
namespace {

TEST(StoreLabels, survive_as_text) {
    Labels labels{{"a", "1"}, {"quote", "\"\n\\"}, {"empty", ""}};
    EXPECT_EQ(*labels_of_text(to_text(labels)), labels);
    EXPECT_EQ(to_text({}), "{}");
    EXPECT_TRUE(labels_of_text("[1]").error().is(ErrorKind::data_loss));
    EXPECT_TRUE(labels_of_text("{\"a\":1}").error().is(ErrorKind::data_loss));
}

TEST(StoreLabels, are_bounded_as_in_containerd) {
    EXPECT_TRUE(check_labels({{"k", std::string(4095, 'v')}}));
    EXPECT_TRUE(check_labels({{"k", std::string(4096, 'v')}}).error().is(ErrorKind::invalid_argument));
    EXPECT_FALSE(check_labels({{"", "v"}}));
}

TEST(StoreLabels, changes_set_and_remove) {
    Labels labels{{"a", "1"}, {"b", "2"}};
    apply({{"a", "3"}, {"b", std::nullopt}, {"c", "4"}}, labels);
    EXPECT_EQ(labels, (Labels{{"a", "3"}, {"c", "4"}}));
}

TEST(StoreNamespace, is_words_with_single_separators) {
    for (const char* name : {"default", "k8s.io", "a-b_c.d", "A1"})
        EXPECT_TRUE(check_namespace(name)) << name;
    for (const char* name : {"", ".", "..", "a..b", "-a", "a-", "a/b", "a b", "ä"})
        EXPECT_FALSE(check_namespace(name)) << name;
    EXPECT_FALSE(check_namespace(std::string(77, 'a')));
}

}  // namespace
}  // namespace tare::store
