// Pulls and loads whose worker comes to grief: what is told, what is left, and who else is held up.

#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>

#include "image/transfer/transfer_fixture_test.h"

namespace tare::transfer {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

MadeImage image_with(std::string_view name) {
    MadeImage made;
    made.add({{"etc/", ""}, {"etc/name", std::string(name)}});
    return made;
}

class WorkerPull : public TransferTest {
  protected:
    void SetUp() override {
        TransferTest::SetUp();
        put(registry_of_test_, "one", image_with("one"));
        put(registry_of_test_, "two", image_with("two"));
    }
    void use(const layer::WorkerProgram& program) {
        worker_ = program;
        shut();
        open();
    }
    Error failure() {
        auto pulled = pull(registry_of_test_.reference("one"));
        EXPECT_FALSE(pulled.has_value());
        return pulled ? fail(ErrorKind::unknown, "") : pulled.error();
    }
    void expect_nothing_left() {
        EXPECT_TRUE(images_->names().list("default")->empty());
        EXPECT_EQ(count(snapshot::Kind::active), 0U);
        EXPECT_EQ(count(snapshot::Kind::committed), 0U);
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process was left";
    }
    void expect_success(std::string_view tag) {
        auto pulled = pull(registry_of_test_.reference(tag));
        ASSERT_TRUE(pulled.has_value()) << pulled.error().message();
        auto image = images_->resolve("default", registry_of_test_.reference(tag).familiar());
        ASSERT_TRUE(image.has_value());
        EXPECT_EQ(file(*image, "/etc/name"), tag);
    }

    registry::FakeRegistry registry_of_test_;
};

TEST_F(WorkerPull, im17_a_worker_that_crashes_fails_one_pull_and_names_the_layer) {
    auto digest = sha256(image_with("one").layers[0].blob).text();
    for (const char* fault : {"abort", "kill", "crash"}) {
        use(layer::test_worker(fault));
        auto error = failure();
        EXPECT_TRUE(error.is(ErrorKind::internal)) << error.message();
        EXPECT_THAT(error.message(), HasSubstr(cat("layer ", digest)));
        EXPECT_THAT(error.message(), HasSubstr("the process that unpacks"));
        expect_nothing_left();
    }
    use(layer::test_worker());
    expect_success("one");
}

TEST_F(WorkerPull, im14_a_worker_that_is_stuck_fails_one_pull_while_another_finishes) {
    use(layer::test_worker("loop", 1500ms));
    Images others({*database_, *content_, *snapshotter_, *registry_, layer::test_worker()});
    std::optional<Error> error;
    std::jthread stuck([&] { error = failure(); });
    std::this_thread::sleep_for(200ms);
    auto began = std::chrono::steady_clock::now();
    auto pulled = others.pull({.reference = registry_of_test_.reference("two")});
    EXPECT_TRUE(pulled.has_value()) << pulled.error().message();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    stuck.join();
    ASSERT_TRUE(error);
    EXPECT_TRUE(error->is(ErrorKind::deadline_exceeded)) << error->message();
    EXPECT_THAT(error->message(), HasSubstr(sha256(image_with("one").layers[0].blob).text()));
    EXPECT_EQ(count(snapshot::Kind::active), 0U);
}

TEST_F(WorkerPull, im14_a_layer_that_is_stuck_in_one_image_is_not_waited_for_by_another_that_has_its_blob) {
    // The same blob on another layer is another layer.
    auto made = image_with("two");
    made.layers.push_back(image_with("one").layers[0]);
    put(registry_of_test_, "both", made);
    expect_success("two");
    use(layer::test_worker("loop", 1500ms));
    std::jthread stuck([&] { (void)failure(); });
    std::this_thread::sleep_for(300ms);
    // It gets stuck as well, at once and not when the other is done with.
    auto began = std::chrono::steady_clock::now();
    auto pulled = pull(registry_of_test_.reference("both"));
    EXPECT_FALSE(pulled.has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2200ms);
}

TEST_F(WorkerPull, im14_a_cancel_frees_everything_within_a_second) {
    use(layer::test_worker("loop"));
    std::stop_source stop;
    std::optional<Result<PulledImage>> pulled;
    std::jthread client([&] { pulled = pull(registry_of_test_.reference("one"), stop.get_token()); });
    std::this_thread::sleep_for(300ms);
    auto began = std::chrono::steady_clock::now();
    stop.request_stop();
    client.join();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    ASSERT_FALSE(pulled->has_value());
    EXPECT_TRUE(pulled->error().is(ErrorKind::cancelled)) << pulled->error().message();
    expect_nothing_left();
}

TEST_F(WorkerPull, im17_archives_and_the_layers_in_them_go_through_the_same_door) {
    use(layer::test_worker("abort"));
    std::string archive = compressed(tar_of({{"manifest.json", "[]"}}));
    layer::StringSource source(archive);
    auto loaded = images_->load_archive(source, {});
    ASSERT_FALSE(loaded.has_value());
    EXPECT_THAT(loaded.error().message(), HasSubstr("the process that unpacks"));
    expect_nothing_left();
}

}  // namespace
}  // namespace tare::transfer
