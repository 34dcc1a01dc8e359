#pragma once

// For tests: the whole image side of a daemon in a directory of its own, images made by hand, and a
// registry that serves them.

#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/sha256.h"
#include "image/content/store.h"
#include "image/layer/compress.h"
#include "image/layer/tar_writer.h"
#include "image/layer/worker_fixture.h"
#include "image/registry/fake_registry_test.h"
#include "image/registry/registry.h"
#include "image/snapshot/native.h"
#include "image/snapshot/overlay.h"
#include "image/transfer/images.h"
#include "posix/file.h"
#include "posix/path.h"
#include "store/database.h"

namespace tare::transfer {

/// A file, or a directory if the path ends with a slash.
using Files = std::vector<std::pair<std::string, std::string>>;

inline std::string tar_of(const Files& files) {
    layer::StringSink sink;
    layer::TarWriter writer(sink);
    for (auto& [path, content] : files)
        EXPECT_TRUE(writer.add_file(path, content).has_value());
    EXPECT_TRUE(writer.finish().has_value());
    return sink.text();
}

inline std::string compressed(std::string_view bytes, layer::Codec codec = layer::Codec::gzip) {
    layer::StringSink sink;
    layer::Compressor compressor(sink, codec);
    EXPECT_TRUE(compressor.write(bytes).has_value());
    EXPECT_TRUE(compressor.finish().has_value());
    return sink.text();
}

/// Documents and blobs by digest, and what hangs together in them.
struct MadeImage {
    struct Layer {
        std::string blob;
        Digest diff_id;
        std::string media_type = std::string(oci::media_type::oci_layer_gzip);
    };
    std::vector<Layer> layers;
    std::string config_fragment = R"("Cmd":["/bin/true"])";
    oci::Platform platform = oci::host_platform();
    bool is_docker = false;  ///< of Docker's schema 2

    void add(const Files& files, layer::Codec codec = layer::Codec::gzip) {
        std::string tar = tar_of(files);
        layers.push_back({.blob = compressed(tar, codec), .diff_id = sha256(tar)});
    }
    std::string config() const {
        std::string diff_ids;
        for (auto& layer : layers)
            diff_ids += cat(diff_ids.empty() ? "" : ",", "\"", layer.diff_id.text(), "\"");
        return cat(R"({"architecture":")", platform.architecture, R"(","os":"linux","config":{)",
                   config_fragment, R"(},"rootfs":{"type":"layers","diff_ids":[)", diff_ids, "]}}");
    }
    std::string manifest() const {
        auto type = is_docker ? oci::media_type::docker_manifest : oci::media_type::oci_manifest;
        auto config_type = is_docker ? oci::media_type::docker_config : oci::media_type::oci_config;
        std::string text = cat(R"({"schemaVersion":2,"mediaType":")", type, R"(","config":{"mediaType":")",
                               config_type, R"(","digest":")", sha256(config()).text(), R"(","size":)",
                               config().size(), R"(},"layers":[)");
        for (std::size_t i = 0; i < layers.size(); ++i)
            text += cat(i == 0 ? "" : ",", R"({"mediaType":")", layers[i].media_type, R"(","digest":")",
                        sha256(layers[i].blob).text(), R"(","size":)", layers[i].blob.size(), "}");
        return text + "]}";
    }
    Digest id() const { return sha256(config()); }
};

inline std::string index_of(const std::vector<MadeImage>& images) {
    std::string entries;
    for (auto& image : images)
        entries +=
            cat(entries.empty() ? "" : ",", R"({"mediaType":")", oci::media_type::oci_manifest,
                R"(","digest":")", sha256(image.manifest()).text(), R"(","size":)", image.manifest().size(),
                R"(,"platform":{"os":"linux","architecture":")", image.platform.architecture, R"("}})");
    return cat(R"({"schemaVersion":2,"mediaType":")", oci::media_type::oci_index, R"(","manifests":[)",
               entries, "]}");
}

