#include "image/transfer/image_store.h"

#include "base/json.h"
#include "store/database.h"

namespace tare::transfer {

namespace {

constexpr std::string_view kColumns =
    "SELECT name, digest, media_type, size, annotations, labels, created_at, updated_at FROM images ";

std::string annotations_text(const oci::Descriptor& target) {
    Json out = Json::object();
    for (auto& [key, value] : target.annotations)
        out.set(key, value);
    return dump(out);
}

Result<std::vector<std::pair<std::string, std::string>>> annotations_of_text(std::string_view text) {
    Json document = TRY(parse_json(text, {.what = "annotations of an image"}));
    std::vector<std::pair<std::string, std::string>> out;
    if (auto* members = document.as_object())
        for (auto& [key, value] : *members)
            if (auto* word = value.as_string()) out.emplace_back(key, *word);
    return out;
}

Result<Image> image_of(store::Statement& row) {
    Image image;
    image.name = row.text(0);
    image.target.digest = TRY(row.digest(1));
    image.target.media_type = row.text(2);
    image.target.size_bytes = row.size(3);
    image.target.annotations = TRY(annotations_of_text(row.text(4)));
    image.labels = TRY(store::labels_of_text(row.text(5)));
    image.created = row.time(6);
    image.updated = row.time(7);
    return image;
}

Result<std::vector<Image>> images_of(store::Statement rows) {
    std::vector<Image> images;
    while (TRY(rows.next()))
        images.push_back(TRY(image_of(rows)));
    return images;
}

Error no_such_image(std::string_view name) {
    return fail(ErrorKind::not_found, "image ", quote(name), ": not found");
}

Result<Image> select(store::Transaction& t, std::string_view ns, std::string_view name) {
    auto row = TRY(t.query(cat(kColumns, "WHERE namespace = ? AND name = ?"), {ns, name}));
    if (!TRY(row.next())) return no_such_image(name);
    return image_of(row);
}

Result<> check(std::string_view ns, const Image& image) {
    TRY(store::check_namespace(ns));
    if (image.name.empty()) return fail(ErrorKind::invalid_argument, "image without a name");
    if (image.target.digest.empty()) return fail(ErrorKind::invalid_argument, "image without a digest");
    return store::check_labels(image.labels);
}

}  // namespace

Result<Image> ImageStore::get(std::string_view ns, std::string_view name) const {
    return database_.read([&](store::Transaction& t) { return select(t, ns, name); });
}

Result<std::vector<Image>> ImageStore::list(std::string_view ns) const {
    return database_.read([&](store::Transaction& t) -> Result<std::vector<Image>> {
        return images_of(TRY(t.query(cat(kColumns, "WHERE namespace = ? ORDER BY name"), {ns})));
    });
}

Result<std::vector<Image>> ImageStore::list_by_target(std::string_view ns, const Digest& target) const {
    return database_.read([&](store::Transaction& t) -> Result<std::vector<Image>> {
        return images_of(
            TRY(t.query(cat(kColumns, "WHERE namespace = ? AND digest = ? ORDER BY name"), {ns, target})));
    });
}

// A name is written through to the disk, and with it everything that the pull wrote before: after a power
// loss the image is there as a whole or not at all.
Result<Image> ImageStore::create(std::string_view ns, const Image& image) {
    TRY(check(ns, image));
    Time time = now();
    return database_.write(
        [&](store::Transaction& t) -> Result<Image> {
            auto inserted = t.execute(
                "INSERT INTO images (namespace, name, digest, media_type, size, annotations, labels, "
                "created_at, "
                "updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
                {ns, image.name, image.target.digest, image.target.media_type, image.target.size_bytes,
                 annotations_text(image.target), store::to_text(image.labels), time});
            if (!inserted && inserted.error().is(ErrorKind::already_exists))
                return fail(ErrorKind::already_exists, "image ", quote(image.name), ": already exists");
            TRY(std::move(inserted));
            return select(t, ns, image.name);
        },
        store::Durability::power);
}

Result<Image> ImageStore::put(std::string_view ns, const Image& image) {
    TRY(check(ns, image));
    Time time = now();
    return database_.write(
        [&](store::Transaction& t) -> Result<Image> {
            TRY(t.execute(
                "INSERT INTO images (namespace, name, digest, media_type, size, annotations, labels, "
                "created_at, "
                "updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) "
                "ON CONFLICT (namespace, name) DO UPDATE SET digest = ?3, media_type = ?4, size = ?5, "
                "annotations = ?6, labels = ?7, updated_at = ?8",
                {ns, image.name, image.target.digest, image.target.media_type, image.target.size_bytes,
                 annotations_text(image.target), store::to_text(image.labels), time}));
            return select(t, ns, image.name);
        },
        store::Durability::power);
}

Result<> ImageStore::remove(std::string_view ns, std::string_view name) {
    return database_.write([&](store::Transaction& t) -> Result<> {
        auto removed = TRY(t.execute("DELETE FROM images WHERE namespace = ? AND name = ?", {ns, name}));
        if (removed == 0) return no_such_image(name);
        return {};
    });
}

}  // namespace tare::transfer
