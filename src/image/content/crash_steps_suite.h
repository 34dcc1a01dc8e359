#pragma once

// What the crash tests of this folder share: an ingest, and what has to hold after its end.

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "image/content/store.h"
#include "posix/file.h"

namespace tare::content {

struct Opened {
    std::unique_ptr<store::Database> database;
    std::unique_ptr<Store> store;
};

inline Result<Opened> try_open(const std::string& at) {
    Opened opened;
    opened.database = TRY(store::Database::open(at + "/tare.db"));
    opened.store = TRY(Store::open(at + "/content", *opened.database));
    return opened;
}

inline Opened open(const std::string& at) {
    auto opened = try_open(at);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
}

inline const std::string kBytes(100'000, 'x');
inline const IngestOptions kOptions{
    .expected_digest = sha256(kBytes), .expected_size = kBytes.size(), .labels = {{"k", "v"}}};

inline Result<> ingest(Store& store) {
    auto ingest = TRY(store.begin("default", "ref", kOptions));
    if (!ingest) return {};
    for (std::size_t at = ingest->offset(); at < kBytes.size(); at += 40'000)
        TRY(ingest->write(std::string_view(kBytes).substr(at, 40'000)));
    TRY(ingest->commit());
    return {};
}

/// After opening, each file has its row and each row its whole file.
inline void expect_whole(const std::string& at, Store& store) {
    std::size_t blobs = 0;
    EXPECT_TRUE(store.walk("default", [&](const Info& info) -> Result<> {
        ++blobs;
        EXPECT_TRUE(store.read("default", info.digest, 1 << 20)) << info.digest.text();
        EXPECT_EQ(info.labels.at("k"), "v");
        return {};
    }));
    EXPECT_EQ(posix::list_directory(at + "/content/blobs/sha256")->size(), blobs);
    EXPECT_EQ(posix::list_directory(at + "/content/ingest")->size(), store.list_ingests("default")->size());
}

}  // namespace tare::content
