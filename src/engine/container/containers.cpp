#include "engine/container/containers.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "base/log.h"
#include "engine/container/config_json.h"
#include "engine/container/names.h"
#include "store/database.h"

namespace tare::container {

namespace {

constexpr unsigned kNameAttempts = 20;

// "/web" and "web" are one name: Docker's inspect writes the slash, people don't.
std::string_view without_slash(std::string_view name) {
    return name.starts_with('/') ? name.substr(1) : name;
}

Error no_such(std::string_view reference) {
    return fail(ErrorKind::not_found, "No such container: ", reference);
}

// What changes in a container's life stands in a column of its own, so that a change of state does not
// write the configuration again.
std::string state_text(const Container& container) {
    return dump(*to_json(container).find("State"));
}

std::string document_text(const Container& container) {
    Json document = to_json(container);
    document.erase("State");
    return dump(document);
}

Result<Container> container_of_row(const std::string& document_text, const std::string& state_text) {
    Json document = TRY(parse_json(document_text, {.what = "container"}));
    document.set("State", TRY(parse_json(state_text, {.what = "container state"})));
    return parse_container(JsonView(document, "container"));
}

bool differs_in_state_only(Container old, const Container& changed) {
    old.state = changed.state;
    return old == changed;
}

}  // namespace

// ── names ────────────────────────────────────────────────────────────────────────────────────────

// Every name in use, of containers and of reservations (whose owner is empty).
struct NameReservation::Table {
    std::mutex mutex;
    std::map<std::pair<std::string, std::string>, std::string> owners;
};

NameReservation::NameReservation(std::shared_ptr<Table> table, std::string space, std::string name)
    : table_(std::move(table)), space_(std::move(space)), name_(std::move(name)) {}

NameReservation::NameReservation(NameReservation&& other) noexcept
    : table_(std::move(other.table_)), space_(std::move(other.space_)), name_(std::move(other.name_)) {}

NameReservation& NameReservation::operator=(NameReservation&& other) noexcept {
    if (this != &other) {
        release();
        table_ = std::move(other.table_);
        space_ = std::move(other.space_);
        name_ = std::move(other.name_);
    }
    return *this;
}

NameReservation::~NameReservation() {
    release();
}

void NameReservation::release() {
    if (!table_) return;
    std::lock_guard lock(table_->mutex);
    table_->owners.erase({space_, name_});
    table_.reset();
}

bool is_valid_name(std::string_view name) {
    auto is_alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return name.size() >= 2 && is_alphanumeric(name[0]) && std::ranges::all_of(name.substr(1), [&](char c) {
               return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
           });
}

// ── life-cycle locks ─────────────────────────────────────────────────────────────────────────────

// A mutex that any thread may open again and that knows deadlines.
struct LifeCycleLock::Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool is_closed = false;

    bool close(Deadline deadline) {
        std::unique_lock lock(mutex);
        auto is_open = [this] { return !is_closed; };
        if (deadline.is_never()) {
            opened.wait(lock, is_open);
        } else if (!opened.wait_until(lock, deadline.time_point(), is_open)) {
            return false;
        }
        is_closed = true;
        return true;
    }

    void open() {
        std::lock_guard lock(mutex);
        is_closed = false;
        opened.notify_one();
    }
};

LifeCycleLock& LifeCycleLock::operator=(LifeCycleLock&& other) noexcept {
    if (this != &other) {
        release();
        gate_ = std::move(other.gate_);
    }
    return *this;
}

LifeCycleLock::~LifeCycleLock() {
    release();
}

void LifeCycleLock::release() {
    if (gate_) gate_->open();
    gate_.reset();
}

// ── rows and cache ───────────────────────────────────────────────────────────────────────────────

struct Containers::State {
    explicit State(store::Database& database_in) : database(database_in) {}

    store::Database& database;
    std::shared_ptr<NameReservation::Table> names = std::make_shared<NameReservation::Table>();

    // Held over each change from reading the old value to publishing the new one; readers take only
    // `cache_mutex`, which is never held over a write to the store.
    std::mutex change_mutex;
    mutable std::shared_mutex cache_mutex;
    std::map<Key, ContainerRef> cache;

    // Changed in memory alone in more than the state: the next durable change writes all of it.
    std::set<Key> unwritten;

    std::mutex gates_mutex;
    std::map<Key, std::weak_ptr<LifeCycleLock::Gate>> gates;

