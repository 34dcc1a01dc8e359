#include "image/registry/registry.h"

#include "base/sha256.h"
#include "image/registry/request.h"
#include "oci/image_config.h"
#include "oci/manifest.h"

namespace tare::registry {

namespace {

/// One header each, as some registries read only the first value of a list.
std::vector<std::pair<std::string, std::string>> accept_headers() {
    std::vector<std::pair<std::string, std::string>> headers;
    for (auto type : {oci::media_type::docker_manifest, oci::media_type::docker_list,
                      oci::media_type::oci_manifest, oci::media_type::oci_index})
        headers.emplace_back("Accept", type);
    headers.emplace_back("Accept", "*/*;q=0.1");
    return headers;
}

std::string served_type(const http::ClientHead& head) {
    return std::string(trim(cut(head.header("content-type"), ';').before));
}

bool is_document_type(std::string_view type) {
    return oci::is_manifest(type) || oci::is_index(type);
}

Error wrong_digest(std::string_view what, const Digest& wanted, const Digest& got) {
    return fail(ErrorKind::data_loss, what, " failed verification for digest ", wanted.text(), ": got ",
                got.text());
}

/// What a HEAD tells, if it tells all: type, digest and size.
std::optional<oci::Descriptor> descriptor_of(const http::ClientHead& head, const Digest& wanted) {
    oci::Descriptor descriptor{.media_type = served_type(head)};
    auto digest = Digest::parse(head.header("docker-content-digest"));
    auto size = parse_integer<std::uint64_t>(head.header("content-length"));
    if (!is_document_type(descriptor.media_type) || !digest || !size || *size == 0) return std::nullopt;
    if (!wanted.empty() && *digest != wanted) return std::nullopt;
    descriptor.digest = *digest;
    descriptor.size_bytes = *size;
    return descriptor;
}

/// The descriptor of a document that came as a whole. Its digest is computed, and what the registry said
/// of it must agree.
Result<Resolved> resolved_of(const http::ClientHead& head, std::string document, const Digest& wanted) {
    auto said = Digest::parse(head.header("docker-content-digest"));
    Digest expected = !wanted.empty() ? wanted : said ? *said : Digest();
    Hasher hasher = expected.empty() ? Hasher() : Hasher::for_digest(expected);
    hasher.update(document);
    Digest digest = hasher.digest();
    if (!expected.empty() && digest != expected) return wrong_digest("manifest", expected, digest);
    std::string served = served_type(head);
    if (served.find("manifest.v1+") != std::string::npos && served.find("docker") != std::string::npos)
        return fail(ErrorKind::invalid_argument, "manifest is of Docker's schema 1, which is no longer read")
            .set_hint("push the image again with a current tool");
    std::string type = TRY(oci::media_type_of(document, is_document_type(served) ? served : ""));
    oci::Descriptor descriptor{.media_type = type, .digest = digest, .size_bytes = document.size()};
    return Resolved{.descriptor = std::move(descriptor), .document = std::move(document)};
}

Result<> check_document(const std::string& document, const oci::Descriptor& descriptor) {
    if (document.size() != descriptor.size_bytes)
        return fail(ErrorKind::data_loss, "content ", descriptor.digest.text(), " has ", document.size(),
                    " bytes, not ", descriptor.size_bytes);
    Hasher hasher = Hasher::for_digest(descriptor.digest);
    hasher.update(document);
    if (auto digest = hasher.digest(); digest != descriptor.digest)
        return wrong_digest("content", descriptor.digest, digest);
    return {};
}

}  // namespace

Repository::Repository(std::shared_ptr<State> state) : state_(std::move(state)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository::~Repository() = default;

Registry::Registry(RegistryOptions options)
    : client_(std::make_shared<http::Client>(options.client, options.user_agent)),
      state_(std::make_shared<State>(std::move(options), client_)) {}
Registry::~Registry() = default;

http::Client& Registry::client() {
    return *client_;
}

RegistryOptions Registry::options() const {
    return state()->options;
}

std::shared_ptr<Registry::State> Registry::state() const {
    std::lock_guard lock(mutex_);
    return state_;
}

void Registry::set_hosts(HostsOptions hosts, std::vector<std::string> trusted_realms) {
    RegistryOptions options = this->options();
    options.hosts = std::move(hosts);
    options.trusted_realms = std::move(trusted_realms);
    // With tokens of its own: those of the old options were fetched from realms that may be trusted no more.
    auto next = std::make_shared<State>(std::move(options), client_);
    std::lock_guard lock(mutex_);
    state_ = std::move(next);
}

Result<Repository> Registry::open(const oci::Reference& reference, const Credentials& credentials) {
    auto repository = std::make_shared<Repository::State>();
    repository->registry = state();
    repository->reference = reference;
    repository->credentials = credentials;
    repository->endpoints = TRY(endpoints_for(reference.host(), repository->registry->options.hosts));
    repository->unreachable.resize(repository->endpoints.size());
    return Repository(std::move(repository));
}

Result<Resolved> Repository::resolve(const oci::Reference& reference, const std::stop_token& cancel) {
    auto& wanted = reference.digest();
    bool by_digest = !wanted.empty();
    Question question{.method = "HEAD",
                      .path = cat("/manifests/", by_digest ? wanted.text() : reference.tag()),
                      .headers = accept_headers(),
                      .about = by_digest ? Question::About::content : Question::About::name};
    std::optional<Resolved> found;
    auto asked = ask(*state_, question, cancel, [&](Answered& answered) -> Result<> {
        if (auto descriptor = descriptor_of(answered.exchange.head(), wanted))
            found = Resolved{.descriptor = std::move(*descriptor), .document = {}};
        return {};
    });
    if (found) return std::move(*found);
    // A refusal of HEAD has no body to say why, and some registries do not serve it at all.
    bool is_refused =
        !asked && (asked.error().is(ErrorKind::not_found) || asked.error().is(ErrorKind::unknown) ||
                   asked.error().is(ErrorKind::permission_denied));
    if (!asked && !is_refused) return asked.error();
    question.method = "GET";
    TRY(ask(*state_, question, cancel, [&](Answered& answered) -> Result<> {
        auto document = TRY(answered.exchange.read_all(oci::kManifestLimitBytes));
        found = TRY(resolved_of(answered.exchange.head(), std::move(document), wanted));
        return {};
    }));
    return std::move(*found);
}

Result<std::string> Repository::fetch_document(const oci::Descriptor& descriptor,
                                               const std::stop_token& cancel) {
    if (descriptor.size_bytes > oci::kImageConfigLimitBytes)
        return fail(ErrorKind::resource_exhausted, descriptor.media_type, " ", descriptor.digest.text(),
                    " is larger than ", oci::kImageConfigLimitBytes, " bytes");
    bool is_manifest = is_document_type(descriptor.media_type);
    Question question{.path = cat(is_manifest ? "/manifests/" : "/blobs/", descriptor.digest.text()),
                      .redirect_limit = is_manifest ? 5 : 10};
    if (is_manifest) question.headers = {{"Accept", descriptor.media_type}, {"Accept", "*/*;q=0.1"}};
    std::string document;
    TRY(ask(*state_, question, cancel, [&](Answered& answered) -> Result<> {
        document = TRY(answered.exchange.read_all(descriptor.size_bytes));
        TRY(check_document(document, descriptor));
        std::string served = served_type(answered.exchange.head());
        if (is_manifest && is_document_type(served) && served != descriptor.media_type)
            return fail(ErrorKind::data_loss, "manifest ", descriptor.digest.text(), " was served as ",
                        served, " but is ", descriptor.media_type);
        return {};
    }));
    return document;
}

}  // namespace tare::registry
