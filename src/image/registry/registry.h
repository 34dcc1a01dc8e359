#pragma once

// Pulling from registries (OCI distribution-spec): names to descriptors, descriptors to bytes.
//
//     Registry registry;
//     Repository repository = TRY(registry.open(reference, credentials));
//     Resolved found = TRY(repository.resolve(reference, stop));
//     std::string manifest = TRY(repository.fetch_document(found.descriptor, stop));
//     BlobReader blob = TRY(repository.open_blob(layer, offset, stop));
//     for (auto piece = TRY(blob.read()); !piece.empty(); piece = TRY(blob.read())) …
//
// What is answered is believed as far as its digest goes. Failures come in one line in Docker's words.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/credentials.h"
#include "image/registry/hosts.h"
#include "oci/descriptor.h"
#include "oci/reference.h"

namespace tare::registry {

struct RegistryOptions {
    HostsOptions hosts;
    /// Hosts that may see the credentials of registries of other domains ("auth.example.com").
    std::vector<std::string> trusted_realms;
    http::ClientLimits client;
    std::string user_agent = "tare";
    int attempts = 5;                                ///< of one request, the first counted
    std::chrono::milliseconds first_backoff{500};    ///< doubled each time, with jitter
    std::chrono::milliseconds longest_wait{60'000};  ///< of one Retry-After
};

/// What a name stands for at this moment.
struct Resolved {
    oci::Descriptor descriptor;
    std::string document;  ///< the manifest itself if it came along (fallback GET); else empty
};

/// The bytes of one blob from an offset on, in order. A dropped connection is taken up again where it
/// broke (Range), from another endpoint if need be. The size is checked here, the digest by whoever
/// writes the bytes. Used by one thread.
class BlobReader {
  public:
    BlobReader(BlobReader&&) noexcept;
    ~BlobReader();

    /// The next piece, valid until the next call; empty at the end. data_loss if the registry serves
    /// more or fewer bytes than the descriptor says.
    Result<std::string_view> read();
    /// Where the next piece belongs.
    std::uint64_t offset() const;
    /// Called before a broken connection is tried again (for "Retrying in 3 seconds").
    void on_retry(std::function<void(std::chrono::milliseconds)> callback);

    struct State;

  private:
    friend class Repository;
    explicit BlobReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// One repository of one registry, as one caller may see it. Thread-safe.
class Repository {
  public:
    Repository(Repository&&) noexcept;
    ~Repository();

    /// The manifest or index that the reference names now: HEAD, or GET where HEAD is not served. A
    /// reference with a digest is checked against it. not_found "manifest for X not found: manifest
    /// unknown: manifest unknown"; permission_denied "pull access denied for X, repository does not
    /// exist or may require 'docker login'".
    Result<Resolved> resolve(const oci::Reference& reference, const std::stop_token& cancel = {});
    /// All tags of the repository, in the registry's order. resource_exhausted beyond 10000; errors as of
    /// resolve().
    Result<std::vector<std::string>> list_tags(const std::stop_token& cancel = {});
    /// A manifest, index or configuration as a whole, checked against digest and size before it is
    /// returned.
    Result<std::string> fetch_document(const oci::Descriptor& descriptor, const std::stop_token& cancel = {});
    /// A blob as a stream.
    Result<BlobReader> open_blob(const oci::Descriptor& descriptor, std::uint64_t offset,
                                 const std::stop_token& cancel = {});

    struct State;

  private:
    friend class Registry;
    explicit Repository(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// All registries: connections, options and tokens. Thread-safe; outlives its repositories.
class Registry {
  public:
    explicit Registry(RegistryOptions options = {});
    ~Registry();

    Result<Repository> open(const oci::Reference& reference, const Credentials& credentials);
    /// What is opened from now on follows these hosts and realms; what is open goes on as it began.
    void set_hosts(HostsOptions hosts, std::vector<std::string> trusted_realms);

    http::Client& client();
    RegistryOptions options() const;

    struct State;
    std::shared_ptr<State> state() const;

  private:
    std::shared_ptr<http::Client> client_;
    mutable std::mutex mutex_;  ///< guards state_
    std::shared_ptr<State> state_;
};

}  // namespace tare::registry