inline void put_contents(registry::FakeRegistry& registry, const MadeImage& image) {
    registry.put_blob(image.config());
    for (auto& layer : image.layers)
        registry.put_blob(layer.blob);
}
inline void put(registry::FakeRegistry& registry, std::string_view tag, const MadeImage& image) {
    put_contents(registry, image);
    registry.put_document(tag, image.manifest(),
                          image.is_docker ? oci::media_type::docker_manifest : oci::media_type::oci_manifest);
}
inline void put_index(registry::FakeRegistry& registry, std::string_view tag,
                      const std::vector<MadeImage>& images) {
    for (auto& image : images) {
        put_contents(registry, image);
        registry.put_document("", image.manifest(), oci::media_type::oci_manifest);
    }
    registry.put_document(tag, index_of(images), oci::media_type::oci_index);
}

/// Keeps what it was told.
class Lines : public ProgressSink {
  public:
    void progress(const Progress& line) override {
        std::lock_guard lock(mutex_);
        lines_.push_back(line);
    }
    /// The states that a layer (or "" for the whole) went through, a repeated one once.
    std::vector<std::string> of(std::string_view id) const {
        std::vector<std::string> out;
        std::lock_guard lock(mutex_);
        for (auto& line : lines_)
            if (line.id == id && (out.empty() || out.back() != line.status)) out.push_back(line.status);
        return out;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<Progress> lines_;
};

class TransferTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = "/var/tmp/tare-transfer-XXXXXX";  // overlay wants no overlay below it
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
        open();
    }
    void TearDown() override {
        shut();
        auto removed = posix::remove_tree(root_);
        EXPECT_TRUE(removed) << removed.error().message();
    }
    virtual Result<std::unique_ptr<snapshot::Snapshotter>> open_snapshotter() {
        return snapshot::open_overlay(root_ + "/snapshots", *database_);
    }
    /// Also what a restart of the daemon is.
    void open() {
        database_ = std::move(*store::Database::open(root_ + "/tare.db"));
        content_ = std::move(*content::Store::open(root_ + "/content", *database_));
        auto snapshotter = open_snapshotter();
        ASSERT_TRUE(snapshotter) << snapshotter.error().message();
        snapshotter_ = std::move(*snapshotter);
        registry::RegistryOptions options;
        options.hosts.directories = {};
        options.attempts = 3;
        options.first_backoff = std::chrono::milliseconds(5);
        registry_ = std::make_unique<registry::Registry>(options);
        images_ = std::make_unique<Images>(Parts{*database_, *content_, *snapshotter_, *registry_, worker_});
    }
    void shut() {
        images_.reset();
        registry_.reset();
        snapshotter_.reset();
        content_.reset();
        database_.reset();
    }
    Result<PulledImage> pull(const oci::Reference& reference, const std::stop_token& cancel = {}) {
        return images_->pull({.reference = reference, .progress = &lines_, .cancel = cancel});
    }
    /// The content of a file in the unpacked image; "(not found)" and the like.
    std::string file(const ResolvedImage& image, const std::string& path) {
        auto viewed = snapshotter_->view("look", image.chain_id.text());
        EXPECT_TRUE(viewed) << viewed.error().message();
        if (!viewed) return "";
        std::string text = read_in("look", path);
        EXPECT_TRUE(snapshotter_->remove("look").has_value());
        return text;
    }
    /// What the image store holds: nothing is visible of a pull that failed.
    std::size_t count(snapshot::Kind kind) {
        std::size_t found = 0;
        (void)snapshotter_->walk([&](const snapshot::Info& info) -> Result<> {
            found += info.kind == kind ? 1 : 0;
            return {};
        });
        return found;
    }
    std::size_t directories() { return posix::list_directory(root_ + "/snapshots")->size(); }
    bool has_blob(const Digest& digest) { return content_->info("default", digest).has_value(); }

    std::string root_;
    layer::WorkerProgram worker_ = layer::test_worker();
    std::unique_ptr<store::Database> database_;
    std::unique_ptr<content::Store> content_;
    std::unique_ptr<snapshot::Snapshotter> snapshotter_;
    std::unique_ptr<registry::Registry> registry_;
    std::unique_ptr<Images> images_;
    Lines lines_;

  private:
    std::string read_in(const std::string& key, const std::string& path) {
        auto mount = snapshotter_->make_detached_mount(key);
        EXPECT_TRUE(mount) << mount.error().message();
        if (!mount) return "";
        auto file = posix::open_in_root(mount->get(), path, O_RDONLY | O_NONBLOCK);
        if (!file) return cat("(", to_string(file.error().kind()), ")");
        return posix::read_to_end(file->get(), 1 << 20).value_or("(unreadable)");
    }
};

}  // namespace tare::transfer