    ContainerRef get(const Key& key) const {
        std::shared_lock lock(cache_mutex);
        auto entry = cache.find(key);
        return entry == cache.end() ? nullptr : entry->second;
    }
    void publish(const ContainerRef& container) {
        std::unique_lock lock(cache_mutex);
        cache[container->key()] = container;
    }
    Result<> load();
    Result<> insert(const Container& container);
    Result<> write_state(const Container& container);
    Result<> write_all(const Container& container);
    Error name_conflict(const std::string& space, const std::string& name) const;
};

Result<> Containers::State::load() {
    return database.read([&](store::Transaction& transaction) -> Result<> {
        auto rows = TRY(transaction.query("SELECT id, document, state FROM containers"));
        while (TRY(rows.next())) {
            auto container = container_of_row(rows.text(1), rows.text(2));
            if (!container) {
                log::failure(cat("container ", rows.text(0), " cannot be read and is left out"),
                             container.error());
                continue;
            }
            auto value = std::make_shared<const Container>(std::move(*container));
            names->owners[{value->space, value->name}] = value->id;
            cache[value->key()] = value;
        }
        return {};
    });
}

Result<> Containers::State::insert(const Container& container) {
    return database.write([&](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute(
            "INSERT INTO containers (namespace, id, name, image, image_digest, snapshotter, snapshot_key, "
            "labels, document, state, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {container.space, container.id, container.name, container.image_name,
             container.image_manifest_digest, container.snapshotter, container.snapshot_key,
             dump(to_json(container.config.labels)), document_text(container), state_text(container),
             container.created, now()}));
        return {};
    });
}

Result<> Containers::State::write_state(const Container& container) {
    return database.write([&](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute(
            "UPDATE containers SET state = ?, updated_at = ? WHERE namespace = ? AND id = ?",
            {state_text(container), now(), container.space, container.id}));
        return {};
    });
}

Result<> Containers::State::write_all(const Container& container) {
    return database.write([&](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute(
            "UPDATE containers SET name = ?, snapshotter = ?, snapshot_key = ?, document = ?, "
            "state = ?, updated_at = ? WHERE namespace = ? AND id = ?",
            {container.name, container.snapshotter, container.snapshot_key, document_text(container),
             state_text(container), now(), container.space, container.id}));
        return {};
    });
}

Error Containers::State::name_conflict(const std::string& space, const std::string& name) const {
    std::string owner = names->owners[{space, name}];
    return fail(ErrorKind::already_exists, "Conflict. The container name \"/", name,
                "\" is already in use by container \"", owner,
                "\". You have to remove (or rename) that container to be able to reuse that name.");
}

Containers::Containers(std::unique_ptr<State> state) : state_(std::move(state)) {}
Containers::~Containers() = default;

Result<std::unique_ptr<Containers>> Containers::open(store::Database& database) {
    auto state = std::make_unique<State>(database);
    TRY(state->load());
    return std::unique_ptr<Containers>(new Containers(std::move(state)));
}

