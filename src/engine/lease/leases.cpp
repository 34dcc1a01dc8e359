#include "engine/lease/leases.h"

#include "posix/random.h"

namespace tare::lease {

namespace {

constexpr std::size_t kIdLimitBytes = 256;
constexpr std::string_view kSnapshotTypes = "snapshots/";

Error not_found(std::string_view id) {
    return fail(ErrorKind::not_found, "lease ", quote(id), ": not found");
}

Result<std::optional<Time>> expiry_of(const store::Labels& labels) {
    auto label = labels.find(std::string(kExpireLabel));
    if (label == labels.end()) return std::optional<Time>();
    auto time = parse_rfc3339(label->second);
    if (!time)
        return fail(ErrorKind::invalid_argument, "label ", kExpireLabel, ": ", quote(label->second),
                    " is no RFC 3339 time");
    return time;
}

Result<Lease> read_lease(const store::Statement& row) {
    Lease lease;
    lease.id = row.text(0);
    lease.labels = TRY(store::labels_of_text(row.text(1)));
    lease.created = row.time(3);
    if (!row.is_null(2)) lease.expires = row.time(2);
    return lease;
}

Result<Lease> find(store::Transaction& t, std::string_view name_space, std::string_view id) {
    auto rows =
        TRY(t.query("SELECT id, labels, expires_at, created_at FROM leases WHERE namespace = ? AND id = ?",
                    {name_space, id}));
    if (!TRY(rows.next())) return not_found(id);
    return read_lease(rows);
}

std::optional<store::ResourceKind> kind_of(std::string_view column) {
    for (auto kind : {store::ResourceKind::content, store::ResourceKind::snapshot,
                      store::ResourceKind::ingest, store::ResourceKind::image}) {
        if (store::to_string(kind) == column) return kind;
    }
    return std::nullopt;
}

}  // namespace

Result<Resource> parse_resource(std::string_view type, std::string_view id) {
    if (id.empty())
        return fail(ErrorKind::invalid_argument, "lease resource ", quote(type), ": without an id");
    if (type == "content") {
        Digest digest = TRY(Digest::parse(id));
        return Resource{store::ResourceKind::content, digest.text()};
    }
    if (type == "ingests") return Resource{store::ResourceKind::ingest, std::string(id)};
    if (type == "images") return Resource{store::ResourceKind::image, std::string(id)};
    if (type.starts_with(kSnapshotTypes)) {
        auto snapshotter = type.substr(kSnapshotTypes.size());
        if (!snapshotter.empty() && snapshotter.find('/') == std::string_view::npos)
            return Resource{store::ResourceKind::snapshot, cat(snapshotter, "/", id)};
    }
    return fail(ErrorKind::invalid_argument, "lease resource: type ", quote(type),
                " is none of content, ingests, images and snapshots/SNAPSHOTTER");
}

std::pair<std::string, std::string> describe(const Resource& resource) {
    switch (resource.kind) {
        case store::ResourceKind::content:
            return {"content", resource.id};
        case store::ResourceKind::ingest:
            return {"ingests", resource.id};
        case store::ResourceKind::image:
            return {"images", resource.id};
        case store::ResourceKind::snapshot:
            break;
    }
    auto parts = cut(resource.id, '/');
    return {cat(kSnapshotTypes, parts.before), std::string(parts.after.value_or(""))};
}

Result<Lease> Leases::create(std::string_view name_space, std::string_view id, const store::Labels& labels) {
    TRY(store::check_namespace(name_space));
    TRY(store::check_labels(labels));
    if (id.size() > kIdLimitBytes)
        return fail(ErrorKind::invalid_argument, "lease ", quote(id.substr(0, 64)),
                    ": its id is longer than ", kIdLimitBytes, " bytes");
    // One at a time: g++ 12 leaks the members made so far where a braced list is left early.
    Lease lease;
    lease.expires = TRY(expiry_of(labels));
    lease.id = id.empty() ? TRY(posix::random_hex(16)) : std::string(id);
    lease.labels = labels;
    lease.created = now();
    auto added = database_.write([&](store::Transaction& t) -> Result<> {
        TRY(t.execute(
            "INSERT INTO leases (namespace, id, labels, expires_at, created_at) VALUES (?, ?, ?, ?, ?)",
            {name_space, lease.id, store::to_text(labels), lease.expires, lease.created}));
        return {};
    });
    if (added) return lease;
    if (added.error().is(ErrorKind::already_exists))
        return fail(ErrorKind::already_exists, "lease ", quote(lease.id), ": it exists already");
    return added.error();
}

Result<Lease> Leases::get(std::string_view name_space, std::string_view id) {
    return database_.read([&](store::Transaction& t) { return find(t, name_space, id); });
}

Result<std::vector<Lease>> Leases::list(std::string_view name_space) {
    return database_.read([&](store::Transaction& t) -> Result<std::vector<Lease>> {
        std::vector<Lease> leases;
        auto rows = TRY(
            t.query("SELECT id, labels, expires_at, created_at FROM leases WHERE namespace = ? ORDER BY id",
                    {name_space}));
        while (TRY(rows.next()))
            leases.push_back(TRY(read_lease(rows)));
        return leases;
    });
}

Result<> Leases::remove(std::string_view name_space, std::string_view id) {
    return database_.write([&](store::Transaction& t) -> Result<> {
        auto removed = TRY(t.execute("DELETE FROM leases WHERE namespace = ? AND id = ?", {name_space, id}));
        if (removed == 0) return not_found(id);
        return {};
    });
}

Result<> Leases::add_resource(std::string_view name_space, std::string_view id, const Resource& resource) {
    return database_.write([&](store::Transaction& t) -> Result<> {
        TRY(find(t, name_space, id));
        return store::hold(t, name_space, id, resource.kind, resource.id);
    });
}

Result<> Leases::delete_resource(std::string_view name_space, std::string_view id, const Resource& resource) {
    return database_.write([&](store::Transaction& t) -> Result<> {
        TRY(find(t, name_space, id));
        TRY(t.execute("DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND kind = ? AND id = ?",
                      {name_space, id, store::to_string(resource.kind), resource.id}));
        return {};
    });
}

Result<std::vector<Resource>> Leases::list_resources(std::string_view name_space, std::string_view id) {
    return database_.read([&](store::Transaction& t) -> Result<std::vector<Resource>> {
        TRY(find(t, name_space, id));
        std::vector<Resource> resources;
        auto rows = TRY(t.query(
            "SELECT kind, id FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY kind, id",
            {name_space, id}));
        while (TRY(rows.next())) {
            if (auto kind = kind_of(rows.text(0))) resources.push_back({*kind, rows.text(1)});
        }
        return resources;
    });
}

}  // namespace tare::lease
