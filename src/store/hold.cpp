#include "store/hold.h"

#include <utility>

#include "base/log.h"
#include "posix/random.h"
#include "store/labels.h"

namespace tare::store {

namespace {

constexpr const char* kExpireLabel = "containerd.io/gc.expire";
/// Tells holds from leases of users.
constexpr const char* kWorkLabel = "tare/work";

}  // namespace

std::string_view to_string(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::content:
            return "content";
        case ResourceKind::snapshot:
            return "snapshot";
        case ResourceKind::ingest:
            return "ingest";
        case ResourceKind::image:
            return "image";
    }
    return "";
}

Result<> hold(Transaction& transaction, std::string_view name_space, std::string_view lease,
              ResourceKind kind, std::string_view id) {
    if (lease.empty()) return {};
    auto added = transaction.execute(
        "INSERT INTO lease_resources (namespace, lease, kind, id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        {name_space, lease, to_string(kind), id});
    if (added) return {};
    if (added.error().is(ErrorKind::failed_precondition))
        return fail(ErrorKind::not_found, "lease ", quote(lease), ": not found");
    return added.error();
}

Result<Hold> Hold::begin(Database& database, std::string_view name_space, std::chrono::seconds lifetime) {
    Time begin = now();
    Time end = begin + lifetime;
    std::string id = cat("work-", TRY(posix::random_hex(12)));
    TRY(database.write([&](Transaction& t) -> Result<> {
        TRY(t.execute(
            "INSERT INTO leases (namespace, id, labels, expires_at, created_at) VALUES (?, ?, ?, ?, ?)",
            {name_space, id, to_text({{kExpireLabel, format_rfc3339(end)}, {kWorkLabel, ""}}), end, begin}));
        return {};
    }));
    return Hold(database, std::string(name_space), std::move(id));
}

Hold::Hold(Hold&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      namespace_(std::move(other.namespace_)),
      id_(std::move(other.id_)) {}

Hold::~Hold() {
    if (!database_) return;
    auto removed = database_->write([&](Transaction& t) -> Result<> {
        TRY(t.execute("DELETE FROM leases WHERE namespace = ? AND id = ?", {namespace_, id_}));
        return {};
    });
    // It expires by itself, only later.
    if (!removed) log::failure("drop a lease", removed.error(), log::Level::warning);
}

Result<std::int64_t> expire_left_holds(Database& database, std::chrono::seconds grace) {
    Time end = now() + grace;
    return database.write([&](Transaction& t) -> Result<std::int64_t> {
        return t.execute(
            "UPDATE leases SET expires_at = ?1, labels = json_set(labels, ?2, ?3)"
            " WHERE json_extract(labels, ?4) IS NOT NULL AND (expires_at IS NULL OR expires_at > ?1)",
            {end, cat("$.\"", kExpireLabel, "\""), format_rfc3339(end), cat("$.\"", kWorkLabel, "\"")});
    });
}

Result<> Hold::add(ResourceKind kind, std::string_view id) {
    return database_->write([&](Transaction& t) -> Result<> { return hold(t, namespace_, id_, kind, id); });
}

}  // namespace tare::store