Result<NameReservation> Containers::reserve_name(const std::string& space, const std::string& asked) {
    std::lock_guard lock(state_->names->mutex);
    auto take = [&](std::string name) -> std::optional<NameReservation> {
        if (!state_->names->owners.try_emplace({space, name}).second) return std::nullopt;
        return NameReservation(state_->names, space, std::move(name));
    };
    if (asked.empty()) {
        for (unsigned attempt = 0; attempt < kNameAttempts; ++attempt)
            if (auto reservation = take(make_name(attempt))) return std::move(*reservation);
        return fail(ErrorKind::resource_exhausted, "no free container name was found");
    }
    const std::string name(without_slash(asked));
    if (!is_valid_name(name))
        return fail(ErrorKind::invalid_argument, "Invalid container name (", asked,
                    "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    if (auto reservation = take(name)) return std::move(*reservation);
    return state_->name_conflict(space, name);
}

Result<ContainerRef> Containers::create(Container container, NameReservation name) {
    if (name.name().empty() || name.space_ != container.space)
        return fail(ErrorKind::internal, "container ", container.id, ": no name is reserved for it");
    std::lock_guard change(state_->change_mutex);
    container.name = name.name();
    if (state_->get(container.key()))
        return fail(ErrorKind::already_exists, "container ", quote(container.id), " exists already");
    TRY_CONTEXT(state_->insert(container), cat("store container ", container.id));
    auto value = std::make_shared<const Container>(std::move(container));
    {
        std::lock_guard lock(state_->names->mutex);
        state_->names->owners[{value->space, value->name}] = value->id;
    }
    name.table_.reset();  // the container's from here on
    state_->publish(value);
    return ContainerRef(value);
}

Result<ContainerRef> Containers::find(const std::string& space, std::string_view reference) const {
    if (ContainerRef exact = state_->get({space, std::string(reference)})) return exact;
    const std::string_view name = without_slash(reference);
    ContainerRef by_prefix;
    bool is_ambiguous = false;
    std::shared_lock lock(state_->cache_mutex);
    for (const auto& [key, container] : state_->cache) {
        if (key.space != space) continue;
        if (container->name == name) return container;
        if (reference.empty() || !key.id.starts_with(reference)) continue;
        is_ambiguous = by_prefix != nullptr;
        by_prefix = container;
    }
    if (is_ambiguous)
        return fail(ErrorKind::invalid_argument, "multiple IDs found with provided prefix: ", reference);
    if (!by_prefix) return no_such(reference);
    return by_prefix;
}

ContainerRef Containers::get(const Key& key) const {
    return state_->get(key);
}

std::vector<ContainerRef> Containers::list(const std::string& space) const {
    std::vector<ContainerRef> all;
    {
        std::shared_lock lock(state_->cache_mutex);
        for (const auto& [key, container] : state_->cache)
            if (space.empty() || key.space == space) all.push_back(container);
    }
    std::ranges::stable_sort(all, std::greater(), [](const ContainerRef& it) { return it->created; });
    return all;
}

Result<ContainerRef> Containers::update(const Key& key, const std::function<void(Container&)>& change,
                                        Keep keep) {
    std::lock_guard lock(state_->change_mutex);
    ContainerRef old = state_->get(key);
    if (!old) return no_such(key.id);
    auto changed = std::make_shared<Container>(*old);
    change(*changed);
    changed->space = old->space;
    changed->id = old->id;
    changed->name = old->name;
    const bool is_state_only = differs_in_state_only(*old, *changed);
    if (keep == Keep::in_memory) {
        if (!is_state_only) state_->unwritten.insert(key);
    } else {
        auto written = is_state_only && !state_->unwritten.contains(key) ? state_->write_state(*changed)
                                                                         : state_->write_all(*changed);
        TRY_CONTEXT(std::move(written), cat("store container ", key.id));
        state_->unwritten.erase(key);
    }
    state_->publish(changed);
    return ContainerRef(changed);
}

Result<ContainerRef> Containers::rename(const Key& key, const std::string& new_name) {
    if (new_name.empty()) return fail(ErrorKind::invalid_argument, "Neither old nor new names may be empty");
    std::lock_guard lock(state_->change_mutex);
    ContainerRef old = state_->get(key);
    if (!old) return no_such(key.id);
    if (without_slash(new_name) == old->name)
        return fail(ErrorKind::invalid_argument,
                    "Renaming a container with the same name as its current name");
    NameReservation name = TRY(reserve_name(key.space, new_name));
    auto renamed = std::make_shared<Container>(*old);
    renamed->name = name.name();
    TRY_CONTEXT(state_->write_all(*renamed), cat("rename container ", key.id));
    state_->unwritten.erase(key);
    {
        std::lock_guard names(state_->names->mutex);
        state_->names->owners[{key.space, renamed->name}] = key.id;
        state_->names->owners.erase({key.space, old->name});
    }
    name.table_.reset();
    state_->publish(renamed);
    return ContainerRef(renamed);
}

Result<> Containers::remove(const Key& key) {
    std::lock_guard lock(state_->change_mutex);
    ContainerRef old = state_->get(key);
    if (!old) return {};
    auto removed = state_->database.write([&](store::Transaction& transaction) -> Result<> {
        TRY(transaction.execute("DELETE FROM containers WHERE namespace = ? AND id = ?",
                                {key.space, key.id}));
        return {};
    });
    TRY_CONTEXT(std::move(removed), cat("remove container ", key.id));
    state_->unwritten.erase(key);
    {
        std::unique_lock cache(state_->cache_mutex);
        state_->cache.erase(key);
    }
    std::lock_guard names(state_->names->mutex);
    state_->names->owners.erase({key.space, old->name});
    return {};
}

Result<LifeCycleLock> Containers::lock(const Key& key, Deadline deadline) {
    std::shared_ptr<LifeCycleLock::Gate> gate;
    {
        std::lock_guard lock(state_->gates_mutex);
        std::erase_if(state_->gates, [](const auto& entry) { return entry.second.expired(); });
        std::weak_ptr<LifeCycleLock::Gate>& slot = state_->gates[key];
        gate = slot.lock();
        if (!gate) slot = gate = std::make_shared<LifeCycleLock::Gate>();
    }
    if (!gate->close(deadline))
        return fail(ErrorKind::deadline_exceeded, "container ", key.id,
                    " is busy: another operation on it has not ended");
    LifeCycleLock lock;
    lock.gate_ = std::move(gate);
    return lock;
}

}  // namespace tare::container
