#pragma once

// The containers of the daemon: rows of the store's `containers` table with a cache in memory.
//
//     NameReservation name = TRY(containers.reserve_name("default", "web"));     // or "" for any
//     Container container{.space = "default", .id = TRY(generate_id()), .name = name.name(), …};
//     ContainerRef ref = TRY(containers.create(std::move(container), std::move(name)));
//     …
//     ContainerRef web = TRY(containers.find("default", "web"));                 // name, id or prefix
//     LifeCycleLock lock = TRY(containers.lock(web->key(), Deadline::after(10s)));
//     web = TRY(containers.update(web->key(), [&](Container& it) { it.state.status = Status::running; }));
//
// Values handed out are immutable snapshots: a reader never sees half a change. Thread-safe throughout.
// Errors carry Docker's texts.

#include <functional>
#include <memory>

#include "base/deadline.h"
#include "engine/container/container.h"

namespace tare::store {
class Database;
}

namespace tare::container {

using ContainerRef = std::shared_ptr<const Container>;

/// The right to use a name until it is destroyed or handed to create(). May outlive `Containers`.
class NameReservation {
  public:
    NameReservation() = default;
    NameReservation(NameReservation&& other) noexcept;
    NameReservation& operator=(NameReservation&& other) noexcept;
    ~NameReservation();
    /// The name, without a slash; empty if nothing is reserved.
    const std::string& name() const { return name_; }

  private:
    friend class Containers;
    struct Table;
    NameReservation(std::shared_ptr<Table> table, std::string space, std::string name);
    void release();

    std::shared_ptr<Table> table_;
    std::string space_;
    std::string name_;
};

/// Held by a verb that changes a container's life (start, stop, remove, …): one at a time per
/// container. Any thread may let go of it; it may outlive `Containers`.
class LifeCycleLock {
  public:
    LifeCycleLock() = default;
    LifeCycleLock(LifeCycleLock&&) noexcept = default;
    LifeCycleLock& operator=(LifeCycleLock&& other) noexcept;
    ~LifeCycleLock();
    explicit operator bool() const { return gate_ != nullptr; }

  private:
    friend class Containers;
    struct Gate;
    void release();
    std::shared_ptr<Gate> gate_;
};

/// What must happen to a change before update() returns.
enum class Keep {
    durable,   ///< committed to the store first; a crash never forgets it
    in_memory  ///< cheap and frequent facts (health results): written with the next durable change
};

class Containers {
  public:
    /// Loads every row. A row that cannot be read is logged, kept and left out.
    static Result<std::unique_ptr<Containers>> open(store::Database& database);
    ~Containers();

    /// Takes the name for a container to come; "" makes one up (names.h). invalid_argument for a name
    /// outside [a-zA-Z0-9][a-zA-Z0-9_.-]+, already_exists if a container or a reservation has it.
    Result<NameReservation> reserve_name(const std::string& space, const std::string& name);

    /// Stores the container, durably. already_exists for an id that is there.
    Result<ContainerRef> create(Container container, NameReservation name);

    /// By whole id, by name (a leading slash is passed over), by unambiguous id prefix, in this order.
    /// not_found "No such container: X"; invalid_argument for a prefix of several.
    Result<ContainerRef> find(const std::string& space, std::string_view reference) const;
    /// nullptr if there is none.
    ContainerRef get(const Key& key) const;
    /// All of a namespace, or of every one for ""; the newest first.
    std::vector<ContainerRef> list(const std::string& space) const;

    /// Changes a container: `change` edits a copy, which then takes the place of the old value. Changes of
    /// one container are applied one after another. Id, namespace and name stay (rename()). not_found if
    /// it was removed meanwhile; on any failure the old value stays.
    Result<ContainerRef> update(const Key& key, const std::function<void(Container&)>& change,
                                Keep keep = Keep::durable);

    /// Docker's rules and texts for `new_name` as in reserve_name.
    Result<ContainerRef> rename(const Key& key, const std::string& new_name);

    /// Forgets the container and frees its name; an absent one is success.
    Result<> remove(const Key& key);

    /// Waits for the container's life-cycle lock. deadline_exceeded leaves it with whoever has it;
    /// the container need not exist (any more): callers look again once they hold it.
    Result<LifeCycleLock> lock(const Key& key, Deadline deadline);

  private:
    struct State;
    explicit Containers(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Whether a container may be called so.
bool is_valid_name(std::string_view name);

}  // namespace tare::container
