// Images by name, id and prefix of an id; and all of them.

#include <algorithm>

#include "image/transfer/work.h"

namespace tare::transfer {

namespace {

constexpr std::size_t kFactsLimit = 1024;

Error no_such_image(std::string_view name) {
    auto reference = oci::Reference::parse(name);
    return fail(ErrorKind::not_found,
                "No such image: ", reference ? reference->familiar() : std::string(name));
}

bool is_hex(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

oci::Platform platform_of(const Image& row) {
    auto label = row.labels.find(std::string(kPlatformLabel));
    if (label == row.labels.end()) return oci::host_platform();
    return oci::parse_platform(label->second).value_or(oci::host_platform());
}

/// Reads an image from content, without writing anything.
class FactsReader {
  public:
    FactsReader(Images::State& state, std::string_view ns) : state_(state), ns_(ns) {}

    Result<std::shared_ptr<const ImageFacts>> read(const Image& row) {
        auto platform = platform_of(row);
        std::string key = cat(ns_, " ", platform.text(), " ", row.target.digest.text());
        {
            std::lock_guard lock(state_.mutex);
            if (auto found = state_.facts.find(key); found != state_.facts.end()) return found->second;
        }
        auto facts = std::make_shared<const ImageFacts>(TRY(build(row.target, platform)));
        // Sizes come with the snapshots: until then it is read again.
        if (!facts->is_unpacked) return facts;
        std::lock_guard lock(state_.mutex);
        if (state_.facts.size() >= kFactsLimit) state_.facts.clear();
        state_.facts[key] = facts;
        return facts;
    }

  private:
    Result<std::string> content(const oci::Descriptor& descriptor) {
        return state_.parts.content.read(ns_, descriptor.digest, oci::kImageConfigLimitBytes);
    }

    /// The manifest for the platform; where that is not in content, one that is.
    Result<oci::Descriptor> choose(const oci::Descriptor& target, const oci::Platform& platform) {
        if (!oci::is_index(target.media_type)) return target;
        auto index = TRY(oci::parse_index(TRY(content(target)), target.media_type));
        auto best = oci::choose(index, platform);
        if (best && state_.parts.content.info(ns_, best->digest)) return choose(*best, platform);
        for (auto& entry : index.manifests)
            if (state_.parts.content.info(ns_, entry.digest)) return choose(entry, platform);
        return best ? fail(ErrorKind::not_found, "content ", best->digest.text(), ": not found")
                    : best.error();
    }

    Result<ImageFacts> build(const oci::Descriptor& target, const oci::Platform& platform) {
        ImageFacts facts;
        facts.manifest_descriptor = TRY(choose(target, platform));
        auto& descriptor = facts.manifest_descriptor;
        facts.manifest = TRY(oci::parse_manifest(TRY(content(descriptor)), descriptor.media_type));
        facts.config = TRY(oci::parse_image_config(TRY(content(facts.manifest.config))));
        facts.chain = oci::chain_ids(facts.config.diff_ids);
        for (auto& chain_id : facts.chain) {
            auto usage = state_.parts.snapshotter.usage(chain_id.text());
            facts.is_unpacked = facts.is_unpacked && usage;
            facts.size_bytes += usage ? usage->size_bytes : 0;
        }
        return facts;
    }

    Images::State& state_;
    std::string ns_;
};

ResolvedImage resolved_of(const Image& row, const ImageFacts& facts) {
    return {.name = row.name,
            .target = row.target,
            .manifest_descriptor = facts.manifest_descriptor,
            .manifest = facts.manifest,
            .config = facts.config,
            .chain_id = facts.chain.empty() ? Digest() : facts.chain.back(),
            .size_bytes = facts.size_bytes,
            .created = row.created,
            .updated = row.updated};
}

/// Adds a row's name to the image that it stands for.
void add_name(ResolvedImage& image, const Image& row) {
    image.names.push_back(row.name);
    auto reference = oci::Reference::parse(row.name);
    if (!reference || is_dangling_name(row.name)) return;
    auto digest = cat(reference->repository(), "@", row.target.digest.text());
    if (std::ranges::find(image.repository_digests, digest) == image.repository_digests.end())
        image.repository_digests.push_back(std::move(digest));
}

/// The row that a name means; nothing if it is no name or not there.
Result<std::optional<Image>> find_name(const ImageStore& names, std::string_view ns, std::string_view name) {
    if (is_dangling_name(name)) {
        auto row = names.get(ns, name);
        if (row) return std::optional(std::move(*row));
    }
    auto reference = oci::Reference::parse(name);
    if (!reference) return std::optional<Image>();
    auto row = names.get(ns, reference->text());
    if (row) return std::optional(std::move(*row));
    if (!row.error().is(ErrorKind::not_found)) return row.error();
    if (reference->digest().empty()) return std::optional<Image>();
    // "redis@sha256:…" is also what a tag of that repository with this target is called.
    for (auto& candidate : TRY(names.list_by_target(ns, reference->digest()))) {
        auto known = oci::Reference::parse(candidate.name);
        if (known && known->repository() == reference->repository()) return std::optional(candidate);
    }
    return std::optional<Image>();
}

/// The part of an id that the text gives; empty if it can be none.
std::string_view id_prefix(std::string_view text) {
    if (text.starts_with("sha256:")) text.remove_prefix(7);
    return is_hex(text) && text.size() <= 64 ? text : std::string_view();
}

}  // namespace

Result<std::vector<ResolvedImage>> Images::list(std::string_view ns) {
    FactsReader reader(*state_, ns);
    std::vector<ResolvedImage> images;
    std::map<Digest, std::size_t> by_id;
    for (auto& row : TRY(names_.list(ns))) {
        auto facts = reader.read(row);
        // Incomplete (a foreign client's, or of another platform): not an image that this face can run.
        if (!facts) continue;
        auto [place, is_new] = by_id.try_emplace((*facts)->manifest.config.digest, images.size());
        if (is_new) images.push_back(resolved_of(row, **facts));
        add_name(images[place->second], row);
    }
    return images;
}

Result<ResolvedImage> Images::resolve(std::string_view ns, std::string_view name_or_id) {
    if (auto row = TRY(find_name(names_, ns, name_or_id))) {
        FactsReader reader(*state_, ns);
        auto facts = TRY(reader.read(*row));
        ResolvedImage image = resolved_of(*row, *facts);
        for (auto& other : TRY(names_.list(ns))) {
            auto same = reader.read(other);
            if (same && (*same)->manifest.config.digest == image.id()) add_name(image, other);
        }
        return image;
    }
    auto prefix = id_prefix(name_or_id);
    if (prefix.empty()) return no_such_image(name_or_id);
    std::optional<ResolvedImage> found;
    for (auto& image : TRY(list(ns))) {
        bool is_match = image.id().hex().starts_with(prefix) || image.target.digest.hex() == prefix;
        if (!is_match) continue;
        if (found)
            return fail(ErrorKind::invalid_argument, "multiple IDs found with provided prefix: ", prefix)
                .set_hint("give more digits");
        found = std::move(image);
        found->name.clear();
    }
    if (!found) return no_such_image(name_or_id);
    return std::move(*found);
}

Result<std::vector<HistoryRow>> Images::history(std::string_view ns, const ResolvedImage& image) {
    static_cast<void>(ns);
    std::vector<HistoryRow> rows;
    auto chain = oci::chain_ids(image.config.diff_ids);
    std::size_t layer = 0;
    for (auto& entry : image.config.history) {
        HistoryRow row{.entry = entry};
        if (!entry.empty_layer && layer < chain.size()) {
            auto usage = state_->parts.snapshotter.usage(chain[layer++].text());
            if (usage) row.size_bytes = usage->size_bytes;
        }
        rows.push_back(std::move(row));
    }
    // An image whose maker wrote no history still has its layers.
    for (; layer < chain.size(); ++layer) {
        auto usage = state_->parts.snapshotter.usage(chain[layer].text());
        rows.push_back(
            {.entry = {.created = image.config.created}, .size_bytes = usage ? usage->size_bytes : 0});
    }
    std::ranges::reverse(rows);
    return rows;
}

}  // namespace tare::transfer
